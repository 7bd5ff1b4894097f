import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

/** A link to a page of the console, within a text. */
export function PageLink({
  to,
  children,
}: {
  readonly to: string
  readonly children: ReactNode
}): ReactNode {
  return (
    <Anchor component={Link} href={to} underline="always">
      {children}
    </Anchor>
  )
}

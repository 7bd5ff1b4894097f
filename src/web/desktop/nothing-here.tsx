import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { PageHead } from '../ui/page-head.tsx'
import { words } from './words.ts'

export interface NothingHereProps {
  readonly title: string
  readonly children: ReactNode
}

/** What an address leads to that leads nowhere. */
export function NothingHere({ title, children }: NothingHereProps): ReactNode {
  return (
    <PageHead
      title={title}
      lead={
        <>
          {children} <Link href="/">{words.nothingHere.back}</Link>
        </>
      }
    />
  )
}

import { Anchor, Button, VisuallyHidden, type ButtonProps } from '@mantine/core'
import { createContext, useContext, type MouseEventHandler, type ReactNode } from 'react'
import { Link } from 'wouter'

/**
 * Whether the row is the one that the keyboard is in. The controls of the others are left out of the order
 * of Tab, which would lead through all of ten thousand rows otherwise.
 */
export const RowContext = createContext(true)

/** For controls of other kinds in a row. */
export function useRowTabIndex(): 0 | -1 {
  return useContext(RowContext) ? 0 : -1
}

export interface RowButtonProps extends Pick<ButtonProps, 'variant' | 'color' | 'loading'> {
  readonly children: ReactNode
  /** Said after its words, to tell it from those of other rows: `the tunnel of Ada to db`. */
  readonly of: string
  readonly onClick: MouseEventHandler<HTMLButtonElement>
}

/** A button in a row. */
export function RowButton({ children, of, ...more }: RowButtonProps): ReactNode {
  return (
    <Button variant="default" size="compact-sm" tabIndex={useRowTabIndex()} {...more}>
      {children}
      <VisuallyHidden>&nbsp;{of}</VisuallyHidden>
    </Button>
  )
}

/** A link of a row, to another view of the page. */
export function RowLink({
  to,
  children,
}: {
  readonly to: string
  readonly children: ReactNode
}): ReactNode {
  return (
    <Anchor component={Link} href={to} tabIndex={useRowTabIndex()} underline="always" inherit>
      {children}
    </Anchor>
  )
}

import { Button, Loader, type ButtonProps } from '@mantine/core'
import type { MouseEventHandler, ReactNode } from 'react'

export interface BusyButtonProps extends Omit<ButtonProps, 'loading' | 'leftSection'> {
  /** Whether what it does is under way: it does nothing more until that is done. */
  readonly isBusy: boolean
  readonly type?: 'submit' | 'button'
  readonly 'data-autofocus'?: boolean
  readonly onClick?: () => void
  readonly children: ReactNode
}

/**
 * A button that keeps the keyboard while it works. One that is disabled meanwhile, as Mantine's `loading` does it, leaves the
 * keyboard nowhere, and in a dialog Tab leads out of it then.
 */
export function BusyButton({
  isBusy,
  type = 'button',
  onClick,
  ...more
}: BusyButtonProps): ReactNode {
  const press: MouseEventHandler = (event) => {
    if (isBusy) event.preventDefault()
    else onClick?.()
  }
  return (
    <Button
      {...more}
      type={type}
      aria-disabled={isBusy}
      data-busy={isBusy || undefined}
      onClick={press}
      leftSection={isBusy && <Loader size={14} color="currentColor" aria-hidden />}
    />
  )
}

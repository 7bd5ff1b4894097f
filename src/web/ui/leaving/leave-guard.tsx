import type { ReactNode } from 'react'
import { Router, type AroundNavHandler } from 'wouter'
import { useConfirm } from '../confirm.tsx'
import { hasUnkept, hasUnsaved } from './unsaved.ts'

export interface LeaveGuardProps {
  /** What becomes of what is unsaved, where this tab keeps it. */
  readonly kept: string
  /** The same where some of it would be lost. */
  readonly lost: string
  readonly children: ReactNode
}

/**
 * Asks before a link leads away from what is not saved. The browser's own Back and Forward lead away within the
 * page without a question, and back to it.
 */
export function LeaveGuard({ kept, lost, children }: LeaveGuardProps): ReactNode {
  const confirm = useConfirm()
  const aroundNav: AroundNavHandler = (navigate, to, options) => {
    if (!hasUnsaved()) {
      navigate(to, options)
      return
    }
    void confirm({
      title: 'Leave without saving?',
      body: hasUnkept() ? lost : kept,
      action: 'Leave',
    }).then((answer) => {
      if (answer !== undefined) navigate(to, options)
    })
  }
  return <Router aroundNav={aroundNav}>{children}</Router>
}

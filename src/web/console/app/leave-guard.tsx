import type { ReactNode } from 'react'
import { Router, type AroundNavHandler } from 'wouter'
import { useConfirm } from '../../ui/confirm.tsx'
import { hasUnkept, hasUnsaved } from '../documents/leave-guard.ts'

/**
 * Asks before a link leads away from what is not saved. The browser's own Back and Forward lead away within the
 * console without a question, and back to it.
 */
export function LeaveGuard({ children }: { readonly children: ReactNode }): ReactNode {
  const confirm = useConfirm()
  const aroundNav: AroundNavHandler = (navigate, to, options) => {
    if (!hasUnsaved()) {
      navigate(to, options)
      return
    }
    void confirm({
      title: 'Leave without saving?',
      body: hasUnkept()
        ? 'What cannot be read as YAML is lost then. What you changed before stays in this tab.'
        : 'What you have changed stays in this tab: come back here to go on with it.',
      action: 'Leave',
    }).then((answer) => {
      if (answer !== undefined) navigate(to, options)
    })
  }
  return <Router aroundNav={aroundNav}>{children}</Router>
}

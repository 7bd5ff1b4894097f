import type { ReactNode } from 'react'
import { policyKind } from '../documents/document-kind.ts'
import { HistoryPage } from '../documents/history-page.tsx'

/** Every change of one policy. */
export default function PolicyHistoryView(): ReactNode {
  return <HistoryPage kind={policyKind} />
}

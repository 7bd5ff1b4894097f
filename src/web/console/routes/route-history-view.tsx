import type { ReactNode } from 'react'
import { routeKind } from '../documents/document-kind.ts'
import { HistoryPage } from '../documents/history-page.tsx'

/** Every change of one route. */
export default function RouteHistoryView(): ReactNode {
  return <HistoryPage kind={routeKind} />
}

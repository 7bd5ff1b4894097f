import type { ReactNode } from 'react'
import { QueryView } from '../../ui/query-view.tsx'
import { draftKeyOf, type DocumentKind } from './document-kind.ts'
import { Gone } from './gone.tsx'
import { isDrafted } from './kept-drafts.ts'
import { useHasUnsaved } from '../../ui/leaving/unsaved.ts'
import { useDocument } from './use-document.ts'

export interface DocumentPageProps<T> {
  readonly kind: DocumentKind
  readonly id: string
  /** `isGone` where it has been deleted since, and what was changed here is not saved. */
  readonly children: (answer: T, isGone: boolean) => ReactNode
}

/** The page of one route or policy. One that somebody deletes stays while there is something unsaved of it. */
export function DocumentPage<T>({ kind, id, children }: DocumentPageProps<T>): ReactNode {
  const { data, error, isError, dataUpdatedAt, refetch } = useDocument<T>(kind, id)
  const hasUnsaved = useHasUnsaved() || isDrafted(draftKeyOf(kind, id))
  const isGone = error?.status === 404
  if (isGone && (data === undefined || !hasUnsaved)) return <Gone kind={kind} id={id} />
  const query = { data, error, isError: isError && !isGone, dataUpdatedAt, refetch }
  return (
    <QueryView what={`the ${kind.one}`} query={query}>
      {(answer) => children(answer, isGone)}
    </QueryView>
  )
}

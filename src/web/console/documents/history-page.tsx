import type { ReactNode } from 'react'
import { useParams } from 'wouter'
import type { Body } from './body.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Failed, Loading } from '../../ui/states.tsx'
import { pathOf, type DocumentKind } from './document-kind.ts'
import { useMayChangeRow } from './may-change.ts'
import { History } from './history.tsx'
import type { DocumentRow } from './row-cells.tsx'
import { useDocument } from './use-document.ts'
import { PageLink } from './page-link.tsx'

/** The history of one, also of one that is deleted. */
export function HistoryPage({ kind }: { readonly kind: DocumentKind }): ReactNode {
  const { id } = useParams<{ id: string }>()
  const mayChange = useMayChangeRow()
  const { data, error, refetch } = useDocument<DocumentRow & { readonly definition: Body }>(
    kind,
    id,
  )
  const isGone = error?.status === 404
  const row = isGone ? undefined : data
  if (row === undefined && !isGone) {
    return error === null ? (
      <Loading what="the history" />
    ) : (
      <Failed what="the history" fault={error} retry={() => void refetch()} />
    )
  }
  return (
    <>
      <PageHead
        title={`History of ${id}`}
        lead={
          row === undefined ? (
            `This ${kind.one} is deleted: return to a form of it, and it is there again.`
          ) : (
            <PageLink to={pathOf(kind, id)}>The {kind.one} as it is now</PageLink>
          )
        }
      />
      <History
        kind={kind}
        id={id}
        revision={row?.revision ?? null}
        mayChange={row === undefined ? mayChange(gone) : mayChange(row)}
      />
    </>
  )
}

/** Of what is gone nobody knows the namespace: the gateway decides. */
const gone = { source: { kind: 'store' }, namespace: null } as const

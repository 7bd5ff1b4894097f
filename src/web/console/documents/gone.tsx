import type { ReactNode } from 'react'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { pathOf, type DocumentKind } from './document-kind.ts'
import { PageLink } from './page-link.tsx'

export interface GoneProps {
  readonly kind: DocumentKind
  readonly id: string
}

/** One that is not there, or not any more: its history may be, and leads back. */
export function Gone({ kind, id }: GoneProps): ReactNode {
  return (
    <>
      <PageHead title={id} lead={<PageLink to={kind.path}>All {kind.many}</PageLink>} />
      <Empty title={`There is no ${kind.one} of this name.`}>
        It may have been deleted.{' '}
        <PageLink to={`${pathOf(kind, id)}/history`}>Its history</PageLink> has every form that it
        had, and the way back to it.
      </Empty>
    </>
  )
}

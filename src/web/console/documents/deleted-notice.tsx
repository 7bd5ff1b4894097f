import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { pathOf, type DocumentKind } from './document-kind.ts'
import { PageLink } from './page-link.tsx'

export interface DeletedNoticeProps {
  readonly kind: DocumentKind
  readonly id: string
}

/** Somebody deleted what somebody else is changing: nothing of that is lost. */
export function DeletedNotice({ kind, id }: DeletedNoticeProps): ReactNode {
  return (
    <Paper className="card notice" p="md" role="alert">
      <Text fw={600}>Somebody has deleted this {kind.one} meanwhile.</Text>
      <Text>
        What you have changed is still here: add the {kind.one} again with it, or discard it.{' '}
        <PageLink to={`${pathOf(kind, id)}/history`}>Its history</PageLink> says who deleted it.
      </Text>
    </Paper>
  )
}

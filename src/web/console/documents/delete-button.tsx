import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { BulkAnswer } from '../../../console/wire/documents.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { notifyDone } from '../../ui/notify.ts'
import { draftKeyOf, type DocumentKind } from './document-kind.ts'
import { keepDraft } from './kept-drafts.ts'
import { forgetUnsaved } from '../../ui/leaving/unsaved.ts'
import { ReachDialog } from './reach-dialog.tsx'
import { useRefetchDocuments } from './use-document.ts'

export interface DeleteButtonProps {
  readonly kind: DocumentKind
  readonly id: string
  readonly revision: number
  readonly onDeleted: () => void
}

/** Deletes one, after it was shown whom that reaches; its history stays. */
export function DeleteButton({ kind, id, revision, onDeleted }: DeleteButtonProps): ReactNode {
  const [isAsked, setAsked] = useState(false)
  const refetch = useRefetchDocuments()
  const mutation = useMutation<BulkAnswer, ApiFault, string>({
    mutationFn: (note) =>
      post(`${kind.path}/bulk`, {
        action: 'delete',
        documents: [{ id, revision }],
        ...(note !== '' && { note }),
      }),
    onSuccess: async () => {
      forgetUnsaved()
      keepDraft(draftKeyOf(kind, id), undefined)
      notifyDone(`the ${kind.one} is deleted`)
      onDeleted()
      await refetch()
    },
    onError: async ({ code }) => {
      if (code === 'conflict') await refetch()
    },
  })
  return (
    <>
      <Button
        variant="default"
        onClick={() => {
          mutation.reset()
          setAsked(true)
        }}
      >
        Delete …
      </Button>
      <ReachDialog
        title={`Delete this ${kind.one}?`}
        action="Delete"
        changes={isAsked ? [{ kind: kind.kind, id, definition: null }] : undefined}
        isBusy={mutation.isPending}
        fault={mutation.error}
        onConfirm={mutation.mutate}
        onClose={() => setAsked(false)}
      />
    </>
  )
}

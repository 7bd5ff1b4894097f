import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { ProposedChange } from '../../../console/wire/reach.ts'
import { post, put, type ApiFault } from '../../ui/api.ts'
import { pathOf, type DocumentKind } from './document-kind.ts'
import type { KeptForm } from './kept-form.ts'
import { useRefetchDocuments, useShowSaved } from './use-document.ts'

export interface Save {
  /** What is to be asked about before it is saved; undefined while nobody saves. */
  readonly changes: readonly ProposedChange[] | undefined
  readonly ask: () => void
  readonly cancel: () => void
  readonly confirm: (note: string) => void
  readonly isBusy: boolean
  readonly fault: ApiFault | null
}

export interface SaveOptions<T> {
  readonly kind: DocumentKind
  /** Undefined for a new one. */
  readonly id: string | undefined
  readonly form: KeptForm
  readonly revision: number | null
  readonly onSaved: (answer: T) => void
}

/** Saving in two steps: whom it reaches is shown first. */
export function useSave<T extends { readonly id: string }>({
  kind,
  id,
  form,
  revision,
  onSaved,
}: SaveOptions<T>): Save {
  const [changes, setChanges] = useState<readonly ProposedChange[]>()
  const refetch = useRefetchDocuments()
  const showSaved = useShowSaved()
  const { definition, disabled, tags } = form
  const mutation = useMutation<T, ApiFault, string>({
    mutationFn: (note) => {
      const body = { definition, disabled, tags, ...(note !== '' && { note }) }
      return id === undefined
        ? post<T>(kind.path, body)
        : put<T>(pathOf(kind, id), { ...body, revision })
    },
    onSuccess: async (answer) => {
      setChanges(undefined)
      showSaved(kind, answer)
      onSaved(answer)
      await refetch()
    },
    onError: async (fault) => {
      const isGone = fault.status === 404 && id !== undefined
      if (!isGone && fault.status !== 409) return
      // What is saved now shows beside what is not; one that is gone can be added again.
      if (isGone || fault.code === 'conflict') setChanges(undefined)
      await refetch()
    },
  })
  const change = { kind: kind.kind, definition, disabled, ...(id !== undefined && { id }) }
  return {
    changes,
    ask: () => {
      mutation.reset()
      setChanges([change as ProposedChange])
    },
    cancel: () => setChanges(undefined),
    confirm: mutation.mutate,
    isBusy: mutation.isPending,
    fault: mutation.error,
  }
}

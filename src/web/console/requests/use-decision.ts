import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { AccessRequestView } from '../../../console/wire/requests.ts'
import { post, type ApiFault } from '../../ui/api.ts'
import { notifyDone, notifyFailed } from '../../ui/notify.ts'

type Word = 'approve' | 'deny' | 'end'

interface Words {
  readonly for_seconds?: number
  readonly note?: string
}

export interface Decide {
  readonly decide: (word: Word, words: Words) => void
  readonly isBusy: boolean
}

const done: Readonly<Record<Word, string>> = {
  approve: 'access is given',
  deny: 'the request is denied',
  end: 'it is ended',
}

/** Answers a request, or ends what it gave. */
export function useDecision({ id }: AccessRequestView): Decide {
  const client = useQueryClient()
  const mutation = useMutation<unknown, ApiFault, { readonly word: Word; readonly words: Words }>({
    mutationFn: ({ word, words }) => post(`/requests/${encodeURIComponent(id)}/${word}`, words),
    onSuccess: (_answer, { word }) => notifyDone(done[word]),
    onError: (fault) => notifyFailed('it stays as it was', fault),
    // Also where it failed: somebody else may have answered it.
    onSettled: () => client.invalidateQueries({ queryKey: ['requests'] }),
  })
  return { decide: (word, words) => mutation.mutate({ word, words }), isBusy: mutation.isPending }
}

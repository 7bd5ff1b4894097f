import { useMutation, useQueryClient } from '@tanstack/react-query'
import { post, type ApiFault } from '../ui/api.ts'
import { useAnnounce } from '../ui/announce.tsx'

/** Something that is done about access for a while. */
export interface AccessCall {
  /** Of the API. */
  readonly path: string
  readonly body: object
  /** What it has done, for people who do not see the page. */
  readonly done: string
}

export interface AccessCalls {
  readonly call: (what: AccessCall) => void
  /** Until the page shows what came of it. */
  readonly isBusy: boolean
  readonly fault: ApiFault | null
}

/** Makes such calls, one at a time. */
export function useAccessCall(): AccessCalls {
  const client = useQueryClient()
  const announce = useAnnounce()
  const { mutate, isPending, error } = useMutation<unknown, ApiFault, AccessCall>({
    mutationFn: ({ path, body }) => post(path, body),
    onSuccess: (_answer, { done }) => announce(done),
    // Also where it failed: somebody else may have been there before.
    onSettled: () =>
      Promise.all(
        ['portal', 'own-requests'].map((kind) => client.invalidateQueries({ queryKey: [kind] })),
      ),
  })
  return {
    call: (what) => {
      if (!isPending) mutate(what)
    },
    isBusy: isPending,
    fault: error,
  }
}

import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useCallback } from 'react'
import { get, type ApiFault } from '../../ui/api.ts'
import { pathOf, type DocumentKind } from './document-kind.ts'

/** A route or a policy with its definition, as the API answers it. */
export function useDocument<T>(kind: DocumentKind, id: string): UseQueryResult<T, ApiFault> {
  return useQuery<T, ApiFault>({
    queryKey: [kind.many, 'one', id],
    queryFn: ({ signal }) => get<T>(pathOf(kind, id), { signal }),
  })
}

/** Shows what was saved at once, as the API has answered it. */
export function useShowSaved(): (kind: DocumentKind, answer: { readonly id: string }) => void {
  const client = useQueryClient()
  return useCallback(
    ({ many }, answer) => void client.setQueryData([many, 'one', answer.id], answer),
    [client],
  )
}

/** Has everything that was asked for of routes and policies asked for again: each names the other. */
export function useRefetchDocuments(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(async () => {
    await Promise.all(
      ['routes', 'policies'].map((kind) => client.invalidateQueries({ queryKey: [kind] })),
    )
  }, [client])
}

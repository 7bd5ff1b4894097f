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

/** Has everything that was asked for of routes and policies asked for again: each names the other. */
export function useRefetchDocuments(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(async () => {
    await Promise.all(
      ['routes', 'policies'].map((kind) => client.invalidateQueries({ queryKey: [kind] })),
    )
  }, [client])
}

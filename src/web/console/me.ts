import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { createContext, useCallback, useContext } from 'react'
import type { Me } from '../../console/wire/me.ts'
import { type ApiFault, get } from '../ui/api.ts'

/** Sessions end, and roles are taken away. */
const refetchEveryMs = 60_000
const whileSilentMs = 5_000

/** Asks who is signed in, again each minute, and more often while nobody answers. */
export function useMeQuery(): UseQueryResult<Me, ApiFault> {
  return useQuery<Me, ApiFault>({
    queryKey: ['me'],
    queryFn: ({ signal }) => get<Me>('/me', { signal }),
    refetchInterval: ({ state }) => (state.error?.status === 0 ? whileSilentMs : refetchEveryMs),
    refetchOnWindowFocus: 'always',
  })
}

export const MeContext = createContext<Me | undefined>(undefined)

/** Who looks at this view. */
export function useMe(): Me {
  const me = useContext(MeContext)
  if (me === undefined) throw new Error('this is shown outside of the console')
  return me
}

/** Whether whoever looks sees what belongs to no namespace. */
export function seesAll({ role, namespaces }: Me): boolean {
  return role === 'auditor' || (role === 'admin' && namespaces === null)
}

/**
 * Whether whoever looks may change what is in a namespace; without one, what is in none. What would be refused
 * has no button.
 */
export function useMayChange(): (namespace?: string | null) => boolean {
  const { role, namespaces } = useMe()
  return useCallback(
    (namespace) =>
      (role === 'admin' && namespaces === null) ||
      (typeof namespace === 'string' && namespaces?.includes(namespace) === true),
    [role, namespaces],
  )
}

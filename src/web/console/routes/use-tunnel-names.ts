import { useQuery } from '@tanstack/react-query'
import { get, type ApiFault } from '../../ui/api.ts'

interface NamedTunnels {
  readonly items: readonly { readonly name: string }[]
}

/** Names of the tunnels that connectors serve, for a field to offer; none where they cannot be asked for. */
export function useTunnelNames(): readonly string[] {
  const { data } = useQuery<NamedTunnels, ApiFault>({
    queryKey: ['connectors', 'named-tunnels'],
    queryFn: ({ signal }) => get<NamedTunnels>('/named-tunnels', { signal, query: { limit: 500 } }),
    retry: false,
  })
  return data?.items.map(({ name }) => name) ?? []
}

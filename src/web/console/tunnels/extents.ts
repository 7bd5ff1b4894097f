import { ownerOf, type Tunnel } from './tunnel.ts'

/** Which tunnels are to end: one, all of its session, of whose it is, of its route. */
export type Extent = 'one' | 'session' | 'person' | 'route'

/** What somebody may end who sees this tunnel, in words. */
export function extentsOf(tunnel: Tunnel): readonly { extent: Extent; label: string }[] {
  const { session_id, route, target } = tunnel
  const owner = ownerOf(tunnel)
  return [
    { extent: 'one', label: `This tunnel to ${target}` },
    ...(session_id === null
      ? []
      : [{ extent: 'session', label: `All tunnels of this session of ${owner}` } as const]),
    ...(whoOf(tunnel) === null
      ? []
      : [{ extent: 'person', label: `All tunnels of ${owner}` } as const]),
    { extent: 'route', label: `All tunnels of route ${route}, of everybody` },
  ]
}

/** As the API takes it. */
export function whichOf(tunnel: Tunnel, extent: Exclude<Extent, 'one'>): object {
  if (extent === 'session') return { session_id: tunnel.session_id }
  return extent === 'person' ? { user: whoOf(tunnel) } : { route_id: tunnel.route_id }
}

function whoOf({ user, service_account_id }: Tunnel): string | null {
  return user ?? service_account_id
}

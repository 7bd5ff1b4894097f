import type { CutAnswer } from '../../../console/wire/tunnels.ts'
import { formatNumberOf } from '../../ui/format.ts'
import { useAct } from '../act.ts'
import { del, post } from '../api.ts'
import { ownerOf, type Tunnel } from './tunnel.ts'

/** Which tunnels are to end: one, all of its session, of whose it is, of its route. */
export type Extent = 'one' | 'session' | 'person' | 'route'

/** What somebody may end who sees this tunnel, in words. */
export function extentsOf(tunnel: Tunnel): readonly { extent: Extent; label: string }[] {
  const { session_id, route, target } = tunnel
  const owner = ownerOf(tunnel)
  const hasOwner = whoOf(tunnel) !== null
  return [
    { extent: 'one', label: `This tunnel to ${target}` },
    ...(session_id === null
      ? []
      : [{ extent: 'session', label: `All tunnels of this session of ${owner}` } as const]),
    ...(hasOwner ? [{ extent: 'person', label: `All tunnels of ${owner}` } as const] : []),
    { extent: 'route', label: `All tunnels of route ${route}, of everybody` },
  ]
}

/** Ends tunnels and says how many; resolves to whether that was done. */
export function useEndTunnels(): (tunnel: Tunnel, extent: Extent) => Promise<boolean> {
  const { act } = useAct()
  return (tunnel, extent) =>
    act({
      async run() {
        const count = await end(tunnel, extent)
        return `Ended ${formatNumberOf(count, 'tunnel')}`
      },
      failed: 'The tunnels were not ended',
      changes: ['tunnels', 'overview'],
    })
}

async function end(tunnel: Tunnel, extent: Extent): Promise<number> {
  if (extent === 'one') {
    await del(`/tunnels/${encodeURIComponent(tunnel.id)}`)
    return 1
  }
  return (await post<CutAnswer>('/tunnels/cut', whichOf(tunnel, extent))).cut.length
}

function whichOf(tunnel: Tunnel, extent: Exclude<Extent, 'one'>): object {
  if (extent === 'session') return { session_id: tunnel.session_id }
  return extent === 'person' ? { user: whoOf(tunnel) } : { route_id: tunnel.route_id }
}

function whoOf({ user, service_account_id }: Tunnel): string | null {
  return user ?? service_account_id
}

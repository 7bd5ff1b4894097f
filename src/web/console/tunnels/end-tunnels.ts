import type { CutAnswer } from '../../../console/wire/tunnels.ts'
import { del, post } from '../../ui/api.ts'
import { formatNumberOf } from '../../ui/format.ts'
import { useAct } from '../../ui/act.ts'
import { reloadTunnels } from '../events.ts'
import { whichOf, type Extent } from './extents.ts'
import type { Tunnel } from './tunnel.ts'

/** Ends tunnels and says how many; resolves to whether that was done. */
export function useEndTunnels(): (tunnel: Tunnel, extent: Extent) => Promise<boolean> {
  const { act } = useAct()
  return (tunnel, extent) =>
    act({
      async run() {
        const count = await end(tunnel, extent).finally(reloadTunnels)
        return `Ended ${formatNumberOf(count, 'tunnel')}`
      },
      failed: 'The tunnels were not ended',
      changes: ['tunnels', 'overview'],
    })
}

async function end(tunnel: Tunnel, extent: Extent): Promise<number> {
  if (extent !== 'one')
    return (await post<CutAnswer>('/tunnels/cut', whichOf(tunnel, extent))).cut.length
  await del(`/tunnels/${encodeURIComponent(tunnel.id)}`)
  return 1
}

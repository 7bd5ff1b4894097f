import type { OpenTunnel } from '../../access/live-tunnels.ts'
import type { TunnelSummary } from '../../control/protocol.ts'
import { summarizeTunnel, type FindTunnel } from '../../control/tunnels.ts'
import type { LiveTunnels } from '../../access/live-tunnels.ts'

/** What has become of the open tunnels since the look before; each with the namespace of its route. */
export interface TunnelChanges {
  readonly opened: readonly InNamespace<TunnelSummary>[]
  /** Ids. */
  readonly closed: readonly InNamespace<string>[]
  /** Id, bytes up and bytes down in all, of those that have moved some. */
  readonly bytes: readonly InNamespace<readonly [string, number, number]>[]
}

export interface InNamespace<T> {
  readonly namespace: string | undefined
  readonly value: T
}

export interface TunnelChangesParts {
  readonly liveTunnels: Pick<LiveTunnels, 'open'>
  readonly namedTunnels: FindTunnel
}

interface Known {
  readonly id: string
  readonly namespace: string | undefined
  up: number
  down: number
  /** The last look at which it was open. */
  look: number
}

/**
 * Looks at the open tunnels whenever it is called, and answers what is another than at the look before. The first
 * look finds what is open already, and answers nothing.
 */
export function createTunnelChanges(parts: TunnelChangesParts): () => TunnelChanges {
  const known = new Map<OpenTunnel, Known>()
  let look = 0
  return () => {
    look += 1
    const opened: InNamespace<TunnelSummary>[] = []
    const bytes: InNamespace<readonly [string, number, number]>[] = []
    for (const tunnel of parts.liveTunnels.open()) {
      const { namespace } = tunnel.grant.route
      const { up, down } = tunnel.bytes
      const before = known.get(tunnel)
      if (before === undefined) {
        known.set(tunnel, { id: tunnel.grant.request.requestId, namespace, up, down, look })
        if (look > 1) opened.push({ namespace, value: summarizeTunnel(tunnel, parts) })
        continue
      }
      // Its route is in another namespace: for who looked at that one it is gone, and comes back for the others.
      if (before.namespace !== namespace) continue
      before.look = look
      if (before.up === up && before.down === down) continue
      before.up = up
      before.down = down
      bytes.push({ namespace, value: [before.id, up, down] })
    }
    const closed: InNamespace<string>[] = []
    for (const [tunnel, { id, namespace, look: seen }] of known) {
      if (seen === look) continue
      known.delete(tunnel)
      closed.push({ namespace, value: id })
    }
    return { opened, closed, bytes }
  }
}

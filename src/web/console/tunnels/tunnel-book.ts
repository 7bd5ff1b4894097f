import type { TunnelsEvent } from '../../../console/wire/events.ts'
import type { Tunnel } from './tunnel.ts'

/** What a page knows of the tunnels that are open: a list that was asked for, and what was told of since. */
export interface TunnelBook {
  /** Something was told. */
  apply(event: TunnelsEvent): void
  /** A list is being asked for: what is told from now on may be newer than it. */
  beginList(): void
  /** It has come. */
  endList(tunnels: readonly Tunnel[]): void
  tunnels(): readonly Tunnel[]
}

/**
 * What is told while a list is on its way is kept, and gone through again once it is there: a tunnel that
 * has ended since the list was made would stay in it otherwise, and one that was opened would be missed.
 */
export function createTunnelBook(): TunnelBook {
  let open = new Map<string, Tunnel>()
  let meanwhile: TunnelsEvent[] | undefined

  function take({ opened, closed, bytes }: TunnelsEvent): void {
    for (const tunnel of opened) open.set(tunnel.id, tunnel)
    for (const [id, bytes_up, bytes_down] of bytes) {
      const tunnel = open.get(id)
      if (tunnel !== undefined) open.set(id, { ...tunnel, bytes_up, bytes_down })
    }
    for (const id of closed) open.delete(id)
  }

  return {
    apply(event) {
      meanwhile?.push(event)
      take(event)
    },
    beginList() {
      meanwhile = []
    },
    endList(tunnels) {
      open = new Map(tunnels.map((tunnel) => [tunnel.id, tunnel]))
      for (const event of meanwhile ?? []) take(event)
      meanwhile = undefined
    },
    tunnels: () => [...open.values()],
  }
}

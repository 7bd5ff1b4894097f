import type { Socket } from 'node:net'
import { addressKey } from '../../address.ts'
import type { Descriptors } from './descriptors.ts'
import { createExchanges, type ExchangesOptions } from './exchanges.ts'
import type { Exchange, Peer, EvictionCause } from './peer.ts'
import { createWaiting } from './waiting.ts'

/** How many connections without a tunnel there may be. */
export interface PeerLimits {
  /** From one address, or one IPv6 network of 64 bits; 0 for any number. */
  readonly maxConnectionsPerAddress: number
  /** In all; 0 for any number. */
  readonly maxConnections: number
}

export interface PeersOptions extends ExchangesOptions {
  readonly limits: PeerLimits
  /** Whether few more files may be opened. */
  readonly descriptors: Descriptors
  /**
   * Told of every connection, and every answer beside a tunnel, that was ended. The address is empty
   * where it was not known yet.
   */
  report(cause: EvictionCause, ip: string): void
}

/** Every connection of the port, and one budget for all of those without a tunnel. */
export interface Peers {
  /** A connection was accepted; it is registered until it closes. */
  begin(socket: Socket): Peer
  /** The peer of a connection, or of the TLS on it; undefined when it is gone. */
  of(connection: Endpoints): Peer | undefined
  /** The system refused to open one more file. */
  outOfDescriptors(): void
  /** These hold from now on, for connections that are open as well. */
  replace(limits: PeerLimits): void
  /** How many connections there are. */
  count(): { readonly withTunnel: number; readonly withoutTunnel: number }
}

type Endpoints = Partial<
  Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>
>

interface Entry {
  readonly socket: Socket
  readonly key: string
  readonly exchanges: Set<Exchange>
  ip: string
  /** Those of one address count together; undefined before it is known. */
  group: string | undefined
  /** CONNECTs under way and tunnels. */
  tunnels: number
  isOpen: boolean
  upper: { destroy(): void } | undefined
}

/**
 * Makes the register. Whichever limit is reached, the connection that is closed is the one without progress
 * for the longest time, never the newcomer: idle connections cannot shut anybody out.
 */
export function createPeers({ report, descriptors, ...options }: PeersOptions): Peers {
  let { limits } = options
  const exchanges = createExchanges(options)
  const waiting = createWaiting<Entry>()
  const byKey = new Map<string, Entry>()
  const known = new WeakMap<Endpoints, Peer>()
  const peers = new WeakMap<Entry, Peer>()
  const opened = { connections: 0, tunnels: 0 }

  /** Makes room, after `group` or the whole has grown. */
  function keepWithin(group: string | undefined): void {
    const perAddress = limits.maxConnectionsPerAddress || Infinity
    const inAll = limits.maxConnections || Infinity
    if (group !== undefined) {
      while (waiting.sizeOf(group) > perAddress) closeOldest('address-limit', group)
    }
    while (waiting.size > inAll) closeOldest('total-limit')
    keepReserve()
  }

  /** Near the limit of open files: the fewer are left, the fewer connections may stay without a tunnel. */
  function keepReserve(): void {
    for (;;) {
      const free = descriptors.free(opened.connections + opened.tunnels)
      if (free >= descriptors.reserve || waiting.size <= Math.max(1, free / 4)) return
      closeOldest('descriptors')
    }
  }

  function closeOldest(cause: EvictionCause, group?: string): void {
    const oldest = waiting.oldest(group)
    if (oldest !== undefined) close(oldest, cause)
  }

  function close(entry: Entry, cause: EvictionCause): void {
    if (!entry.isOpen) return
    forget(entry)
    report(cause, entry.ip)
    // Destroyed at once: the event for a closed connection comes only after every readable connection was
    // served, which in a flood takes seconds, and the memory that the limit is to save.
    entry.upper?.destroy()
    entry.socket.destroy()
  }

  function forget(entry: Entry): void {
    if (!entry.isOpen) return
    entry.isOpen = false
    opened.connections -= 1
    if (byKey.get(entry.key) === entry) byKey.delete(entry.key)
    waiting.leave(entry, entry.group)
    for (const exchange of entry.exchanges) exchange.end()
  }

  function progressed(entry: Entry): void {
    if (waiting.has(entry)) waiting.enter(entry, entry.group)
  }

  function carryTunnel(entry: Entry): Disposable {
    let isCarried = true
    entry.tunnels += 1
    opened.tunnels += 1
    waiting.leave(entry, entry.group)
    keepReserve()
    return {
      [Symbol.dispose]() {
        if (!isCarried) return
        isCarried = false
        entry.tunnels -= 1
        opened.tunnels -= 1
        if (entry.tunnels > 0 || !entry.isOpen) return
        waiting.enter(entry, entry.group)
        keepWithin(entry.group)
      },
    }
  }

  function createPeer(entry: Entry): Peer {
    const owner = {
      exchanges: entry.exchanges,
      carriesTunnel: () => entry.tunnels > 0,
      close: (cause: EvictionCause) => close(entry, cause),
      progressed: () => progressed(entry),
      wasReset: (cause: EvictionCause) => report(cause, entry.ip),
    }
    return {
      connection: entry.socket,
      get ip() {
        return entry.ip
      },
      from(ip) {
        if (!entry.isOpen) return
        entry.ip = ip
        entry.group = addressKey(ip)
        progressed(entry)
        keepWithin(entry.group)
      },
      progressed: owner.progressed,
      get isOpen() {
        return entry.isOpen
      },
      get exchanges() {
        return entry.exchanges.size
      },
      carryTunnel: () => carryTunnel(entry),
      destroyWith: (upper) => void (entry.upper = upper),
      beginExchange: (parts) => exchanges.begin(owner, parts),
      close: owner.close,
    }
  }

  return {
    begin(socket) {
      const key = keyOf(socket)
      const entry: Entry = {
        socket,
        key,
        exchanges: new Set(),
        ip: '',
        group: undefined,
        tunnels: 0,
        isOpen: true,
        upper: undefined,
      }
      const peer = createPeer(entry)
      peers.set(entry, peer)
      known.set(socket, peer)
      // A port may be in use again before the connection that had it is known to be closed.
      byKey.set(key, entry)
      opened.connections += 1
      socket.once('close', () => forget(entry))
      waiting.enter(entry, undefined)
      keepWithin(undefined)
      return peer
    },
    of(connection) {
      const found = known.get(connection)
      if (found !== undefined) return found
      const entry = byKey.get(keyOf(connection))
      const peer = entry && peers.get(entry)
      if (peer !== undefined) known.set(connection, peer)
      return peer
    },
    outOfDescriptors() {
      descriptors.exhausted(opened.connections + opened.tunnels)
      report('descriptors', '')
      keepReserve()
    },
    replace(next) {
      limits = next
      for (const group of waiting.groups()) keepWithin(group)
      keepWithin(undefined)
    },
    count: () => ({
      withTunnel: opened.connections - waiting.size,
      withoutTunnel: waiting.size,
    }),
  }
}

/** TLS wraps the socket, and every wrapper still tells these. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Endpoints): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

import { addressKey } from '../address.ts'

/**
 * Strangers of many addresses push each other out: one that is far away must still get its proof in before as many
 * have come as shake hands in the meantime, some hundred in a tenth of a second.
 *
 * @limit connections of connectors that have not proved to know their secret yet: the oldest one of the address that
 * has the most is closed
 */
export const maxUnproved = 512
/**
 * Connections of ours that are about to register: each may make the gateway hold a line of half a MiB.
 *
 * @limit connections of connectors that have proved their secret and not registered yet: the oldest one of the address
 * that has the most is closed
 */
export const maxProved = 128
/**
 * Each of these takes some 300 KiB.
 *
 * @limit connections of stock connectors that have not registered yet: the oldest one of the address that has the most
 * is closed
 */
export const maxUnregisteredStock = 512
/**
 * From the handshake on, in milliseconds.
 *
 * @limit time for a connector to register on its connection: it is closed
 */
export const registrationTimeoutMs = 10_000

interface Connection {
  destroy(): void
}

/** The connections that may still register. */
export interface Unregistered {
  /** Takes one in, and closes another where there are too many. */
  add(connection: Connection, ip: string): void
  /** It has registered, or never will. */
  delete(connection: Connection): void
  destroyAll(): void
}

export function createUnregistered(max: number): Unregistered {
  /** By what counts as one address. */
  const addressOf = new Map<Connection, string>()

  /** A connector that is far away takes a while, in which anybody may open as many connections from one address. */
  function oldestOfMost(): Connection | undefined {
    const counts = new Map<string, number>()
    for (const address of addressOf.values()) counts.set(address, (counts.get(address) ?? 0) + 1)
    const most = Math.max(...counts.values())
    return [...addressOf].find(([, address]) => counts.get(address) === most)?.[0]
  }

  return {
    add(connection, ip) {
      addressOf.set(connection, addressKey(ip))
      const last = addressOf.size > max ? oldestOfMost() : undefined
      if (last === undefined) return
      // It tells of its end later: by then many may have come, each of whom is to close another one.
      addressOf.delete(last)
      last.destroy()
    },
    delete: (connection) => void addressOf.delete(connection),
    destroyAll() {
      for (const connection of addressOf.keys()) connection.destroy()
    },
  }
}

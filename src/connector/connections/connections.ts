import type { Closable } from '../../shutdown.ts'
import { within } from '../../shutdown.ts'
import type { FromConnector } from '../../tunnel/connector/protocol.ts'
import { keepConnected, type LiveConnection, type SlotEvents, type SlotParts } from './slot.ts'
import { createWaits } from './waits.ts'

/**
 * A gateway may want its connections replaced as often as it likes, and hold the old ones by their streams.
 *
 * @limit connections of a connector that its gateway wants replaced and whose tunnels go on: the oldest is ended
 */
const maxLeaving = 64

/** As many as stock connectors have. */
const connectionCount = 4
/** A first attempt that has come to nothing by then hangs, at an address that accepts and says nothing; in milliseconds. */
const hangingMs = 5_000

export interface ConnectionsOptions extends Omit<
  SlotParts,
  'connIndex' | 'events' | 'firstTurn' | 'waits' | 'isAnotherLive'
> {
  readonly events: Omit<SlotEvents, 'fatal'>
}

/** The connections of a connector to its gateway. */
export interface Connections extends Closable {
  /** How many are registered and take streams. */
  readonly ready: number
  /** Resolves once the first is registered. */
  readonly registered: Promise<void>
  /** Resolves with what makes it useless to go on; all connections have been ended then. */
  readonly failed: Promise<Error>
  /** Says something on every registered connection. */
  tell(message: FromConnector): void
  /** Tells the gateway to open no more streams, and ends when those that are open have, or after `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** Begins to connect, and keeps several connections up until closed. */
export function startConnections(options: ConnectionsOptions): Connections {
  const ending = new AbortController()
  const live = new Set<LiveConnection>()
  /** Those whose gateway wants no more streams on them: they end by themselves. */
  const leaving = new Set<LiveConnection>()
  const registered = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<Error>()
  const waits = createWaits(options.clock)
  const firstTurn = Math.floor(options.random() * 2 ** 16)
  let hasFailed = false
  let closing: Promise<void> | undefined

  const events: SlotEvents = {
    ...options.events,
    registered(connection, notices) {
      if (ending.signal.aborted) return connection.end.destroy()
      live.add(connection)
      // The gateway is back: the others need not find it out one after the other.
      if (live.size === 1) waits.endFailures()
      options.events.registered(connection, notices)
      registered.resolve()
    },
    lost(connection, why) {
      live.delete(connection)
      if (!ending.signal.aborted) options.events.lost(connection, why)
    },
    draining(connection) {
      live.delete(connection)
      leaving.add(connection)
      const [oldest] = leaving
      if (leaving.size > maxLeaving) oldest?.end.destroy()
      void connection.end.ended.then(() => leaving.delete(connection))
      connection.end.drain()
      options.events.draining(connection)
    },
    failed(connIndex, error) {
      hasFailed = true
      options.events.failed(connIndex, error)
    },
    fatal(error) {
      hanging[Symbol.dispose]()
      failed.resolve(error)
      ending.abort(error)
      for (const { end } of [...live, ...leaving]) end.destroy(error)
    },
  }

  const keep = (connIndex: number): Promise<void> =>
    keepConnected(
      { ...options, waits, connIndex, events, firstTurn, isAnotherLive: () => live.size > 0 },
      ending.signal,
    )
  const slots = [keep(0)]
  const keepOthers = (): void => {
    hanging[Symbol.dispose]()
    while (slots.length < connectionCount) slots.push(keep(slots.length))
  }
  // The others begin at other addresses.
  const hanging = options.clock.schedule(hangingMs, () => void (hasFailed || keepOthers()))
  // The others when there is a gateway that takes it: until then they would fail in the same way.
  void registered.promise.then(keepOthers)

  async function end(graceMs: number): Promise<void> {
    hanging[Symbol.dispose]()
    ending.abort(new Error('the connector is about to end'))
    const all = [...live, ...leaving]
    for (const connection of live) {
      connection.end.control.send({ type: 'draining' })
      connection.end.drain()
    }
    await within(graceMs, Promise.all(all.map((connection) => connection.end.ended)))
    for (const connection of all) connection.end.destroy()
    await Promise.all(slots)
  }

  return {
    get ready() {
      return ending.signal.aborted ? 0 : live.size
    },
    registered: registered.promise,
    failed: failed.promise,
    tell(message) {
      for (const connection of live) connection.end.control.send(message)
    },
    close: (graceMs) => (closing ??= end(graceMs)),
  }
}

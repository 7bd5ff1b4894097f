import { systemClock, type Clock } from '../../clock.ts'
import type { Closable } from '../../shutdown.ts'
import type { GatewayClient } from '../gateway-client.ts'
import type { TunnelOpener } from '../serve/connection.ts'
import { startForward, type ConnectionEvent, type Forward } from '../serve/forward.ts'
import { shareClients } from './client-pool.ts'
import { forwarderKey, type Forwarder } from './forwarder.ts'

/** What happens to a forwarder. */
export type ForwarderEvent =
  | { readonly kind: 'listening'; readonly address: string }
  /** It is tried again in a while; told once for each reason. */
  | { readonly kind: 'not-listening'; readonly error: unknown }
  /** The file has it no more: its port is free, and connections that are open go on. */
  | { readonly kind: 'removed'; readonly address: string }
  | { readonly kind: 'connection'; readonly event: ConnectionEvent }

export interface ForwardersOptions {
  readonly makeClient: (forwarder: Forwarder) => GatewayClient
  /** Told of everything, at once and in order. Must not throw. */
  readonly report: (forwarder: Forwarder, event: ForwarderEvent) => void
  /** Asked before an address is listened on; rejects where that must not be. **Default:** nothing is asked */
  readonly checkAddress?: ((forwarder: Forwarder) => Promise<unknown>) | undefined
  readonly clock?: Clock
}

/** Many local addresses in one process, each with its own fate. */
export interface Forwarders extends Closable {
  /** What runs from now on: one that does the same as before is not touched. */
  replace(wanted: readonly Forwarder[]): Promise<void>
}

/** How long after a failure an address is tried again, in milliseconds: its program may have ended. */
const retryMs = 5_000
/** A connection of a removed forwarder may go on as long as a timer can say, in milliseconds. */
const longestGraceMs = 2 ** 31 - 1

/** Makes a set of forwarders that is empty. */
export function openForwarders(options: ForwardersOptions): Forwarders {
  const { makeClient, report, checkAddress, clock = systemClock } = options
  const clients = shareClients(makeClient)
  const running = new Map<string, Running>()
  const leaving = new Set<Promise<unknown>>()
  let isEnding = false

  async function replace(wanted: readonly Forwarder[]): Promise<void> {
    if (isEnding) return
    const byKey = new Map(wanted.map((forwarder) => [forwarderKey(forwarder), forwarder]))
    // First those that go: one that comes may have the same port.
    for (const [key, one] of running) {
      if (byKey.has(key)) continue
      running.delete(key)
      leave(one.close(longestGraceMs))
    }
    const tried: Promise<void>[] = []
    for (const [key, forwarder] of byKey) {
      if (running.has(key)) continue
      const started = startForwarder(forwarder, { clients, report, checkAddress, clock })
      running.set(key, started)
      tried.push(started.tried)
    }
    await Promise.all(tried)
  }

  function leave(closing: Promise<void>): void {
    leaving.add(closing)
    void closing.finally(() => leaving.delete(closing))
  }

  return {
    replace,
    async close(graceMs) {
      isEnding = true
      for (const one of running.values()) leave(one.close(graceMs))
      running.clear()
      // What a removed one had still open ends with its client.
      await clients.destroy()
      await Promise.all(leaving)
    },
  }
}

interface Running extends Closable {
  /** Resolves after the first attempt to listen, however that went. */
  readonly tried: Promise<void>
}

interface Surroundings
  extends
    Pick<ForwardersOptions, 'checkAddress'>,
    Required<Pick<ForwardersOptions, 'report' | 'clock'>> {
  readonly clients: ReturnType<typeof shareClients>
}

/** Listens, again and again until it can. */
function startForwarder(forwarder: Forwarder, surroundings: Surroundings): Running {
  const { clients, report, checkAddress, clock } = surroundings
  const shared = clients.take(forwarder)
  let forward: Forward | undefined
  let waiting: Disposable | undefined
  let said: string | undefined
  let isClosed = false

  async function tryToListen(): Promise<void> {
    try {
      await checkAddress?.(forwarder)
      if (isClosed) return
      const started = await startForward({
        listen: forwarder.listen,
        authority: forwarder.destination.authority,
        client: withFields(shared.client, forwarder),
        report: (event) => report(forwarder, { kind: 'connection', event }),
      })
      if (isClosed) return await started.close(0)
      forward = started
      report(forwarder, { kind: 'listening', address: started.address })
    } catch (error) {
      if (isClosed) return
      const message = error instanceof Error ? error.message : String(error)
      if (message !== said) report(forwarder, { kind: 'not-listening', error })
      said = message
      waiting = clock.schedule(retryMs, () => void tryToListen())
    }
  }

  const tried = tryToListen()
  return {
    tried,
    async close(graceMs) {
      isClosed = true
      waiting?.[Symbol.dispose]()
      const closing = forward?.close(graceMs)
      if (forward !== undefined) report(forwarder, { kind: 'removed', address: forward.address })
      await Promise.all([tried, closing])
      await shared.release()
    },
  }
}

/** A client that adds the forwarder's own fields to each request. */
export function withFields(
  client: TunnelOpenerWithFields,
  { fields }: Pick<Forwarder, 'fields'>,
): TunnelOpener {
  return {
    open: (authority, signal) => client.open(authority, signal, fields),
    learnFate: (tunnel, cause) => client.learnFate(tunnel, cause),
  }
}

type TunnelOpenerWithFields = Pick<GatewayClient, 'open' | 'learnFate'>

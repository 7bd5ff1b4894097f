import type { Duplex } from 'node:stream'
import { abandon, endWith } from './abandon.ts'
import { copy, type Direction, type TunnelBytes } from './direction.ts'
import type { IdleLimit } from './idle-limit.ts'
import { lostHosts, type LostHosts } from './lost-host.ts'
import { watchLoss } from './lost-stream.ts'
import { defaultLookIntervalMs, watchUnread, type UnreadOptions } from './unread.ts'

/** Follows what a tunnel carries, and knows what its client can be told in its own protocol when we end the tunnel. */
export interface Telling {
  /** Sees what is passed to the upstream, and to the client. Neither may throw. */
  readonly followUp: (bytes: Buffer) => void
  readonly followDown: (bytes: Buffer) => void
  /** What to say to the client behind all that was passed on to it; undefined where nothing may stand there. */
  wordsFor(cause: EndedByUs): Buffer | undefined
}

export interface RelayOptions extends UnreadOptions {
  /** Ends the tunnel after so long without a byte either way. */
  readonly idle?: IdleLimit
  /** Cuts the tunnel at once; both sides learn of it as an abort where their transport can say so. */
  readonly signal?: AbortSignal
  /** This tunnel's own counter, from 0 on: it counts bytes as they come, and may be read at any time. */
  readonly bytes?: TunnelBytes
  /** Tells the client why we have ended the tunnel. **Default:** it learns of it as an abort */
  readonly telling?: Telling | undefined
  /** Finds peers that are gone while bytes are on their way to them. **Default:** the process's own */
  readonly lostHosts?: LostHosts
}

/**
 * - `client-closed`, `upstream-closed`: both directions ended in order, and this side first; or it closed once it
 *   had said all, and nothing was sent to it in vain
 * - `client-reset`, `upstream-reset`: this side was lost or aborted
 * - `idle-timeout`: no byte for as long as `idle` allows
 * - `stall-timeout`: the upstream took nothing of what waited for it for `stallTimeoutMs`
 * - `cut`: `signal` was aborted
 */
export type RelayCause =
  | 'client-closed'
  | 'upstream-closed'
  | 'client-reset'
  | 'upstream-reset'
  | 'idle-timeout'
  | 'stall-timeout'
  | 'cut'

type EndedByUs = Extract<RelayCause, 'idle-timeout' | 'stall-timeout' | 'cut'>

/** How a tunnel ended, and the bytes that were read from each side. */
export interface RelayEnd {
  readonly cause: RelayCause
  /** The client was told by `telling`. Resolves when it is gone as well, in two seconds at most. */
  readonly told?: Promise<void>
  /** Bytes from the client to the upstream. */
  readonly bytesUp: number
  /** Bytes from the upstream to the client. */
  readonly bytesDown: number
  readonly error?: Error
}

/**
 * Copies bytes both ways until both directions have ended, and owns both streams from the call on.
 *
 * A FIN on one side is passed to the other and nothing else: the opposite direction keeps flowing.
 * A reset on one side resets the other. At most one `writableHighWaterMark` and one chunk wait in
 * each direction: a reader that stops stops the writer. Never rejects.
 *
 * Both streams must allow half-open (`allowHalfOpen: true`); HTTP/2 streams do by nature.
 */
export function relay(
  client: Duplex,
  upstream: Duplex,
  options: RelayOptions = {},
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    let firstToEnd: 'client-closed' | 'upstream-closed' | undefined
    /** Of both directions, when the first of them ended: what was counted since is the other one's. */
    let bytesAtFirstEnd: number | undefined
    let settled = false
    const { signal, idle, telling, lostHosts: hosts = lostHosts } = options
    const { bytes = { up: 0, down: 0 } } = options
    idle?.watch(() => abort('idle-timeout'))
    const onCut = (): void => abort('cut')
    const touch = (): void => idle?.touch()

    const up = copy(client, upstream, {
      bytes,
      way: 'up',
      touch,
      follow: telling?.followUp,
      onFlushed: () => directionEnded('client-closed'),
    })
    const down = copy(upstream, client, {
      bytes,
      way: 'down',
      touch,
      follow: telling?.followDown,
      onFlushed: () => directionEnded('upstream-closed'),
    })
    const stopLooking = [
      watchUnread(up, down, bytes, options, () => abort('stall-timeout')),
      hosts.watch(client, (error) => abort('client-reset', error)),
      hosts.watch(upstream, (error) => abort('upstream-reset', error)),
    ]
    watchLoss(client, up, down, {
      onLost: (error) => abort('client-reset', error),
      onClosed: () => finish('client', up, down),
    })
    watchLoss(upstream, down, up, {
      onLost: (error) => abort('upstream-reset', error),
      onClosed: () => finish('upstream', down, up),
    })
    if (signal?.aborted) abort('cut')
    else signal?.addEventListener('abort', onCut)

    function directionEnded(side: 'client-closed' | 'upstream-closed'): void {
      if (settled) return
      firstToEnd ??= side
      bytesAtFirstEnd ??= bytes.up + bytes.down
      if (up.state === 'flushed' && down.state === 'flushed') settle(firstToEnd)
    }

    /**
     * What `side` has said before it closed is passed on for as long as the other one reads. It asks for no
     * more "without error" (RFC 9113 §8.1), so this is an end in order where nothing was sent in vain.
     */
    function finish(side: 'client' | 'upstream', last: Direction, dead: Direction): void {
      if (settled) return
      // Whoever went on after that end has sent what nobody has taken.
      const wentOn = last.state === 'flushed' && bytes.up + bytes.down !== bytesAtFirstEnd
      if (wentOn) return abort(`${side}-reset`)
      dead.drop()
      let passedOn = last.passedOn()
      const look = setInterval(() => {
        if (last.passedOn() === passedOn) abort(`${side}-reset`)
        passedOn = last.passedOn()
      }, options.lookIntervalMs ?? defaultLookIntervalMs).unref()
      stopLooking.push(() => clearInterval(look))
      last.onFlushed(() => {
        if (settled) return
        settle(dead.hasLost ? `${side}-reset` : `${side}-closed`)
        // Not a reset: what the system has not sent yet would go with it.
        client.destroy()
        upstream.destroy()
      })
    }

    function abort(cause: RelayCause, error?: Error): void {
      if (settled) return
      // Without an error of its own an HTTP/2 stream would be closed with NO_ERROR: an orderly end.
      const reason = error ?? reasonOf(cause)
      const told = tell(cause, reason)
      settle(cause, error, told)
      if (told === undefined) abandon(client, reason)
      abandon(upstream, reason)
    }

    /** Tells the client, where it can be told: nothing else passes from here on. */
    function tell(cause: RelayCause, reason: Error): Promise<void> | undefined {
      if (!isByUs(cause) || down.state !== 'open' || !client.writable) return undefined
      const words = telling?.wordsFor(cause)
      if (words === undefined) return undefined
      up.drop()
      down.drop()
      return endWith(client, words, reason)
    }

    function settle(cause: RelayCause, error?: Error, told?: Promise<void>): void {
      settled = true
      for (const stop of stopLooking) stop()
      idle?.stop()
      signal?.removeEventListener('abort', onCut)
      // As it is now: the counter may still grow, by what comes from a side that is on its way out.
      const end = { cause, bytesUp: bytes.up, bytesDown: bytes.down }
      resolve({ ...end, ...(error && { error }), ...(told && { told }) })
    }
  })
}

function isByUs(cause: RelayCause): cause is EndedByUs {
  return cause === 'cut' || cause === 'idle-timeout' || cause === 'stall-timeout'
}

const reasons = new Map<RelayCause, Error>()

/** One for all: thousands may be cut at once, and the stack of each would cost as much as its reset. */
function reasonOf(cause: RelayCause): Error {
  const known = reasons.get(cause) ?? new Error(`tunnel ended: ${cause}`)
  reasons.set(cause, known)
  return known
}

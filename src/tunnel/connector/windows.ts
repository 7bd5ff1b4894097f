import type { Http2Session, Http2Stream } from 'node:http2'
import type { Clock } from '../../clock.ts'

/**
 * What nobody has read, of all streams of one connection together, in bytes. Each stream may have as much
 * under way as keeps them all within it.
 *
 * @limit bytes of one connector's connection that nobody has read, at each end: every stream gets less
 * credit, down to 64 KiB, and its sender waits
 */
const maxUnreadBytes = 64 * 1024 * 1024
/**
 * Credit of a stream while few are open: it is given back by halves (nghttp2), so twice what 1 Gbit/s has
 * under way over 100 ms.
 *
 * @limit bytes of one stream through a connector that nobody has read: its sender waits
 */
const maxStreamWindowBytes = 32 * 1024 * 1024
/** Credit of a stream among a thousand and more. */
const minStreamWindowBytes = 64 * 1024
/** Credit of a connection: Node gives it back as bytes arrive, so that no stream keeps the others waiting. */
export const connectionWindowBytes = 32 * 1024 * 1024

/** What a connection begins with. */
export const firstWindowBytes = maxStreamWindowBytes

/**
 * Times that the other side may owe us an answer to SETTINGS, while streams come faster than answers: Node
 * takes ten, of which the first is its own. A rise waits for all of them.
 *
 * @limit none: further changes of the credit wait for the answers
 */
const maxUnansweredSettings = 8
/**
 * How long the answer to SETTINGS may take, in milliseconds: until then the other side goes by the old credit.
 *
 * @limit time for the other side of a connector's connection to take over new credit: the connection is ended
 */
const settingsTimeoutMs = 30_000
/** Time between two looks whether streams may have more again, in milliseconds. */
const lookIntervalMs = 1_000

/**
 * The largest credit, by halves, with which streams that hold so many unread bytes each stay within the
 * bound; all of them may fill it.
 */
export function windowFor(unread: readonly number[]): number {
  let window = maxStreamWindowBytes
  while (window > minStreamWindowBytes && reservedBy(unread, window) > maxUnreadBytes) window /= 2
  return window
}

function reservedBy(unread: readonly number[], window: number): number {
  return unread.reduce((sum, bytes) => sum + Math.max(bytes, window), 0)
}

export interface WindowsOptions {
  readonly clock: Clock
  /** Called when the other side does not take over what we set. */
  readonly onFault: (error: Error) => void
}

/** The credit of the streams of one session, for what comes to us. */
export interface Windows {
  /** Leaves room for one more stream: what is said to the other side is said before what follows. */
  makeRoom(): void
  /** It is there, until it is closed. */
  add(stream: Http2Stream): void
}

/**
 * Moves the one credit that Node gives to all streams of a session. RFC 9113 §6.9.2: a change holds for
 * streams that are open too, and may leave them with less than nothing.
 */
export function moveWindows(session: Http2Session, { clock, onFault }: WindowsOptions): Windows {
  const streams = new Set<Http2Stream>()
  let window = firstWindowBytes
  /** What the streams of the last look, and all since, may come to hold. */
  let reserved = 0
  let unanswered = 0
  let timer: Disposable | undefined

  function move(newStreams: number): void {
    if (session.destroyed) return
    const unread = Array.from(streams, ({ readableLength }) => readableLength)
    for (let added = 0; added < newStreams; added += 1) unread.push(0)
    const next = windowFor(unread)
    const mayMove = next < window ? unanswered < maxUnansweredSettings : unanswered === 0
    if (next !== window && mayMove) set(next)
    reserved = reservedBy(unread, window)
    lookLater()
  }

  function set(bytes: number): void {
    window = bytes
    unanswered += 1
    const late = clock.schedule(settingsTimeoutMs, () => onFault(new Error('SETTINGS unanswered')))
    session.settings({ initialWindowSize: bytes }, () => {
      unanswered -= 1
      late[Symbol.dispose]()
    })
  }

  /** Streams that have ended, or were read, leave room for the others. */
  function lookLater(): void {
    if (timer !== undefined || window === firstWindowBytes) return
    timer = clock.schedule(lookIntervalMs, () => {
      timer = undefined
      move(0)
    })
  }

  session.once('close', () => timer?.[Symbol.dispose]())
  return {
    makeRoom() {
      reserved += window
      if (reserved > maxUnreadBytes && window > minStreamWindowBytes) move(1)
    },
    add(stream) {
      streams.add(stream)
      stream.once('close', () => streams.delete(stream))
    },
  }
}

import type { Http2Session, Http2Stream } from 'node:http2'
import type { Clock } from '../clock.ts'
import { watchDemand } from './http2-demand.ts'
import { PeerError } from '../errors.ts'
import { afterFrames, onArrival } from './runtime.ts'
import { creditMayShrink, keepsCredit, setConnectionCredit } from './runtime-http2.ts'
import type { UnreadPool } from './unread-pool.ts'
import { limitWaiting, type WaitingHolder, type WaitingLimit } from './waiting-limit.ts'
import { reservedBy, windowFor, type WindowLimits } from './window-for.ts'

/** How much credit the streams of one connection are given. */
export interface ConnectionLimits extends WindowLimits {
  /**
   * Credit of a stream with which the session begins, in bytes; a power of two. It grows fourfold for streams that
   * move much of it within a round trip. **Default:** `maxWindowBytes`
   */
  readonly startWindowBytes?: number
  /**
   * Credit of a stream whose sender keeps what it was given once, in bytes; a power of two. It is said as soon as that is
   * known, before which such a sender has begun no stream. **Default:** as of every other
   */
  readonly keptWindowBytes?: number
}

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
 * @limit time for the other side of a connector's connection to take over new credit: it is ended
 */
const settingsTimeoutMs = 30_000
/** What Node keeps beside the bytes of each piece that waits to be read, in bytes (measured: 560 a piece of one). */
const pieceBytes = 512
/** A piece that waits and is less than such a part of its buffer becomes one of its own. */
const loneShare = 8
/** What less credit does not bound, of a connection for itself, as a multiple of what its streams may leave unread. */
const hardBounds = 2
/** Time between two looks whether streams may have more again, in milliseconds. */
const lookIntervalMs = 1_000

/**
 * Credit of streams where it may not shrink to less than half of what they began with: enough for 5 MB/s over 100 ms, and
 * little where many are stopped.
 *
 * @limit bytes of one HTTP/2 stream that nobody has read, where the program runs on Bun: its sender waits
 */
const fixedWindowBytes = 512 * 1024

/** What of the limits of a connection the runtime can hold. */
export function holdable(
  limits: ConnectionLimits,
): ConnectionLimits & { startWindowBytes: number } {
  const { maxWindowBytes, minWindowBytes, startWindowBytes = maxWindowBytes } = limits
  if (creditMayShrink) return { ...limits, startWindowBytes }
  const window = Math.min(startWindowBytes, fixedWindowBytes)
  return {
    ...limits,
    maxWindowBytes: window,
    startWindowBytes: window,
    minWindowBytes: Math.max(minWindowBytes, window / 2),
  }
}

const restate = new WeakMap<Http2Session, () => void>()

/** Gives a connection so much credit, of which its streams share; the session has begun, and its windows are moved. */
export function widenConnection(
  session: Http2Session & { setLocalWindowSize(bytes: number): void },
  bytes: number,
): void {
  setConnectionCredit(session, bytes, () => restate.get(session)?.())
}

export interface WindowsOptions {
  readonly limits: ConnectionLimits
  readonly clock: Clock
  /** What bounds it together with other connections. */
  readonly pool?: UnreadPool | undefined
  /**
   * What bounds its small pieces together with those of others. Credit counts bytes, and whoever sends them one by one has
   * us keep hundreds of times as much: 64 KiB of it are 36 MiB then, for each of 250 streams. **Default:** twice the bytes
   * that it may leave unread, for itself
   */
  readonly pieces?: WaitingLimit | undefined
  /**
   * What bounds together with others the bytes that less credit does not: of whoever keeps it, whoever never takes less
   * over, and whoever has used it up before it was less. **Default:** as `pieces`
   */
  readonly beyond?: WaitingLimit | undefined
  /** Called when the other side does not take over what we set. */
  readonly onFault?: (error: Error) => void
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
export function moveWindows(
  session: Http2Session,
  { limits: wished, clock, pool, pieces, beyond, onFault }: WindowsOptions,
): Windows {
  const limits = holdable(wished)
  const { maxUnreadBytes, maxWindowBytes, minWindowBytes, keptWindowBytes = Infinity } = limits
  let { startWindowBytes } = limits
  const streams = new Set<Unread>()
  /** So many pieces take an eighth of what may be unread. */
  const lookPieces = Math.ceil(maxUnreadBytes / pieceBytes / 8)
  /** What streams would have if they were few. */
  let wanted = startWindowBytes
  let window = startWindowBytes
  const leastWindowBytes = creditMayShrink ? 0 : minWindowBytes
  /** Whether its streams keep what they are given, whatever is unread. */
  let isKept = !creditMayShrink
  session.on('remoteSettings', () => {
    if (!keepsCredit(session) || isKept) return
    isKept = true
    if (keptWindowBytes >= startWindowBytes) return
    wanted = startWindowBytes = keptWindowBytes
    set(wanted)
  })
  const demand = watchDemand(session, () => {
    // What is more than they may have now, or does not hold yet, tells nothing of the line.
    if (window !== wanted || unanswered > 0 || isKept || session.destroyed) return
    wanted = Math.min(maxWindowBytes, wanted * 4)
    move(0)
  })
  /** What the streams of the last look, and all since, may come to hold. */
  let reserved = 0
  let unanswered = 0
  let timer: Disposable | undefined
  const place = pool?.join({
    unread: () => Array.from(streams, costOf),
    limited: () => move(0),
  })
  const hold = (sizeOf: (unread: Unread) => number, fault: () => Error): WaitingHolder => ({
    waiting: () => Array.from(streams, sizeOf).reduce((sum, bytes) => sum + bytes, 0),
    resetLargest() {
      const [largest] = [...streams].toSorted((a, b) => sizeOf(b) - sizeOf(a))
      const freed = largest === undefined ? 0 : sizeOf(largest)
      if (largest === undefined || freed === 0) return 0
      streams.delete(largest)
      afterFrames(() => largest.stream.destroy(fault()))
      return freed
    },
  })
  const ownLimit = (): WaitingLimit => limitWaiting(hardBounds * maxUnreadBytes)
  const pieceHolder = hold(piecesCost, tooManyPieces)
  const piecePlace = (pieces ?? ownLimit()).join(pieceHolder)
  /** What credit does not bound of it: all that is unread where credit is kept, else what that of now would not allow. */
  const excess = ({ stream: { readableLength } }: Unread): number =>
    isKept ? readableLength : Math.max(0, readableLength - window)
  const excessPlace = (beyond ?? ownLimit()).join(hold(excess, tooMuchUnread))
  /** Pieces that have come to wait since the last look at what they cost. */
  let sinceLook = 0
  /** What a stream would have if the others here left nothing unread. */
  const aim = (): number => Math.min(wanted, place?.windowBytes ?? wanted)

  function move(newStreams: number): void {
    if (session.destroyed) return
    const unread = Array.from(streams, costOf)
    for (let added = 0; added < newStreams; added += 1) unread.push(0)
    const next = Math.min(Math.max(aim(), leastWindowBytes), windowFor(unread, limits))
    // On Bun what begins from now on may have less; a peer on Bun does not take it.
    const isFixed = next < window && keepsCredit(session)
    const mayMove = next < window ? unanswered < maxUnansweredSettings : unanswered === 0
    if (next !== window && mayMove && !isFixed) set(next)
    reserved = reservedBy(unread, window)
    lookLater()
  }

  function set(bytes: number): void {
    window = bytes
    unanswered += 1
    const late = clock.schedule(settingsTimeoutMs, () =>
      onFault?.(new Error('SETTINGS unanswered')),
    )
    session.settings({ initialWindowSize: bytes }, () => {
      unanswered -= 1
      late[Symbol.dispose]()
    })
  }

  /** Streams that have ended, or were read, leave room for the others. */
  function lookLater(): void {
    if (timer !== undefined || window === aim()) return
    timer = clock.schedule(lookIntervalMs, () => {
      timer = undefined
      move(0)
    })
  }

  function wait(): void {
    piecePlace.came(pieceBytes)
    sinceLook += 1
    if (sinceLook < lookPieces) return
    sinceLook = 0
    // Most were read since: those of a fast line wait for each other now and then.
    if (pieceHolder.waiting() >= lookPieces * pieceBytes) move(0)
  }

  /** Whoever comes next may be somebody who reads slowly. */
  function beginAgain(): void {
    wanted = startWindowBytes
    move(0)
  }

  restate.set(session, () => set(window))
  session.once('close', () => {
    timer?.[Symbol.dispose]()
    place?.[Symbol.dispose]()
    piecePlace[Symbol.dispose]()
    excessPlace[Symbol.dispose]()
  })
  return {
    makeRoom() {
      reserved += window
      if (reserved > maxUnreadBytes && window > minWindowBytes) move(1)
    },
    add(stream) {
      const unread = { stream, pieces: 0 }
      streams.add(unread)
      onArrival(stream, {
        keep: (piece) => (stream.readableLength > 0 ? alone(piece) : piece),
        onBytes(bytes) {
          unread.pieces = stream.readableLength > bytes ? unread.pieces + 1 : 0
          const isWaiting = unread.pieces > 0
          if (isWaiting) wait()
          place?.came(isWaiting ? bytes + pieceBytes : bytes)
          if (excess(unread) > 0) excessPlace.came(bytes)
          if (wanted < maxWindowBytes) demand.came(stream, bytes, window)
        },
      })
      stream.once('close', () => {
        streams.delete(unread)
        if (streams.size === 0) beginAgain()
      })
    },
  }
}

/**
 * A piece that holds little but itself in memory. Node makes all pieces that come together parts of one buffer, of up to
 * 64 KiB, and keeps that for as long as one of them waits: a byte of each may be of a stream that nobody reads.
 */
function alone(piece: Buffer): Buffer {
  if (piece.buffer.byteLength < loneShare * piece.length) return piece
  const copy = Buffer.allocUnsafeSlow(piece.length)
  piece.copy(copy)
  return copy
}

interface Unread {
  readonly stream: Http2Stream
  /** Pieces that have come since it was last read to its end. */
  pieces: number
}

/** A peer may send its bytes one by one: what waits then is hundreds of times as large as what it says. */
function costOf(unread: Unread): number {
  return unread.stream.readableLength + piecesCost(unread)
}

/** They may have been read since the last one came. */
function piecesCost({ stream: { readableLength }, pieces }: Unread): number {
  return Math.min(pieces, readableLength) * pieceBytes
}

function tooManyPieces(): PeerError {
  return new PeerError('too-many-pieces', 'too many small pieces of it wait to be read')
}

function tooMuchUnread(): PeerError {
  return new PeerError(
    'too-much-unread',
    'reset to save memory: it is read slowly, and more of it waits than of any other tunnel',
  )
}

import type { Role } from '../../access/administrators.ts'
import type { Clock } from '../../clock.ts'
import type { CallerActor } from '../../control/change.ts'
import { AccessError } from '../../errors.ts'
import type { LiveCaller } from '../../identity/session.ts'
import { followKinds, type ChangedKinds, type ChangedKindsParts } from './changed-kinds.ts'
import { scopeOf, silence, writeHello, writeMissed, writeNews, type News } from './messages.ts'
import {
  createTunnelChanges,
  type TunnelChanges,
  type TunnelChangesParts,
} from './tunnel-changes.ts'

export interface EventReadersParts extends TunnelChangesParts, ChangedKindsParts {
  readonly clock: Clock
  /** The role that somebody has now; throws where their session has ended or changed. */
  roleOf(by: CallerActor): Role | undefined
  session(id: string): Promise<LiveCaller | undefined>
  sessionVersion(id: string): number | undefined
}

/** Who reads events now. */
export interface EventReaders {
  /**
   * Events for somebody, from the moment on that they are read. They end with the session, its role, or a reader
   * who takes nothing.
   *
   * @throws AccessError `too-many-readers`
   */
  open(by: CallerActor): ReadableStream<Uint8Array>
}

/** How often readers are told what has happened, in milliseconds. */
const tellEveryMs = 1_000
/** How often somebody is told that there is nothing to tell. */
const silenceEvery = 15

/** @limit open streams of events of one person or service account: 429 `too_many_readers` */
const maxOfOne = 10
/** @limit open streams of events in all: 429 `too_many_readers` */
const maxInAll = 200
/**
 * Longest time that a reader leaves one message untaken, in milliseconds. What happens meanwhile is not kept for them:
 * they hear that they missed some of it.
 *
 * @limit time for a reader of events to take one: the stream is ended
 */
const maxUntakenMs = 15_000

interface Reader {
  by: CallerActor
  readonly end: (error?: Error) => void
  readonly send: (message: Uint8Array) => void
  /** Whether the message before was taken. */
  isWaiting: boolean
  sentAtMs: number
  hasMissed: boolean
  /** Messages that were not there. */
  quiet: number
}

/** Keeps the readers of events: what has happened is looked at and written once for all of them. */
export function createEventReaders(parts: EventReadersParts): EventReaders {
  const { clock } = parts
  const readers = new Set<Reader>()
  /** Streams that were opened, whether anything of them was read or not. */
  const streams = new Map<object, string>()
  let kinds: ChangedKinds | undefined
  let look: (() => TunnelChanges) | undefined
  let timer: Disposable | undefined

  function begin(): void {
    kinds = followKinds(parts)
    look = createTunnelChanges(parts)
    look()
    timer = clock.schedule(tellEveryMs, tell)
  }

  function enter(reader: Reader): void {
    if (readers.size === 0) begin()
    readers.add(reader)
    deliver(reader, writeHello(new Date(clock.now()).toISOString()))
  }

  function leave(reader: Reader): void {
    if (!readers.delete(reader) || readers.size > 0) return
    timer?.[Symbol.dispose]()
    kinds?.[Symbol.dispose]()
    // They hold every tunnel of the last look.
    kinds = undefined
    look = undefined
  }

  function deliver(reader: Reader, message: Uint8Array): void {
    reader.isWaiting = false
    reader.sentAtMs = clock.now()
    reader.quiet = 0
    reader.send(message)
  }

  function tell(): void {
    if (look === undefined || kinds === undefined) return
    const at = new Date(clock.now()).toISOString()
    const news: News = { at, tunnels: look(), kinds: kinds.take() }
    const written = new Map<string, Uint8Array | undefined>()
    for (const reader of readers) tellOne(reader, news, written)
    if (readers.size > 0) timer = clock.schedule(tellEveryMs, tell)
  }

  function tellOne(reader: Reader, news: News, written: Map<string, Uint8Array | undefined>): void {
    const role = roleNow(reader)
    if (role === 'ended') return reader.end()
    // Their session is read again, and they are told what they missed for it.
    if (role === 'changed') return void (reader.hasMissed = true)
    if (!reader.isWaiting) {
      reader.hasMissed = true
      if (clock.now() - reader.sentAtMs > maxUntakenMs) reader.end(new Error('not read'))
      return
    }
    const scope = scopeOf(role)
    if (!written.has(scope)) written.set(scope, writeNews(news, role))
    const message = reader.hasMissed ? writeMissed(news.at) : written.get(scope)
    reader.quiet += 1
    if (message !== undefined) deliver(reader, message)
    else if (reader.quiet >= silenceEvery) deliver(reader, silence)
    reader.hasMissed = false
  }

  /** In the same step in which they are told. */
  function roleNow(reader: Reader): Role | 'ended' | 'changed' {
    const { session, sessionVersion } = reader.by
    const version = parts.sessionVersion(session.id)
    const endsAtMs = session.expiresAtMs ?? Infinity
    if (version === undefined || endsAtMs <= clock.now()) return 'ended'
    if (version !== sessionVersion) {
      void readAgain(reader)
      return 'changed'
    }
    try {
      return parts.roleOf(reader.by) ?? 'ended'
    } catch {
      // Whatever is in the way of one reader, the others are told.
      return 'ended'
    }
  }

  async function readAgain(reader: Reader): Promise<void> {
    const found = await parts.session(reader.by.session.id).catch(() => undefined)
    if (found === undefined) reader.end()
    else reader.by = { ...reader.by, session: found.session, sessionVersion: found.version }
  }

  function checkRoom(who: string): void {
    const own = [...streams.values()].filter((of) => of === who)
    if (own.length < maxOfOne && streams.size < maxInAll) return
    const message = `there are too many open streams of events${own.length < maxOfOne ? '' : ' of yours'}`
    throw new AccessError('too-many-readers', message, { hint: 'close some pages of the console' })
  }

  function readerOf(
    by: CallerActor,
    controller: ReadableStreamDefaultController<Uint8Array>,
    gone: () => boolean,
  ): Reader {
    return {
      by,
      send: (message) => controller.enqueue(message),
      end(error) {
        // While their session was read, they may have left, or have been told to.
        if (!gone()) return
        if (error === undefined) controller.close()
        else controller.error(error)
      },
      isWaiting: true,
      sentAtMs: clock.now(),
      hasMissed: false,
      quiet: 0,
    }
  }

  return {
    open(by) {
      checkRoom(by.session.userId)
      const stream = {}
      streams.set(stream, by.session.userId)
      let reader: Reader | undefined
      /** False for who is gone already. */
      const gone = (): boolean => {
        if (!streams.delete(stream)) return false
        if (reader !== undefined) leave(reader)
        return true
      }
      return new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (reader !== undefined) {
              reader.isWaiting = true
              return
            }
            reader = readerOf(by, controller, gone)
            enter(reader)
          },
          cancel: () => void gone(),
        },
        { highWaterMark: 0 },
      )
    },
  }
}

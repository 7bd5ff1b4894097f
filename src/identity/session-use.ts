import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { SessionFacts, SessionStore } from '../store/store.ts'

/**
 * When sessions were used last: to the moment what this process has seen, to the minute what other gateways and
 * processes before it have.
 */
export interface SessionUse {
  mark(id: string): void
  forget(id: string): void
  /** One with an open tunnel is in use; a sign-in is the first use. */
  lastUsedAtMs(facts: Pick<SessionFacts, 'id' | 'issuedAtMs' | 'lastUsedAtMs'>): number
  /**
   * Those of one person's sessions that are beyond `max`: the longest unused first, and those with an
   * open tunnel last.
   */
  beyond(max: number, sessions: readonly SessionFacts[]): readonly SessionFacts[]
  /** Notes what is not noted yet. Never rejects. */
  close(): Promise<void>
}

export interface SessionUseOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly store: Pick<SessionStore, 'markUsed'>
  readonly hasTunnel: (sessionId: string) => boolean
}

/**
 * A use is no write: what was used in between is noted together.
 *
 * @limit none: how exactly the last use of a session is kept; what a crash loses of it, later uses make good
 */
const noteIntervalMs = 60_000
/** @limit none: sessions whose use one write notes, the others after them */
const maxNotedAtOnce = 500
/** @limit none: when a session with a tunnel goes: after one that is used at this very moment, which has none */
const never = Number.MAX_SAFE_INTEGER

export function createSessionUse(options: SessionUseOptions): SessionUse {
  const { clock, hasTunnel, store, log } = options
  const times = new Map<string, number>()
  /** Those of `times` that are not in the store, or may not be. */
  const unnoted = new Set<string>()
  const inUse = new Set<string>()
  let timer: Disposable | undefined
  let noting = Promise.resolve()
  let isClosed = false

  function mark(id: string): void {
    times.set(id, clock.now())
    unnoted.add(id)
    arm()
  }

  function arm(): void {
    if (isClosed) return
    timer ??= clock.schedule(noteIntervalMs, () => {
      timer = undefined
      noting = noting.then(note)
    })
  }

  /** Ids by the minute of their last use: few minutes, however many ids. */
  function takeUnnoted(): ReadonlyMap<number, readonly string[]> {
    const byMinute = new Map<number, string[]>()
    for (const id of inUse) {
      if (hasTunnel(id)) unnoted.add(id)
      else inUse.delete(id)
    }
    for (const id of unnoted) {
      if (hasTunnel(id)) {
        times.set(id, clock.now())
        inUse.add(id)
      }
      const atMs = times.get(id) ?? 0
      const minute = atMs - (atMs % noteIntervalMs)
      const ids = byMinute.get(minute)
      if (ids === undefined) byMinute.set(minute, [id])
      else ids.push(id)
    }
    unnoted.clear()
    // A tunnel is used without anybody asking for its session.
    if (inUse.size > 0) arm()
    return byMinute
  }

  async function note(): Promise<void> {
    const batches = [...takeUnnoted()].flatMap(([minute, ids]) =>
      inBatches(ids).map((some) => ({ minute, some })),
    )
    for (const [index, { minute, some }] of batches.entries()) {
      try {
        await store.markUsed(some, minute)
      } catch (error) {
        log.warn('the last use of sessions is not kept', { error: messageOf(error) })
        // The next note has them, also where they are not used again.
        const left = batches.slice(index).flatMap((batch) => batch.some)
        for (const id of left) if (times.has(id)) unnoted.add(id)
        return arm()
      }
    }
  }

  function lastUsedAtMs({
    id,
    issuedAtMs,
    lastUsedAtMs: stored = 0,
  }: Pick<SessionFacts, 'id' | 'issuedAtMs' | 'lastUsedAtMs'>): number {
    return hasTunnel(id) ? clock.now() : Math.max(times.get(id) ?? 0, stored, issuedAtMs)
  }

  return {
    mark,
    forget(id) {
      times.delete(id)
      unnoted.delete(id)
      inUse.delete(id)
    },
    lastUsedAtMs,
    beyond(max, sessions) {
      // The store has the newest first, and of those of one moment the newest is kept.
      const byUse = sessions.toReversed().map((session) => ({
        session,
        atMs: hasTunnel(session.id) ? never : lastUsedAtMs(session),
      }))
      byUse.sort((a, b) => a.atMs - b.atMs)
      return byUse.slice(0, Math.max(0, sessions.length - max)).map(({ session }) => session)
    },
    async close() {
      isClosed = true
      timer?.[Symbol.dispose]()
      noting = noting.then(note)
      await noting
    },
  }
}

function inBatches(ids: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(ids.length / maxNotedAtOnce)
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * maxNotedAtOnce, (index + 1) * maxNotedAtOnce),
  )
}

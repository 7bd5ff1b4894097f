import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Change, ChangeFeed } from './store.ts'

export interface FollowOptions {
  readonly feed: Pick<ChangeFeed, 'onChanges'>
  readonly kind: Change['kind']
  readonly log: Logger
  readonly clock: Clock
  /** Reads everything there is, once. */
  load(): Promise<void>
  /** What a change alone says, at once; also where the row cannot be read afterwards. */
  foretell(change: Change): void
  /** Reads one row as it is now. */
  refresh(id: string): Promise<void>
}

/** After a row could not be read, in milliseconds; twice as long after each time in a row, and no longer than the second. */
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/** What is in memory of some rows of the store. */
export interface Followed {
  /** Resolves once what was written of a row before is here. Whoever wrote it waits for that. */
  settled(id: string): Promise<void> | undefined
}

/**
 * Reads rows of one kind into memory, and keeps them true from then on. One that cannot be read is read again, until it
 * is here: nobody may ever write it again.
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { feed, kind, log, clock } = options
  /** Reads that are under way, each after the one before of the same row. */
  const reading = new Map<string, Promise<void>>()
  const missed = new Set<string>()
  const unread = new Set<string>()
  let retryMs = firstRetryMs
  let retry: Disposable | undefined
  let isLoaded = false

  // Before the first look: what is written meanwhile is read again after it.
  feed.onChanges((changes) => {
    for (const change of changes) {
      if (change.kind !== kind) continue
      if (!isLoaded) missed.add(change.id)
      else {
        options.foretell(change)
        enqueue(change.id)
      }
    }
  })

  function enqueue(id: string): void {
    const before = reading.get(id) ?? Promise.resolve()
    const done = before.then(() => read(id))
    reading.set(id, done)
    void done.finally(() => reading.get(id) === done && reading.delete(id))
  }

  async function read(id: string): Promise<void> {
    try {
      await options.refresh(id)
      unread.delete(id)
      if (unread.size === 0) retryMs = firstRetryMs
    } catch (error) {
      if (!unread.has(id)) {
        const hint = 'it is read again until it can be'
        log.error('a row of the database cannot be read', {
          kind,
          id,
          error: messageOf(error),
          hint,
        })
      }
      unread.add(id)
      retry ??= clock.schedule(retryMs, readUnread)
    }
  }

  function readUnread(): void {
    retry = undefined
    retryMs = Math.min(retryMs * 2, lastRetryMs)
    unread.forEach(enqueue)
  }

  await options.load()
  isLoaded = true
  missed.forEach(enqueue)
  return { settled: (id) => reading.get(id) }
}

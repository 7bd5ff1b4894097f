import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Change, ChangeFeed } from '../store/store.ts'

export interface FollowOptions {
  readonly feed: ChangeFeed
  readonly kind: Change['kind']
  readonly log: Logger
  /** Reads everything there is, once. */
  load(): Promise<void>
  /** What a change alone says, at once; also where the row cannot be read afterwards. */
  foretell(change: Change): void
  /** Reads one row as it is now. */
  refresh(id: string): Promise<void>
}

/** What is in memory of some rows of the store. */
export interface Followed {
  /** Resolves once what was written of a row before is here. Whoever wrote it waits for that. */
  settled(id: string): Promise<void> | undefined
}

/** Reads rows of one kind into memory, and keeps them true from then on. */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { feed, kind, log } = options
  /** Reads that are under way, each after the one before of the same row. */
  const reading = new Map<string, Promise<void>>()
  const missed = new Set<string>()
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
    const done = before.then(() =>
      options.refresh(id).catch((error: unknown) => {
        log.error('what was published cannot be read', { kind, id, error: messageOf(error) })
      }),
    )
    reading.set(id, done)
    void done.finally(() => reading.get(id) === done && reading.delete(id))
  }

  await options.load()
  isLoaded = true
  missed.forEach(enqueue)
  return { settled: (id) => reading.get(id) }
}

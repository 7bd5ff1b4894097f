import type { Kysely } from 'kysely'
import { oneByOne } from '../one-by-one.ts'
import type { Change, ChangeBatch, ChangeFeed } from './store.ts'
import type { ChangeRow, Tables } from './tables.ts'

/** One write that others hear of, in a transaction of its own. */
export interface Write {
  readonly db: Kysely<Tables>
  /**
   * Draws so many revisions and answers the last. It comes before every other statement: whoever has drawn
   * one is the only writer until the end, so that revisions become visible in their order.
   */
  draw(count?: number): Promise<number>
  /** Tells others of a change once the transaction is there. Without any, it is rolled back. */
  note(change: Change): void
}

export interface Writes {
  /** Runs `work` in a transaction; whoever follows the feed has heard of it before this resolves. */
  write<T>(work: (write: Write) => Promise<T>): Promise<T>
  readonly feed: ChangeFeed
}

/** @limit none: changes that one answer has; the next question goes on behind them */
const maxChangesPerBatch = 500
/**
 * An hour or two of ten thousand sessions.
 *
 * @limit none: changes that are kept; whoever was away for longer reads everything anew
 */
const maxKeptChanges = 100_000
/** Changes between two looks for those that are too old. */
const changesPerPrune = 1_000

/**
 * Gives every change a revision. The counter is a row that the writing transaction updates, not a sequence:
 * whoever has read up to 2 must not miss a 1 that is committed later.
 */
export function createChangeFeed(db: Kysely<Tables>): Writes {
  const listeners = new Set<(changes: readonly Change[]) => void>()
  // Not by the lock of the database alone: what follows it must hear of one write before the next.
  const inTurn = oneByOne()
  return {
    write: (work) =>
      inTurn(async () => {
        const { result, noted } = await transact(db, work)
        if (noted.length > 0) for (const listener of listeners) listener(noted)
        return result
      }),
    feed: {
      changes: (sinceRevision) => readChanges(db, sinceRevision),
      onChanges(listener) {
        listeners.add(listener)
        return { [Symbol.dispose]: () => void listeners.delete(listener) }
      },
      async recordedUpTo() {
        const row = db.selectFrom('counters').select('value').where('name', '=', recorded)
        return (await row.executeTakeFirst())?.value
      },
      async noteRecorded(value) {
        const row = db.insertInto('counters').values({ name: recorded, value })
        await row.onConflict((at) => at.column('name').doUpdateSet({ value })).execute()
      },
    },
  }
}

/** The counter that says how far all changes have their records. */
const recorded = 'recorded'

async function transact<T>(
  db: Kysely<Tables>,
  work: (write: Write) => Promise<T>,
): Promise<{ readonly result: T; readonly noted: readonly Change[] }> {
  const noted: Change[] = []
  const transaction = await db.startTransaction().execute()
  try {
    const result = await work({
      db: transaction,
      draw: (count = 1) => drawRevisions(transaction, count),
      note: (change) => void noted.push(change),
    })
    if (noted.length === 0) {
      await transaction.rollback().execute()
      return { result, noted }
    }
    await transaction.insertInto('changes').values(noted.map(toRow)).execute()
    await pruneChanges(transaction, noted)
    await transaction.commit().execute()
    return { result, noted }
  } catch (error) {
    // After a fault of the disk SQLite may have rolled back by itself; the first error is what counts.
    if (!transaction.isCommitted && !transaction.isRolledBack)
      await transaction
        .rollback()
        .execute()
        .catch(() => undefined)
    throw error
  }
}

async function drawRevisions(db: Kysely<Tables>, count: number): Promise<number> {
  const { value } = await db
    .updateTable('counters')
    .set((is) => ({ value: is('value', '+', count) }))
    .where('name', '=', 'revision')
    .returning('value')
    .executeTakeFirstOrThrow()
  return value
}

async function pruneChanges(db: Kysely<Tables>, noted: readonly Change[]): Promise<void> {
  const [first, last] = [noted[0]?.revision ?? 0, noted.at(-1)?.revision ?? 0]
  const isDue = Math.floor((first - 1) / changesPerPrune) < Math.floor(last / changesPerPrune)
  const floor = last - maxKeptChanges
  if (!isDue || floor <= 0) return
  await db.deleteFrom('changes').where('revision', '<=', floor).execute()
  await db.updateTable('counters').set({ value: floor }).where('name', '=', 'pruned').execute()
}

async function readChanges(db: Kysely<Tables>, sinceRevision: number): Promise<ChangeBatch> {
  const rows = await db
    .selectFrom('changes')
    .selectAll()
    .where('revision', '>', sinceRevision)
    .orderBy('revision')
    .limit(maxChangesPerBatch)
    .execute()
  // Behind the rows: those that were pruned meanwhile are missed.
  const counters = await db.selectFrom('counters').selectAll().execute()
  const valueOf = (wanted: string): number =>
    counters.find(({ name }) => name === wanted)?.value ?? 0
  return {
    changes: rows.map(toChange),
    revision: valueOf('revision'),
    isWhole: sinceRevision >= valueOf('pruned'),
  }
}

function toRow({ reason, ...change }: Change): ChangeRow {
  return { ...change, reason: reason ?? null }
}

function toChange({ reason, ...row }: ChangeRow): Change {
  return reason === null ? row : { ...row, reason }
}

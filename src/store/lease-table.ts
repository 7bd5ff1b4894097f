import type { Kysely } from 'kysely'
import type { LeaseStore } from './store.ts'
import type { Tables } from './tables.ts'

/**
 * The table, in the memory of one connection: a state directory is one process's, so that nobody else takes
 * a lease there, and taking one writes to no disk.
 */
export function createTemporaryLeases(db: Kysely<Tables>): Promise<void> {
  return db.schema
    .createTable('leases')
    .temporary()
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('until_ms', 'bigint', (column) => column.notNull())
    .execute()
}

/** Leases in a table. `take` is one statement that names what it may replace: of two takers one gets it. */
export function createLeaseTable(db: Kysely<Tables>): LeaseStore {
  return {
    async take({ name, holder, untilMs }, nowMs) {
      const row = await db
        .insertInto('leases')
        .values({ name, holder, until_ms: untilMs })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ holder, until_ms: untilMs })
            .where((is) =>
              is.or([is('leases.holder', '=', holder), is('leases.until_ms', '<=', nowMs)]),
            ),
        )
        .returning('name')
        .executeTakeFirst()
      return row !== undefined
    },
    async release(name, holder) {
      const lease = db.deleteFrom('leases').where('name', '=', name)
      await lease.where('holder', '=', holder).execute()
    },
  }
}

import type { Kysely } from 'kysely'
import type { RefusalRecord, RefusalStore } from './request-store.ts'
import type { RefusalRow, Tables } from './tables.ts'

/** Refusals in a table, the oldest of which make room for new ones. */
export function createRefusalTable(db: Kysely<Tables>): RefusalStore {
  return {
    async get(id) {
      const all = db.selectFrom('refusals').selectAll()
      const row = await all.where('id', '=', id).executeTakeFirst()
      return row && toRecord(row)
    },
    async add(records, maxRecords, beforeMs) {
      if (records.length > 0)
        await db
          .insertInto('refusals')
          .values(records.map(toRow))
          .onConflict((on) => on.column('id').doNothing())
          .execute()
      await db.deleteFrom('refusals').where('at_ms', '<', beforeMs).execute()
      const surplus = db
        .selectFrom('refusals')
        .select('at_ms')
        .orderBy('at_ms', 'desc')
        .offset(maxRecords)
        .limit(1)
      await db.deleteFrom('refusals').where('at_ms', '<=', surplus).execute()
    },
  }
}

function toRow({ id, userId, email, routeId, atMs, body }: RefusalRecord): RefusalRow {
  return { id, user_id: userId, email: email ?? null, route_id: routeId, at_ms: atMs, body }
}

function toRecord(row: RefusalRow): RefusalRecord {
  const { id, user_id: userId, email, route_id: routeId, at_ms: atMs, body } = row
  return { id, userId, email: email ?? undefined, routeId, atMs, body }
}

import type { Kysely } from 'kysely'
import type { Writes } from './change-feed.ts'
import type { BlockedPersonRecord, BlockedPersonStore } from './request-store.ts'
import type { Stored } from './stored.ts'
import type { BlockedPersonRow, Tables } from './tables.ts'

const kind = 'blocked-person'

/** Blocked people in a table. Every write is one transaction with its change. */
export function createBlockedPersonTable(
  db: Kysely<Tables>,
  { write }: Writes,
): BlockedPersonStore {
  return {
    async get(who) {
      const all = db.selectFrom('blocked_people').selectAll()
      const row = await all.where('who', '=', who).executeTakeFirst()
      return row && toRecord(row)
    },
    async list() {
      const all = db.selectFrom('blocked_people').selectAll()
      const rows = await all.orderBy('blocked_at_ms', 'desc').orderBy('who').execute()
      return rows.map(toRecord)
    },
    put: (record, maxRecords) =>
      write(async (write) => {
        const revision = await write.draw()
        const { who, ...row } = { ...toRow(record), revision }
        const known = await write.db.selectFrom('blocked_people').select('who').execute()
        const isKnown = known.some((other) => other.who === who)
        if (!isKnown && known.length >= maxRecords) return 'full'
        await write.db
          .insertInto('blocked_people')
          .values({ who, ...row })
          .onConflict((on) => on.column('who').doUpdateSet(row))
          .execute()
        write.note({ revision, kind, id: who, change: isKnown ? 'changed' : 'added' })
        return isKnown ? 'replaced' : 'added'
      }),
    remove: (who) =>
      write(async (write) => {
        const revision = await write.draw()
        const { numDeletedRows } = await write.db
          .deleteFrom('blocked_people')
          .where('who', '=', who)
          .executeTakeFirst()
        if (numDeletedRows === 0n) return false
        write.note({ revision, kind, id: who, change: 'ended' })
        return true
      }),
  }
}

function toRow(record: BlockedPersonRecord): Omit<BlockedPersonRow, 'revision'> {
  return {
    who: record.who,
    user_ids: JSON.stringify(record.userIds),
    emails: JSON.stringify(record.emails),
    reason: record.reason,
    blocked_by: record.blockedBy,
    blocked_at_ms: record.blockedAtMs,
  }
}

function toRecord(row: BlockedPersonRow): Stored<BlockedPersonRecord> {
  return {
    who: row.who,
    userIds: JSON.parse(row.user_ids) as readonly string[],
    emails: JSON.parse(row.emails) as readonly string[],
    reason: row.reason,
    blockedBy: row.blocked_by,
    blockedAtMs: row.blocked_at_ms,
    revision: row.revision,
  }
}

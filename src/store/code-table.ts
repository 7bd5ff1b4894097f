import type { Kysely } from 'kysely'
import type { CodeStore } from './store.ts'
import type { Tables } from './tables.ts'

/** One-time codes in a table. `take` deletes and reads in one statement: two takers, one code. */
export function createCodeTable(db: Kysely<Tables>): CodeStore {
  return {
    async add({ hash, sessionId, challenge, expiresAtMs }) {
      await db
        .insertInto('codes')
        .values({ hash, session_id: sessionId, challenge, expires_at_ms: expiresAtMs })
        .execute()
    },
    async take(hash, nowMs) {
      const row = await db
        .deleteFrom('codes')
        .where('hash', '=', hash)
        .returningAll()
        .executeTakeFirst()
      if (!row || row.expires_at_ms <= nowMs) return undefined
      const { session_id: sessionId, challenge, expires_at_ms: expiresAtMs } = row
      return { hash: row.hash, sessionId, challenge, expiresAtMs }
    },
    async removeExpired(nowMs) {
      const { numDeletedRows } = await db
        .deleteFrom('codes')
        .where('expires_at_ms', '<=', nowMs)
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

import type { Kysely } from 'kysely'
import type { Writes } from './change-feed.ts'
import type { PublishCredentialRecord, PublishCredentialStore } from './publish-store.ts'
import type { Stored } from './store.ts'
import type { PublishCredentialRow, Tables } from './tables.ts'

/** Publish credentials in a table. Every write is one transaction with its change. */
export function createPublishCredentialTable(
  db: Kysely<Tables>,
  { write }: Writes,
): PublishCredentialStore {
  const kind = 'publish-credential'
  return {
    async get(id) {
      const all = db.selectFrom('publish_credentials').selectAll()
      const row = await all.where('id', '=', id).executeTakeFirst()
      return row && toRecord(row)
    },
    async list() {
      const rows = await db
        .selectFrom('publish_credentials')
        .selectAll()
        .orderBy('issued_at_ms', 'desc')
        .orderBy('id')
        .execute()
      return rows.map(toRecord)
    },
    add: (record, maxPerPerson) =>
      write(async (write) => {
        const revision = await write.draw()
        const live = await write.db
          .selectFrom('publish_credentials')
          .select('id')
          .where('user_id', '=', record.person.userId)
          .where('revoked_at_ms', 'is', null)
          .where('expires_at_ms', '>', record.issuedAtMs)
          .execute()
        if (live.length >= maxPerPerson) return 'full'
        await write.db.insertInto('publish_credentials').values(toRow(record, revision)).execute()
        write.note({ revision, kind, id: record.id, change: 'added' })
        return 'added'
      }),
    revoke: (id, nowMs) =>
      write(async (write) => {
        const revision = await write.draw()
        const { numUpdatedRows } = await write.db
          .updateTable('publish_credentials')
          .set({ revoked_at_ms: nowMs, revision })
          .where('id', '=', id)
          .where('revoked_at_ms', 'is', null)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        write.note({ revision, kind, id, change: 'changed' })
        return true
      }),
    removeExpired: (nowMs) =>
      write(async (write) => {
        const expired = await write.db
          .selectFrom('publish_credentials')
          .select('id')
          .where('expires_at_ms', '<=', nowMs)
          .limit(maxRemoved)
          .execute()
        if (expired.length === 0) return 0
        const last = await write.draw(expired.length)
        const ids = expired.map(({ id }) => id)
        await write.db.deleteFrom('publish_credentials').where('id', 'in', ids).execute()
        for (const [index, id] of ids.entries())
          write.note({ revision: last - ids.length + 1 + index, kind, id, change: 'ended' })
        return ids.length
      }),
  }
}

/** @limit none: expired publish credentials that one statement removes; the next look removes more */
const maxRemoved = 500

function toRow(record: PublishCredentialRecord, revision: number): PublishCredentialRow {
  return {
    id: record.id,
    secret_hash: record.secretHash,
    site: record.site,
    user_id: record.person.userId,
    person: JSON.stringify(record.person),
    host: record.host,
    issued_at_ms: record.issuedAtMs,
    expires_at_ms: record.expiresAtMs,
    revoked_at_ms: record.revokedAtMs ?? null,
    revision,
  }
}

function toRecord(row: PublishCredentialRow): Stored<PublishCredentialRecord> {
  const person = JSON.parse(row.person) as PublishCredentialRecord['person']
  return {
    id: row.id,
    secretHash: row.secret_hash,
    site: row.site,
    // JSON knows no undefined.
    person: { ...person, email: person.email, name: person.name },
    host: row.host,
    issuedAtMs: row.issued_at_ms,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    revision: row.revision,
  }
}

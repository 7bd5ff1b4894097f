import type { Kysely } from 'kysely'
import type { ServiceAccountRecord, ServiceAccountStore } from './store.ts'
import type { ServiceAccountRow, Tables } from './tables.ts'

/** Service accounts in a table; every method is one statement. */
export function createServiceAccountTable(db: Kysely<Tables>): ServiceAccountStore {
  return {
    async get(id) {
      const row = await db
        .selectFrom('service_accounts')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toRecord(row)
    },
    async add(record) {
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto('service_accounts')
        .values(toRow(record))
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows > 0n
    },
    async update(record) {
      const { id, ...row } = toRow(record)
      const result = await db
        .updateTable('service_accounts')
        .set(row)
        .where('id', '=', id)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    async markUsed(id, dayMs) {
      const used = db.updateTable('service_accounts').set({ last_used_day_ms: dayMs })
      await used.where('id', '=', id).execute()
    },
    async list() {
      const rows = await db.selectFrom('service_accounts').selectAll().orderBy('id').execute()
      return rows.map(toRecord)
    },
  }
}

function toRow(record: ServiceAccountRecord): ServiceAccountRow {
  return {
    id: record.id,
    description: record.description,
    format: record.format,
    secret_hash: record.secretHash,
    former_secret_hash: record.formerSecretHash ?? null,
    former_until_ms: record.formerUntilMs ?? null,
    created_at_ms: record.createdAtMs,
    rotated_at_ms: record.rotatedAtMs,
    expires_at_ms: record.expiresAtMs ?? null,
    revoked_at_ms: record.revokedAtMs ?? null,
    last_used_day_ms: record.lastUsedDayMs ?? null,
  }
}

function toRecord(row: ServiceAccountRow): ServiceAccountRecord {
  return {
    id: row.id,
    description: row.description,
    format: row.format,
    secretHash: row.secret_hash,
    formerSecretHash: row.former_secret_hash ?? undefined,
    formerUntilMs: row.former_until_ms ?? undefined,
    createdAtMs: row.created_at_ms,
    rotatedAtMs: row.rotated_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    lastUsedDayMs: row.last_used_day_ms ?? undefined,
  }
}

import type { Kysely } from 'kysely'
import type { Writes } from './change-feed.ts'
import type { ServiceAccountRecord, ServiceAccountStore, Stored } from './store.ts'
import type { ServiceAccountRow, Tables } from './tables.ts'

/** Service accounts in a table. Every write but that of a use is one transaction with its change. */
export function createServiceAccountTable(
  db: Kysely<Tables>,
  { write }: Writes,
): ServiceAccountStore {
  return {
    async get(id) {
      const row = await db
        .selectFrom('service_accounts')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toRecord(row)
    },
    add: (record, maxRecords) =>
      write(async (write) => {
        const revision = await write.draw()
        const { id } = record
        const rows = await write.db.selectFrom('service_accounts').select('id').execute()
        if (rows.some((row) => row.id === id)) return 'id-taken'
        if (rows.length >= maxRecords) return 'full'
        const row = { ...toRow(record), revision }
        await write.db.insertInto('service_accounts').values(row).execute()
        write.note({ revision, kind: 'service-account', id, change: 'added' })
        return 'added'
      }),
    update: (record) =>
      write(async (write) => {
        const revision = await write.draw()
        const { id, ...row } = toRow(record)
        const { numUpdatedRows } = await write.db
          .updateTable('service_accounts')
          .set({ ...row, revision })
          .where('id', '=', id)
          .where('revision', '=', record.revision)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        write.note({ revision, kind: 'service-account', id, change: 'changed' })
        return true
      }),
    async markUsed(id, dayMs) {
      const used = db.updateTable('service_accounts').set({ last_used_day_ms: dayMs })
      await used.where('id', '=', id).execute()
    },
    async list() {
      const rows = await db.selectFrom('service_accounts').selectAll().orderBy('id').execute()
      return rows.map(toRecord)
    },
    async count(nowMs) {
      const { count } = await db
        .selectFrom('service_accounts')
        .select(({ fn }) => fn.countAll<number | bigint | string>().as('count'))
        .where('revoked_at_ms', 'is', null)
        .where((is) => is.or([is('expires_at_ms', 'is', null), is('expires_at_ms', '>', nowMs)]))
        .executeTakeFirstOrThrow()
      return Number(count)
    },
  }
}

function toRow(record: ServiceAccountRecord): Omit<ServiceAccountRow, 'revision'> {
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

function toRecord(row: ServiceAccountRow): Stored<ServiceAccountRecord> {
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
    revision: row.revision,
  }
}

import type { Kysely } from 'kysely'
import type { Write, Writes } from './change-feed.ts'
import type { ScimLimits, ScimRecord, ScimStore } from './scim-store.ts'
import type { Stored } from './stored.ts'
import type { ScimResourceRow, Tables } from './tables.ts'

/** Provisioned users and groups in a table. Every write is one transaction with its change. */
export function createScimTable(db: Kysely<Tables>, { write }: Writes): ScimStore {
  const all = () => db.selectFrom('scim_resources').selectAll()
  return {
    async get(kind, id) {
      const row = await all().where('kind', '=', kind).where('id', '=', id).executeTakeFirst()
      return row && toRecord(row)
    },
    async list(kind) {
      const rows = all().where('kind', '=', kind).orderBy('created_at_ms').orderBy('id')
      return (await rows.execute()).map(toRecord)
    },
    add: (record, limits) =>
      write(async (write) => {
        const revision = await write.draw()
        if (await isTaken(write, record)) return 'taken'
        if ((await countOf(write, record.kind)) >= limits.maxRecords) return 'full'
        const row = { ...toRow(record), revision }
        await write.db.insertInto('scim_resources').values(row).execute()
        note(write, revision, record, 'added')
        return revision
      }),
    update: (record, limits) =>
      write(async (write) => {
        const revision = await write.draw()
        if (await isTaken(write, record)) return 'taken'
        const { numUpdatedRows } = await write.db
          .updateTable('scim_resources')
          .set({ ...toRow(record), revision })
          .where('id', '=', record.id)
          .where('revision', '=', record.revision)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return 'changed'
        note(write, revision, record, 'changed')
        if (record.isDeleted) await forgetOldest(write, record.kind, limits)
        return revision
      }),
    remove: (record) =>
      write(async (write) => {
        const revision = await write.draw()
        const { numDeletedRows } = await write.db
          .deleteFrom('scim_resources')
          .where('kind', '=', record.kind)
          .where('id', '=', record.id)
          .where('revision', '=', record.revision)
          .executeTakeFirst()
        if (numDeletedRows === 0n) return false
        note(write, revision, record, 'ended')
        return true
      }),
  }
}

async function isTaken({ db }: Write, { kind, id, key }: ScimRecord): Promise<boolean> {
  if (key === undefined) return false
  const other = await db
    .selectFrom('scim_resources')
    .select('id')
    .where('kind', '=', kind)
    .where('unique_key', '=', key)
    .where('id', '<>', id)
    .executeTakeFirst()
  return other !== undefined
}

async function countOf({ db }: Write, kind: ScimRecord['kind']): Promise<number> {
  const { count } = await db
    .selectFrom('scim_resources')
    .select(({ fn }) => fn.countAll<number | bigint | string>().as('count'))
    .where('kind', '=', kind)
    .where('is_deleted', '=', 0)
    .executeTakeFirstOrThrow()
  return Number(count)
}

async function forgetOldest(
  write: Write,
  kind: ScimRecord['kind'],
  { maxDeleted }: ScimLimits,
): Promise<void> {
  const surplus = await write.db
    .selectFrom('scim_resources')
    .select('id')
    .where('kind', '=', kind)
    .where('is_deleted', '=', 1)
    .orderBy('updated_at_ms', 'desc')
    .orderBy('id')
    .limit(Number.MAX_SAFE_INTEGER)
    .offset(maxDeleted)
    .execute()
  for (const { id } of surplus) {
    await write.db.deleteFrom('scim_resources').where('id', '=', id).execute()
    note(write, await write.draw(), { kind, id }, 'ended')
  }
}

function note(
  write: Write,
  revision: number,
  { kind, id }: Pick<ScimRecord, 'kind' | 'id'>,
  change: 'added' | 'changed' | 'ended',
): void {
  write.note({ revision, kind: `scim-${kind}`, id, change })
}

function toRow(record: ScimRecord): Omit<ScimResourceRow, 'revision'> {
  return {
    id: record.id,
    kind: record.kind,
    unique_key: record.key ?? null,
    body: record.body,
    created_at_ms: record.createdAtMs,
    updated_at_ms: record.updatedAtMs,
    is_deleted: record.isDeleted ? 1 : 0,
  }
}

function toRecord(row: ScimResourceRow): Stored<ScimRecord> {
  return {
    kind: row.kind,
    id: row.id,
    key: row.unique_key ?? undefined,
    body: row.body,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    isDeleted: row.is_deleted === 1,
    revision: row.revision,
  }
}

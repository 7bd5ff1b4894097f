import type { Kysely } from 'kysely'
import type { Write, Writes } from './change-feed.ts'
import type { NamedTunnelLimits, NamedTunnelRecord, NamedTunnelStore } from './publish-store.ts'
import type { Stored } from './store.ts'
import type { NamedTunnelRow, PublishedNameRow, Tables } from './tables.ts'

/** Named tunnels in a table, their host names in another. Every write is one transaction with its change. */
export function createNamedTunnelTable(db: Kysely<Tables>, { write }: Writes): NamedTunnelStore {
  return {
    async get(id) {
      const tunnels = db.selectFrom('named_tunnels').selectAll()
      const row = await tunnels.where('id', '=', id).executeTakeFirst()
      if (row === undefined) return undefined
      const names = db.selectFrom('published_names').selectAll().orderBy('hostname')
      return toRecord(row, await names.where('tunnel_id', '=', id).execute())
    },
    async list() {
      const order = ['created_at_ms', 'id'] as const
      const rows = await db.selectFrom('named_tunnels').selectAll().orderBy(order).execute()
      const names = await db.selectFrom('published_names').selectAll().orderBy('hostname').execute()
      const ofTunnel = Map.groupBy(names, ({ tunnel_id: tunnelId }) => tunnelId)
      return rows.map((row) => toRecord(row, ofTunnel.get(row.id) ?? []))
    },
    add: (record, limits) =>
      write(async (write) => {
        const revision = await write.draw()
        const refused = await refuse(write.db, record, limits)
        if (refused !== undefined) return refused
        await write.db.insertInto('named_tunnels').values(toRow(record, revision)).execute()
        await forgetDeleted(write.db, limits.maxDeleted)
        write.note({ revision, kind: 'named-tunnel', id: record.id, change: 'added' })
        return 'added'
      }),
    update: (record) => write((write) => replace(write, record)),
  }
}

async function refuse(
  db: Kysely<Tables>,
  record: NamedTunnelRecord,
  { maxTunnels, maxPerPerson }: NamedTunnelLimits,
): Promise<'name-taken' | 'full' | 'person-full' | undefined> {
  const rows = await db
    .selectFrom('named_tunnels')
    .select(['name_key', 'user_id'])
    .where('deleted_at_ms', 'is', null)
    .execute()
  if (rows.some(({ name_key: key }) => key === record.name.toLowerCase())) return 'name-taken'
  if (rows.length >= maxTunnels) return 'full'
  const theirs = rows.filter(({ user_id: userId }) => userId === record.userId)
  return theirs.length >= maxPerPerson ? 'person-full' : undefined
}

async function replace(
  { db, draw, note }: Write,
  record: Stored<NamedTunnelRecord>,
): Promise<'updated' | 'overtaken' | 'hostname-taken'> {
  const revision = await draw()
  const { id, hostnames } = record
  const { name_key, generation, deleted_at_ms, services } = toRow(record, revision)
  const { numUpdatedRows } = await db
    .updateTable('named_tunnels')
    .set({ name_key, generation, deleted_at_ms, services, revision })
    .where('id', '=', id)
    .where('revision', '=', record.revision)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return 'overtaken'
  await db.deleteFrom('published_names').where('tunnel_id', '=', id).execute()
  // Without a change to note, all of this is rolled back.
  if (!(await insertNames(db, id, hostnames))) return 'hostname-taken'
  note({ revision, kind: 'named-tunnel', id, change: deleted_at_ms === null ? 'changed' : 'ended' })
  return 'updated'
}

async function insertNames(
  db: Kysely<Tables>,
  tunnelId: string,
  hostnames: NamedTunnelRecord['hostnames'],
): Promise<boolean> {
  if (hostnames.length === 0) return true
  const rows = hostnames.map(({ hostname, createdAtMs }): PublishedNameRow => ({
    hostname,
    tunnel_id: tunnelId,
    created_at_ms: createdAtMs,
  }))
  const { numInsertedOrUpdatedRows = 0n } = await db
    .insertInto('published_names')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === BigInt(rows.length)
}

async function forgetDeleted(db: Kysely<Tables>, maxDeleted: number): Promise<void> {
  const deleted = db.selectFrom('named_tunnels').select('id').where('deleted_at_ms', 'is not', null)
  const rows = await deleted
    .orderBy('deleted_at_ms', 'desc')
    .offset(maxDeleted)
    .limit(1000)
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await db.deleteFrom('named_tunnels').where('id', 'in', ids).execute()
}

function toRow(record: NamedTunnelRecord, revision: number): NamedTunnelRow {
  return {
    id: record.id,
    name: record.name,
    name_key: record.deletedAtMs === undefined ? record.name.toLowerCase() : null,
    site: record.site,
    created_by: record.createdBy,
    user_id: record.userId,
    created_at_ms: record.createdAtMs,
    generation: record.generation,
    deleted_at_ms: record.deletedAtMs ?? null,
    services: record.services ?? null,
    revision,
  }
}

function toRecord(
  row: NamedTunnelRow,
  names: readonly PublishedNameRow[],
): Stored<NamedTunnelRecord> {
  return {
    id: row.id,
    name: row.name,
    site: row.site,
    createdBy: row.created_by,
    userId: row.user_id,
    createdAtMs: row.created_at_ms,
    generation: row.generation,
    deletedAtMs: row.deleted_at_ms ?? undefined,
    services: row.services ?? undefined,
    hostnames: names.map(({ hostname, created_at_ms: createdAtMs }) => ({ hostname, createdAtMs })),
    revision: row.revision,
  }
}

import type { Kysely } from 'kysely'

/** By what the audit log is searched. */
export async function createAuditIndex(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_index')
    .addColumn('series', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('email', 'text')
    .addColumn('user_id', 'text')
    .addColumn('actor', 'text')
    .addColumn('ip', 'text')
    .addColumn('route', 'text')
    .addColumn('route_id', 'text')
    .addColumn('request_id', 'text')
    .addColumn('outcome', 'text')
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('offset', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_index_key', ['series', 'seq'])
    .execute()
  // Each with the order of a page, so that one is read and no more.
  for (const column of ['kind', 'email', 'user_id', 'actor', 'route_id', 'request_id'])
    await db.schema
      .createIndex(`audit_index_${column}`)
      .on('audit_index')
      .columns([column, 'at_ms desc'])
      .execute()
  await db.schema
    .createIndex('audit_index_at_ms')
    .on('audit_index')
    .columns(['at_ms desc', 'series', 'seq desc'])
    .execute()
  await db.schema
    .createTable('audit_places')
    .addColumn('series', 'text', (column) => column.primaryKey().notNull())
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('offset', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
}

import { sql, type Kysely } from 'kysely'

/** Routes and policies beside the configuration file, and what was done to them. */
export async function createAccessDocuments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('access_documents')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('body_bytes', 'bigint', (column) => column.notNull())
    .addColumn('disabled', 'integer', (column) => column.notNull())
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('updated_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('access_documents_key', ['kind', 'id'])
    .execute()
  await db.schema
    .createTable('access_history')
    .addColumn('revision', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('change', 'text', (column) => column.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('by', 'text', (column) => column.notNull())
    .addColumn('note', 'text', (column) => column.notNull())
    .execute()
  const ofDocument = db.schema.createIndex('access_history_document')
  await ofDocument.on('access_history').columns(['kind', 'id', 'revision desc']).execute()
}

/** How much each change takes in the history, so that it is bounded by that too. */
export async function addHistoryBytes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('access_history')
    .addColumn('bytes', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  await sql`
    update access_history
    set bytes = coalesce(octet_length("before"), 0) + coalesce(octet_length("after"), 0)`.execute(
    db,
  )
  // Sums are made of it alone: the rows behind it are long.
  const ofAll = db.schema.createIndex('access_history_bytes')
  await ofAll.on('access_history').columns(['revision desc', 'bytes']).execute()
}

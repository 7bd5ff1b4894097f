import type { Kysely } from 'kysely'

/** What OCSP responders have said of certificates that are served, so that it outlives a restart. */
export async function createOcspAnswers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ocsp_answers')
    .addColumn('certificate', 'text', (column) => column.primaryKey().notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addColumn('from_ms', 'bigint', (column) => column.notNull())
    .addColumn('until_ms', 'bigint', (column) => column.notNull())
    .addColumn('fetched_at_ms', 'bigint', (column) => column.notNull())
    .execute()
}

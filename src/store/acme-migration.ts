import type { Kysely } from 'kysely'

/** Certificates that the gateway fetches, the accounts it fetches them with, and what proves its names. */
export async function createAcme(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('acme_records')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('token_key', 'text')
    .addColumn('private_key', 'text')
    .addColumn('changed_at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('acme_records_key', ['kind', 'name'])
    .execute()
}

import type { Kysely } from 'kysely'

/** Users and groups that were provisioned. */
export async function createScimResources(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('scim_resources')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('unique_key', 'text')
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('is_deleted', 'integer', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('scim_resources_unique_key', ['kind', 'unique_key'])
    .execute()
  const inOrder = db.schema.createIndex('scim_resources_created_at_ms')
  await inOrder.on('scim_resources').columns(['kind', 'created_at_ms', 'id']).execute()
}

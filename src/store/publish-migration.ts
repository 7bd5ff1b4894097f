import type { Kysely } from 'kysely'
import type { PublisherFacts } from './publish-store.ts'
import type { Tables } from './tables.ts'

/** Named tunnels and their host names, the credentials of publishers, and the gateway's own key pairs. */
export async function createPublishing(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('named_tunnels')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('name_key', 'text', (column) => column.unique())
    .addColumn('site', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('deleted_at_ms', 'bigint')
    .addColumn('services', 'text')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('published_names')
    .addColumn('hostname', 'text', (column) => column.primaryKey().notNull())
    .addColumn('tunnel_id', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .execute()
  const ofTunnel = db.schema.createIndex('published_names_tunnel_id')
  await ofTunnel.on('published_names').column('tunnel_id').execute()
  await createCredentials(db)
  await createSigningKeys(db)
  for (const column of ['public_key', 'site'])
    await db.schema.alterTable('device_codes').addColumn(column, 'text').execute()
}

/** Who made each named tunnel, by user id. Those there are: of whoever had a credential by that name. */
export async function addTunnelMakers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('named_tunnels')
    .addColumn('user_id', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  const tables = db.withTables<Pick<Tables, 'named_tunnels' | 'publish_credentials'>>()
  const credentials = await tables
    .selectFrom('publish_credentials')
    .select(['user_id', 'person'])
    .execute()
  const userIds = new Map(credentials.map(({ user_id, person }) => [emailIn(person), user_id]))
  const tunnels = await tables.selectFrom('named_tunnels').select(['id', 'created_by']).execute()
  for (const { id, created_by: name } of tunnels) {
    const made = { user_id: userIds.get(name) ?? name }
    await tables.updateTable('named_tunnels').set(made).where('id', '=', id).execute()
  }
}

function emailIn(person: string): string | undefined {
  return (JSON.parse(person) as PublisherFacts).email
}

async function createCredentials(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('publish_credentials')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull())
    .addColumn('site', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('issued_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at_ms', 'bigint')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute()
}

async function createSigningKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('signing_keys')
    .addColumn('kid', 'text', (column) => column.primaryKey().notNull())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('token_key', 'text', (column) => column.notNull())
    .addColumn('private_key', 'text', (column) => column.notNull())
    .addColumn('public_key', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('retired_at_ms', 'bigint')
    .execute()
}

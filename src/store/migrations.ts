import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import { SystemError, messageOf } from '../errors.ts'
import { addHistoryBytes, createAccessDocuments } from './access-document-migration.ts'
import { createAccounts } from './account-migration.ts'
import { createAcme } from './acme-migration.ts'
import { createAuditIndex } from './audit-index-migration.ts'
import { createOcspAnswers } from './ocsp-answer-migration.ts'
import { addProviderLogouts } from './provider-logout-migration.ts'
import { addTunnelMakers, createPublishing } from './publish-migration.ts'
import { addRequestedFrom, createRequests } from './request-migration.ts'
import { createSamples } from './sample-migration.ts'
import { createScimResources } from './scim-migration.ts'
import type { Tables } from './tables.ts'

/** Every change of the tables, in order of their names. Never edit one that was released: add one. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-sessions-and-codes': { up: createSessionsAndCodes },
  '0002-service-accounts': { up: createServiceAccounts },
  '0003-device-codes': { up: createDeviceCodes },
  '0004-token-keys': { up: createTokenKeys },
  '0005-revisions': { up: createRevisions },
  '0006-session-order': { up: createSessionOrder },
  '0007-publishing': { up: createPublishing },
  '0008-tunnel-makers': { up: addTunnelMakers },
  '0009-access-documents': { up: createAccessDocuments },
  '0010-access-requests': { up: createRequests },
  '0011-audit-index': { up: createAuditIndex },
  '0012-samples': { up: createSamples },
  '0013-requested-from': { up: addRequestedFrom },
  '0014-history-bytes': { up: addHistoryBytes },
  '0015-acme': { up: createAcme },
  '0016-session-providers': { up: addSessionProviders },
  '0017-scim': { up: createScimResources },
  '0018-provider-logouts': { up: addProviderLogouts },
  '0019-session-use': { up: addSessionUse },
  '0020-accounts': { up: createAccounts },
  '0021-ocsp-answers': { up: createOcspAnswers },
}

/** In their order. */
export const migrationNames: readonly string[] = Object.keys(migrations)

/** Where the migrator notes what it has done. */
const journal = 'kysely_migration'

/** Brings the tables up to date; throws `SystemError` `database-too-new` for a later release's. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const unknown = (await appliedMigrations(db)).filter((name) => !Object.hasOwn(migrations, name))
  if (unknown.length > 0) {
    const text = `the database was written by a later release (it has "${unknown[0]}")`
    throw new SystemError('database-too-new', text, {
      hint: 'run that release, or set a copy of the database from before its upgrade in place',
    })
  }
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error !== undefined) throw error instanceof Error ? error : new Error(messageOf(error))
}

async function appliedMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === journal)) return []
  const rows = await db
    .withTables<{ [journal]: { name: string } }>()
    .selectFrom(journal)
    .select('name')
    .execute()
  return rows.map(({ name }) => name)
}

async function createSessionsAndCodes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('email', 'text')
    .addColumn('email_verified', 'integer', (column) => column.notNull())
    .addColumn('name', 'text')
    .addColumn('groups', 'text', (column) => column.notNull())
    .addColumn('claims', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('issued_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('refreshed_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('refresh_due_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('access_token', 'text')
    .addColumn('access_token_expires_at_ms', 'bigint')
    .addColumn('refresh_token', 'text')
    .addColumn('id_token', 'text')
    .execute()
  for (const column of ['user_id', 'expires_at_ms', 'refresh_due_at_ms']) {
    await db.schema.createIndex(`sessions_${column}`).on('sessions').column(column).execute()
  }
  await db.schema
    .createTable('codes')
    .addColumn('hash', 'text', (column) => column.primaryKey().notNull())
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('challenge', 'text', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('codes_expires_at_ms').on('codes').column('expires_at_ms').execute()
}

async function createServiceAccounts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('service_accounts')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull())
    .addColumn('former_secret_hash', 'text')
    .addColumn('former_until_ms', 'bigint')
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('rotated_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint')
    .addColumn('revoked_at_ms', 'bigint')
    .addColumn('last_used_day_ms', 'bigint')
    .execute()
}

async function createDeviceCodes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('device_codes')
    .addColumn('secret_hash', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_code', 'text', (column) => column.notNull().unique())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('command', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text')
    .addColumn('session_id', 'text')
    .execute()
  const expiry = db.schema.createIndex('device_codes_expires_at_ms')
  await expiry.on('device_codes').column('expires_at_ms').execute()
  await db.schema.alterTable('sessions').addColumn('device', 'text').execute()
}

async function createTokenKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('token_keys')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('secret_id', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.alterTable('sessions').addColumn('token_key', 'text').execute()
  const index = db.schema.createIndex('sessions_token_key')
  await index.on('sessions').column('token_key').execute()
}

async function createRevisions(db: Kysely<unknown>): Promise<void> {
  for (const table of ['sessions', 'service_accounts']) {
    await db.schema
      .alterTable(table)
      .addColumn('revision', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
  }
  await db.schema
    .createTable('counters')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
  const counters = db.withTables<{ counters: { name: string; value: number } }>()
  await counters
    .insertInto('counters')
    .values(['revision', 'pruned'].map((name) => ({ name, value: 0 })))
    .execute()
  await db.schema
    .createTable('changes')
    .addColumn('revision', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('change', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .execute()
}

/** A page of sessions is read where the one before it ended, and not from the beginning. */
async function createSessionOrder(db: Kysely<unknown>): Promise<void> {
  const index = db.schema.createIndex('sessions_issued_at_ms')
  await index.on('sessions').columns(['issued_at_ms desc', 'id']).execute()
}

/** Before there were several, the one that the keys `idp_*` name. */
async function addSessionProviders(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('sessions')
    .addColumn('provider', 'text', (column) => column.notNull().defaultTo('default'))
    .execute()
}

/** Where a session came from, what it is for, and when it was used. */
async function addSessionUse(db: Kysely<unknown>): Promise<void> {
  for (const [name, type] of [
    ['address', 'text'],
    ['client', 'text'],
    ['last_used_at_ms', 'bigint'],
  ] as const)
    await db.schema.alterTable('sessions').addColumn(name, type).execute()
}

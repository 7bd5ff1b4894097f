import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/** Sessions whose claims are read at a time. */
const sessionsPerStep = 500

/** What providers say of people who have signed out there, and by what they name each sign-in. */
export async function addProviderLogouts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('provider_logouts')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text')
    .addColumn('sid', 'text')
    .addColumn('issued_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('kept_until_ms', 'bigint', (column) => column.notNull())
    .execute()
  for (const column of ['kept_until_ms', 'user_id', 'sid']) {
    const index = db.schema.createIndex(`provider_logouts_${column}`)
    await index.on('provider_logouts').column(column).execute()
  }
  await db.schema.alterTable('sessions').addColumn('sid', 'text').execute()
  await db.schema.createIndex('sessions_sid').on('sessions').column('sid').execute()
  await readKnownSids(db.withTables<Pick<Tables, 'sessions'>>())
}

/** The claims of a sign-in have it already, where its provider gave one. */
async function readKnownSids(db: Kysely<Pick<Tables, 'sessions'>>): Promise<void> {
  let after = ''
  for (;;) {
    const rows = await db
      .selectFrom('sessions')
      .select(['id', 'claims'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(sessionsPerStep)
      .execute()
    for (const { id, claims } of rows) {
      const { sid } = JSON.parse(claims) as { readonly sid?: unknown }
      if (typeof sid === 'string' && sid !== '')
        await db.updateTable('sessions').set({ sid }).where('id', '=', id).execute()
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
  }
}

import type { Kysely } from 'kysely'

/** Requests for access, people who are blocked, and why somebody was refused. */
export async function createRequests(db: Kysely<unknown>): Promise<void> {
  await createAccessRequests(db)
  await db.schema
    .createTable('blocked_people')
    .addColumn('who', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_ids', 'text', (column) => column.notNull())
    .addColumn('emails', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('blocked_by', 'text', (column) => column.notNull())
    .addColumn('blocked_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('refusals')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('email', 'text')
    .addColumn('route_id', 'text', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('refusals_at_ms').on('refusals').column('at_ms').execute()
}

/** What a route was reached by when access to it was asked for. Before that nobody is known to have asked for it. */
export async function addRequestedFrom(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('access_requests')
    .addColumn('route_from', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
}

async function createAccessRequests(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('access_requests')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('route_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('email', 'text')
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('for_ms', 'bigint', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('decided_by', 'text')
    .addColumn('decided_at_ms', 'bigint')
    .addColumn('note', 'text')
    .addColumn('until_ms', 'bigint')
    .addColumn('ended_by', 'text')
    .addColumn('ended_at_ms', 'bigint')
    .addColumn('is_break_glass', 'integer', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute()
  const newestFirst = db.schema.createIndex('access_requests_created_at_ms')
  await newestFirst.on('access_requests').columns(['created_at_ms desc', 'id']).execute()
  for (const column of ['user_id', 'state']) {
    const index = db.schema.createIndex(`access_requests_${column}`)
    await index.on('access_requests').column(column).execute()
  }
}

import type { Kysely } from 'kysely'

const counts = [
  'tunnels_open',
  'tunnels_opened',
  'bytes_up',
  'bytes_down',
  'allowed',
  'denied',
  'sign_in_needed',
  'certificate_needed',
  'sign_ins_ok',
  'sign_ins_failed',
  'sessions',
  'connectors',
]

/** Figures over time. */
export async function createSamples(db: Kysely<unknown>): Promise<void> {
  const begun = db.schema
    .createTable('samples')
    .addColumn('span', 'text', (column) => column.notNull())
    .addColumn('route_id', 'text', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
  await counts
    .reduce((table, name) => table.addColumn(name, 'bigint', (it) => it.notNull()), begun)
    .addPrimaryKeyConstraint('samples_key', ['span', 'route_id', 'at_ms'])
    .execute()
  // The busiest routes of a time, and the rows that are too old.
  await db.schema.createIndex('samples_at_ms').on('samples').columns(['span', 'at_ms']).execute()
}

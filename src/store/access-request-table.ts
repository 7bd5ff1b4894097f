import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Writes } from './change-feed.ts'
import type {
  AccessRequestFilter,
  AccessRequestLimits,
  AccessRequestRecord,
  AccessRequestStore,
} from './request-store.ts'
import type { Stored } from './stored.ts'
import type { AccessRequestRow, Tables } from './tables.ts'

const kind = 'access-request'

/** Requests for access in a table. Every write of one is one transaction with its change. */
export function createAccessRequestTable(
  db: Kysely<Tables>,
  { write }: Writes,
): AccessRequestStore {
  return {
    async get(id) {
      const all = db.selectFrom('access_requests').selectAll()
      const row = await all.where('id', '=', id).executeTakeFirst()
      return row && toRecord(row)
    },
    add: (record, limits) =>
      write(async (write) => {
        const revision = await write.draw()
        const fault = await faultOf(write.db, record, limits)
        if (fault !== undefined) return fault
        await write.db
          .insertInto('access_requests')
          .values({ ...toRow(record), revision })
          .execute()
        write.note({ revision, kind, id: record.id, change: 'added' })
        return 'added'
      }),
    update: (record) =>
      write(async (write) => {
        const revision = await write.draw()
        const { id, ...row } = toRow(record)
        const { numUpdatedRows } = await write.db
          .updateTable('access_requests')
          .set({ ...row, revision })
          .where('id', '=', id)
          .where('revision', '=', record.revision)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        write.note({ revision, kind, id, change: 'changed' })
        return true
      }),
    async listOpen(nowMs) {
      const rows = await db
        .selectFrom('access_requests')
        .selectAll()
        .where((is) => isOpen(is, nowMs))
        .orderBy('created_at_ms')
        .orderBy('id')
        .execute()
      return rows.map(toRecord)
    },
    async listPage(filter, maxRecords, after) {
      const rows = await pageOf(db, filter, after).limit(maxRecords).execute()
      return rows.map(toRecord)
    },
    async removeOld(beforeMs, nowMs) {
      const { numDeletedRows } = await db
        .deleteFrom('access_requests')
        .where('created_at_ms', '<', beforeMs)
        .where((is) => is.not(isOpen(is, nowMs)))
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

type Rows = ExpressionBuilder<Tables, 'access_requests'>

function isOpen(is: Rows, nowMs: number) {
  return is.or([
    is.and([is('state', '=', 'pending'), is('expires_at_ms', '>', nowMs)]),
    is.and([is('state', '=', 'approved'), is('until_ms', '>', nowMs)]),
  ])
}

async function faultOf(
  db: Kysely<Tables>,
  record: AccessRequestRecord,
  limits: AccessRequestLimits,
): Promise<'asked-already' | 'full' | 'person-full' | undefined> {
  const { userId, routeId, routeFrom, createdAtMs, state } = record
  const open = await db
    .selectFrom('access_requests')
    .select(['user_id', 'route_id', 'route_from', 'state'])
    .where((is) => isOpen(is, createdAtMs))
    .execute()
  const own = open.filter((row) => row.user_id === userId)
  const isAsked = own.some(
    (row) => row.route_id === routeId && row.route_from === routeFrom && row.state === state,
  )
  if (isAsked) return 'asked-already'
  if (open.length >= limits.maxOpen) return 'full'
  if (own.length >= limits.maxOpenPerPerson) return 'person-full'
  const { count } = await db
    .selectFrom('access_requests')
    .select(({ fn }) => fn.countAll<number | bigint | string>().as('count'))
    .where('user_id', '=', userId)
    .where('created_at_ms', '>', limits.recentAtMs)
    .executeTakeFirstOrThrow()
  return Number(count) >= limits.maxRecentPerPerson ? 'person-full' : undefined
}

function pageOf(
  db: Kysely<Tables>,
  { state, userId, routeId }: AccessRequestFilter,
  after: Pick<AccessRequestRecord, 'id' | 'createdAtMs'> | undefined,
) {
  let rows = db.selectFrom('access_requests').selectAll()
  if (state !== undefined) rows = rows.where('state', '=', state)
  if (userId !== undefined) rows = rows.where('user_id', '=', userId)
  if (routeId !== undefined) rows = rows.where('route_id', '=', routeId)
  if (after !== undefined) {
    const { createdAtMs, id } = after
    rows = rows
      .where('created_at_ms', '<=', createdAtMs)
      .where((is) => is.or([is('created_at_ms', '<', createdAtMs), is('id', '>', id)]))
  }
  return rows.orderBy('created_at_ms', 'desc').orderBy('id')
}

function toRow(record: AccessRequestRecord): Omit<AccessRequestRow, 'revision'> {
  return {
    id: record.id,
    route_id: record.routeId,
    route_from: record.routeFrom,
    user_id: record.userId,
    email: record.email ?? null,
    reason: record.reason,
    for_ms: record.forMs,
    created_at_ms: record.createdAtMs,
    expires_at_ms: record.expiresAtMs,
    state: record.state,
    decided_by: record.decidedBy ?? null,
    decided_at_ms: record.decidedAtMs ?? null,
    note: record.note ?? null,
    until_ms: record.untilMs ?? null,
    ended_by: record.endedBy ?? null,
    ended_at_ms: record.endedAtMs ?? null,
    is_break_glass: record.isBreakGlass ? 1 : 0,
  }
}

function toRecord(row: AccessRequestRow): Stored<AccessRequestRecord> {
  return {
    id: row.id,
    routeId: row.route_id,
    routeFrom: row.route_from,
    userId: row.user_id,
    email: row.email ?? undefined,
    reason: row.reason,
    forMs: row.for_ms,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    state: row.state,
    decidedBy: row.decided_by ?? undefined,
    decidedAtMs: row.decided_at_ms ?? undefined,
    note: row.note ?? undefined,
    untilMs: row.until_ms ?? undefined,
    endedBy: row.ended_by ?? undefined,
    endedAtMs: row.ended_at_ms ?? undefined,
    isBreakGlass: row.is_break_glass === 1,
    revision: row.revision,
  }
}

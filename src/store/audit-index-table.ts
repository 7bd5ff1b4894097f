import { sql, type Kysely, type RawBuilder, type SelectQueryBuilder } from 'kysely'
import type { AuditIndexRow, AuditIndexStore, AuditSearch } from './audit-index-store.ts'
import type { AuditIndexTableRow, Tables } from './tables.ts'

/** A statement may have 32,766 values (https://sqlite.org/limits.html#max_variable_number); a row has 16. */
const rowsPerStatement = 1_000

/** The rows by which the audit log is searched. */
export function createAuditIndexTable(db: Kysely<Tables>): AuditIndexStore {
  return {
    add: (series, rows, next) =>
      db.transaction().execute(async (within) => {
        for (let from = 0; from < rows.length; from += rowsPerStatement)
          await within
            .replaceInto('audit_index')
            .values(rows.slice(from, from + rowsPerStatement).map(toTableRow))
            .execute()
        await within
          .replaceInto('audit_places')
          .values({ series, ...next })
          .execute()
      }),
    place: (series) =>
      db
        .selectFrom('audit_places')
        .select(['file', 'offset', 'seq', 'hash'])
        .where('series', '=', series)
        .executeTakeFirst(),
    async search(search, maxRows) {
      const found = await filtered(db.selectFrom('audit_index').selectAll(), search)
        .orderBy('at_ms', 'desc')
        .orderBy('series')
        .orderBy('seq', 'desc')
        .limit(maxRows)
        .execute()
      return found.map(toRow)
    },
    async removeBefore(series, seq, maxRows) {
      const those = db
        .selectFrom('audit_index')
        .select('seq')
        .where('series', '=', series)
        .where('seq', '<', seq)
        .limit(maxRows)
      const { numDeletedRows } = await db
        .deleteFrom('audit_index')
        .where('series', '=', series)
        .where('seq', 'in', those)
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

type Query<O> = SelectQueryBuilder<Tables, 'audit_index', O>

function filtered<O>(query: Query<O>, search: AuditSearch): Query<O> {
  const { sinceMs, untilMs, who, route, text, after } = search
  let found = query
  if (sinceMs !== undefined) found = found.where('at_ms', '>=', sinceMs)
  if (untilMs !== undefined) found = found.where('at_ms', '<', untilMs)
  const exact = { ...search, request_id: search.requestId }
  for (const column of ['kind', 'series', 'outcome', 'event', 'ip', 'request_id'] as const) {
    const wanted = exact[column]
    if (wanted !== undefined) found = found.where(column, '=', wanted)
  }
  if (who !== undefined)
    found = found.where((is) =>
      is.or([
        is('email', '=', who.toLowerCase()),
        is('user_id', '=', who),
        is('actor', 'in', [who, who.toLowerCase()]),
      ]),
    )
  if (route !== undefined)
    found = found.where((is) => is.or([is('route_id', '=', route), is('route', '=', route)]))
  if (text !== undefined) found = found.where(hasText(text))
  if (after !== undefined)
    found = found.where(
      sql<boolean>`at_ms <= ${after.atMs} and (at_ms < ${after.atMs} or series > ${after.series}
        or (series = ${after.series} and seq < ${after.seq}))`,
    )
  return found
}

/** Everything that a part of is looked for in, by a letter that is in none of it. */
const within = sql`concat_ws(char(10), event, email, user_id, actor, ip, route, route_id, request_id, outcome)`

/** SQLite takes thrice as long for each row where there is an `escape`, and few texts need one. */
function hasText(text: string): RawBuilder<boolean> {
  if (!/[\\%_]/.test(text)) return sql`${within} like ${`%${text}%`}`
  return sql`${within} like ${`%${text.replaceAll(/[!%_]/g, '!$&')}%`} escape '!'`
}

function toTableRow(row: AuditIndexRow): AuditIndexTableRow {
  const { atMs, userId, routeId, requestId, email, actor, ip, route, outcome, ...same } = row
  return {
    ...same,
    at_ms: atMs,
    email: email ?? null,
    user_id: userId ?? null,
    actor: actor ?? null,
    ip: ip ?? null,
    route: route ?? null,
    route_id: routeId ?? null,
    request_id: requestId ?? null,
    outcome: outcome ?? null,
  }
}

function toRow(row: AuditIndexTableRow): AuditIndexRow {
  const { series, seq, kind, event, file, offset, bytes } = row
  return {
    series,
    seq,
    kind,
    event,
    file,
    offset,
    bytes,
    atMs: row.at_ms,
    email: row.email ?? undefined,
    userId: row.user_id ?? undefined,
    actor: row.actor ?? undefined,
    ip: row.ip ?? undefined,
    route: row.route ?? undefined,
    routeId: row.route_id ?? undefined,
    requestId: row.request_id ?? undefined,
    outcome: row.outcome ?? undefined,
  }
}

import { sql, type Kysely } from 'kysely'
import {
  sampleSpansMs,
  type GatewayCounts,
  type RouteCounts,
  type Sample,
  type SampleBatch,
  type SampleRange,
  type SampleSpan,
  type SampleStore,
} from './sample-store.ts'
import type { SampleRow, Tables } from './tables.ts'

/** @limit days for which minutes of the console's pictures are kept: hours remain */
const maxMinuteDays = 2
/** @limit days for which hours and days of the console's pictures are kept: the oldest go */
const maxHourDays = 90
const keptDays = { minute: maxMinuteDays, hour: maxHourDays, day: maxHourDays }

const spans = Object.keys(sampleSpansMs) as readonly SampleSpan[]

/** No route: the whole gateway. */
const wholeGateway = ''

/** A statement may have 32,766 values (https://sqlite.org/limits.html#max_variable_number); a row has 15. */
const rowsPerStatement = 1_000

const sums = [
  'tunnels_opened',
  'bytes_up',
  'bytes_down',
  'allowed',
  'denied',
  'sign_in_needed',
  'certificate_needed',
  'sign_ins_ok',
  'sign_ins_failed',
] as const
const peaks = ['tunnels_open', 'sessions', 'connectors'] as const

/** Figures over time in a table, a row for each span and route. A batch is one transaction. */
export function createSampleTable(db: Kysely<Tables>): SampleStore {
  return {
    add: (batch) =>
      db.transaction().execute(async (within) => {
        for (const span of spans) {
          const rows = rowsOf(batch, span)
          for (let from = 0; from < rows.length; from += rowsPerStatement)
            await addRows(within, rows.slice(from, from + rowsPerStatement))
          await removeOld(within, span, batch.atMs)
        }
      }),
    async points(range, routeId = wholeGateway) {
      const rows = await within(db, range)
        .selectAll()
        .where('route_id', '=', routeId)
        .orderBy('at_ms')
        .execute()
      return rows.map(toSample)
    },
    async busiest(range, maxRoutes) {
      const rows = await within(db, range)
        .select(['route_id', ...sums.map(sumOf), ...peaks.map(peakOf)])
        .where('route_id', '!=', wholeGateway)
        .groupBy('route_id')
        .orderBy(sql`sum(bytes_up) + sum(bytes_down)`, 'desc')
        .orderBy(sql`sum(tunnels_opened)`, 'desc')
        .orderBy('route_id')
        .limit(maxRoutes)
        .execute()
      return rows.map((row) => ({ routeId: row.route_id, ...toRouteCounts(row) }))
    },
  }
}

function sumOf(column: (typeof sums)[number]) {
  return sql<number>`sum(${sql.ref(column)})`.as(column)
}

function peakOf(column: (typeof peaks)[number]) {
  return sql<number>`max(${sql.ref(column)})`.as(column)
}

function within(db: Kysely<Tables>, { span, sinceMs, untilMs }: SampleRange) {
  return db
    .selectFrom('samples')
    .where('span', '=', span)
    .where('at_ms', '>=', beginOf(sinceMs, span))
    .where('at_ms', '<', untilMs)
}

/** What is there of a span is added to; of what stood at a moment the most is kept. */
async function addRows(db: Kysely<Tables>, rows: readonly SampleRow[]): Promise<void> {
  const added = sums.map((name) => [name, sql`${sql.ref(`samples.${name}`)} + ${excluded(name)}`])
  const kept = peaks.map((name) => [
    name,
    sql`case when ${excluded(name)} > ${sql.ref(`samples.${name}`)} then ${excluded(name)} else ${sql.ref(`samples.${name}`)} end`,
  ])
  await db
    .insertInto('samples')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['span', 'route_id', 'at_ms'])
        .doUpdateSet(Object.fromEntries([...added, ...kept])),
    )
    .execute()
}

function excluded(name: string) {
  return sql.ref(`excluded.${name}`)
}

async function removeOld(db: Kysely<Tables>, span: SampleSpan, nowMs: number): Promise<void> {
  const beforeMs = nowMs - keptDays[span] * sampleSpansMs.day
  await db
    .deleteFrom('samples')
    .where('span', '=', span)
    .where('at_ms', '<', beginOf(beforeMs, span))
    .execute()
}

function rowsOf({ atMs, gateway, routes }: SampleBatch, span: SampleSpan): readonly SampleRow[] {
  const place = { span, at_ms: beginOf(atMs, span) }
  const none = { sign_ins_ok: 0, sign_ins_failed: 0, sessions: 0, connectors: 0 }
  return [
    {
      ...place,
      route_id: wholeGateway,
      ...fromRouteCounts(gateway),
      sign_ins_ok: gateway.signInsOk,
      sign_ins_failed: gateway.signInsFailed,
      sessions: gateway.sessions,
      connectors: gateway.connectors,
    },
    ...routes.map((route) => ({
      ...place,
      route_id: route.routeId,
      ...fromRouteCounts(route),
      ...none,
    })),
  ]
}

function beginOf(atMs: number, span: SampleSpan): number {
  const spanMs = sampleSpansMs[span]
  return Math.floor(atMs / spanMs) * spanMs
}

type RouteColumns = Omit<
  SampleRow,
  'span' | 'at_ms' | 'route_id' | 'sign_ins_ok' | 'sign_ins_failed' | 'sessions' | 'connectors'
>

function fromRouteCounts(counts: RouteCounts): RouteColumns {
  return {
    tunnels_open: counts.tunnelsOpen,
    tunnels_opened: counts.tunnelsOpened,
    bytes_up: counts.bytesUp,
    bytes_down: counts.bytesDown,
    allowed: counts.allowed,
    denied: counts.denied,
    sign_in_needed: counts.signInNeeded,
    certificate_needed: counts.certificateNeeded,
  }
}

function toRouteCounts(row: RouteColumns): RouteCounts {
  return {
    tunnelsOpen: row.tunnels_open,
    tunnelsOpened: row.tunnels_opened,
    bytesUp: row.bytes_up,
    bytesDown: row.bytes_down,
    allowed: row.allowed,
    denied: row.denied,
    signInNeeded: row.sign_in_needed,
    certificateNeeded: row.certificate_needed,
  }
}

function toSample(row: SampleRow): Sample {
  const rest: Omit<GatewayCounts, keyof RouteCounts> = {
    signInsOk: row.sign_ins_ok,
    signInsFailed: row.sign_ins_failed,
    sessions: row.sessions,
    connectors: row.connectors,
  }
  return { atMs: row.at_ms, ...toRouteCounts(row), ...rest }
}

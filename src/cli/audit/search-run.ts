import type { AuditPosition, FoundRecord } from '../../control/audit-protocol.ts'
import { createControlClient } from '../../control/client.ts'
import type { SessionsOptions } from '../commands/gateway-options.ts'
import { findStateDirectory } from '../commands/state-directory.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJsonLine } from '../speech/print.ts'
import { saySecond } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'

export interface SearchOptions extends SessionsOptions {
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly until?: number
  readonly kind?: string
  readonly outcome?: string
  readonly who?: string
  readonly route?: string
  readonly ip?: string
  readonly requestId?: string
  readonly limit: number
}

/** Records of one question to the gateway. */
const pageRecords = 500

/** Prints what a running gateway finds, newest first; resolves to the exit code. */
export async function searchAudit(
  text: string | undefined,
  options: SearchOptions,
): Promise<number> {
  const { found, isMore, isComplete } = await findAll(text, options)
  if (options.json) for (const it of found) printJsonLine(it.record ?? it)
  else if (found.length === 0) note('there is no such record')
  else
    printTable([['TIME', 'KIND', 'WHO', 'FROM', 'ROUTE', 'OUTCOME', 'WHAT'], ...found.map(rowOf)])
  if (isMore) note(`there are more than these ${found.length}: see --limit`)
  if (!isComplete)
    note('the gateway still reads in what was kept before it started: ask again in a moment')
  return exitCodes.ok
}

interface AllFound {
  readonly found: readonly FoundRecord[]
  readonly isMore: boolean
  /** Whether everything that the files have was looked at. */
  readonly isComplete: boolean
}

async function findAll(text: string | undefined, options: SearchOptions): Promise<AllFound> {
  const client = createControlClient(await findStateDirectory(options))
  const { since, until, kind, outcome, who, route, ip, requestId, limit } = options
  const found: FoundRecord[] = []
  let after: AuditPosition | undefined
  let isComplete = true
  do {
    const { records, next, is_complete } = await client.searchAudit({
      since: timeOf(since),
      until: timeOf(until),
      kind,
      outcome,
      who,
      route,
      ip,
      request_id: requestId,
      q: text,
      max: Math.min(pageRecords, limit - found.length),
      after,
    })
    found.push(...records)
    after = next ?? undefined
    isComplete &&= is_complete
  } while (after !== undefined && found.length < limit)
  return { found, isMore: after !== undefined, isComplete }
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

function rowOf(it: FoundRecord): string[] {
  const cells = [saySecond(it.time), it.kind, it.who, it.ip, it.route, it.outcome, it.event]
  return cells.map((cell) => cell ?? '-')
}

import type { AuditPosition, FoundRecord } from '../../control/audit-protocol.ts'
import { createControlClient } from '../../control/client.ts'
import type { SessionsOptions } from '../commands/gateway-options.ts'
import { findStateDirectory } from '../commands/state-directory.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJsonLine } from '../speech/print.ts'
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
  const found = await findAll(text, options)
  if (options.json) for (const it of found) printJsonLine(it.record ?? it)
  else if (found.length === 0) note('there is no such record')
  else
    printTable([['TIME', 'KIND', 'WHO', 'FROM', 'ROUTE', 'OUTCOME', 'WHAT'], ...found.map(rowOf)])
  if (found.length === options.limit) note(`there may be more: --limit ${options.limit}`)
  return exitCodes.ok
}

async function findAll(text: string | undefined, options: SearchOptions): Promise<FoundRecord[]> {
  const client = createControlClient(await findStateDirectory(options))
  const { since, until, kind, outcome, who, route, ip, requestId, limit } = options
  const found: FoundRecord[] = []
  let after: AuditPosition | undefined
  do {
    const { records, next } = await client.searchAudit({
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
  } while (after !== undefined && found.length < limit)
  return found
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

function rowOf(it: FoundRecord): string[] {
  const cells = [it.time, it.kind, it.who, it.ip, it.route, it.outcome, it.event]
  return cells.map((cell) => cell ?? '-')
}

import { fileBegun } from '../../telemetry/audit/own-entries.ts'
import { readAudit, type KeptEntry } from '../../telemetry/audit/read-audit.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { findAuditDirectory, unreadableAudit } from './audit-directory.ts'
import type { AuditOptions } from './gateway-options.ts'
import { note, printJsonLine } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'

/**
 * Columns are as wide as the widest cell, so all rows are kept until then.
 *
 * @limit rows of `postern gateway audit list`: the newest are shown, `--json` shows all
 */
const maxTableRows = 10_000

/**
 * Prints the audit entries; resolves to the exit code. Reads the files themselves: what happened is
 * asked most when a gateway is down.
 */
export async function listAudit(options: AuditOptions): Promise<number> {
  const directory = await findAuditDirectory(options)
  try {
    await (options.json ? showJson(directory, options) : showTable(directory, options))
  } catch (error) {
    throw unreadableAudit(directory, error)
  }
  return exitCodes.ok
}

async function* entries(
  directory: string,
  { since, kind }: AuditOptions,
): AsyncGenerator<KeptEntry> {
  for await (const entry of readAudit(directory, since)) {
    const isMeant = kind === undefined ? entry.event !== fileBegun : entry.kind === kind
    if (isMeant) yield entry
  }
}

async function showJson(directory: string, options: AuditOptions): Promise<void> {
  for await (const entry of entries(directory, options)) {
    if (!printJsonLine(entry)) return
  }
}

async function showTable(directory: string, options: AuditOptions): Promise<void> {
  const rows: string[][] = []
  for await (const entry of entries(directory, options)) {
    rows.push(rowOf(entry))
    if (rows.length > maxTableRows) rows.shift()
  }
  if (rows.length === 0) note('there is no entry since then')
  else printTable([['TIME', 'KIND', 'WHO', 'FROM', 'WHAT'], ...rows])
}

function rowOf(entry: KeptEntry): string[] {
  const who = [entry['email'], entry['user'], entry['service-account-id']].find(isText) ?? '-'
  const from = isText(entry['ip']) ? entry['ip'] : '-'
  return [entry.time, entry.kind, who, from, whatOf(entry)]
}

/** What was decided, or else what happened and to what. */
function whatOf(entry: KeptEntry): string {
  if (entry.kind !== 'decision') {
    const ids = [entry['session-ids'], entry['service-account-id']].flat().filter(isText)
    return [entry.event, ...ids].join(' ')
  }
  const isAllowed = entry['allow'] === true && entry['deny'] === false
  const reasons = Object.entries(entry).flatMap(([name, value]) =>
    name.includes('-why-') && Array.isArray(value) ? value.filter(isText) : [],
  )
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`
  return `${isAllowed ? 'allowed' : 'refused'} ${isText(entry['host']) ? entry['host'] : ''}${why}`
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

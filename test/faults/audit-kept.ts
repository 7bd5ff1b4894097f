import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { verifyAudit } from '../../src/telemetry/audit/verify/verify-audit.ts'
import type { Stage } from './stage.ts'

/** Records follow what they are about within a second. */
const patienceMs = 15_000
const pollMs = 100

/**
 * Holds the audit log to the access log: every tunnel that has ended there has its record of that, or a record tells that as many
 * are lost. Its chain is whole.
 */
export async function faultsOfAudit({ rig, stateDirectory }: Stage): Promise<string[]> {
  const directory = join(stateDirectory, 'audit')
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const ended = rig.lines.all((line) => line['ended'] !== undefined)
    const { ids, lost } = await readEnds(directory)
    const missing = ended.filter((line) => !ids.has(String(line['request-id'])))
    if (missing.length <= lost) break
    if (performance.now() > deadlineMs) {
      return [`${missing.length} ends of tunnels have no record, and ${lost} are told as lost`]
    }
    await wait(pollMs)
  }
  const { faults } = await verifyAudit({ paths: [directory] })
  return faults.map((fault) => `the audit log: ${JSON.stringify(fault)}`)
}

interface Record {
  readonly event?: string
  readonly 'request-id'?: string
  readonly 'at-most'?: number
}

async function readEnds(directory: string): Promise<{ ids: Set<string>; lost: number }> {
  const ids = new Set<string>()
  let lost = 0
  for (const name of (await readdir(directory)).filter((it) => it.endsWith('.jsonl'))) {
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n').slice(0, -1)
    for (const line of lines) {
      // What a full disk left of a line is no record; the chain tells of it.
      if (!line.endsWith('}')) continue
      const record = JSON.parse(line) as Record
      if (record.event === 'entries lost') lost += record['at-most'] ?? 0
      if (record.event === 'tunnel ended' || record.event === 'tunnel cut')
        ids.add(record['request-id'] ?? '')
    }
  }
  return { ids, lost }
}

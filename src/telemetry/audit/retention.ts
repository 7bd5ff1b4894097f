import { rm, stat } from 'node:fs/promises'
import { listAuditFiles } from './list-files.ts'
import type { AuditSeries } from './keeper.ts'

export interface AuditBounds {
  readonly maxFileBytes: number
  readonly maxSeriesBytes: number
  readonly maxAgeDays: number
}

/** A file of one series and day is followed by another from this size on. */
const nextFileBytes = 8 * 1024 * 1024
/**
 * Most that is kept of one series: people (sign-ins, sessions, commands), decisions, strangers.
 *
 * @limit audit entries kept of each kind (people, decisions, strangers): the oldest go
 */
const maxSeriesBytes = 64 * 1024 * 1024
/** @limit days for which audit entries are kept: the oldest go */
const maxAgeDays = 90
const dayMs = 86_400_000

export const auditBounds: AuditBounds = { maxFileBytes: nextFileBytes, maxSeriesBytes, maxAgeDays }

/** What is of a day before it goes. */
export function firstKeptDay(nowMs: number, maxAgeDays: number): string {
  return new Date(nowMs - maxAgeDays * dayMs).toISOString().slice(0, 10)
}

/** Removes the oldest files of a series beyond its bounds; room is left for the one that is about to be opened. */
export async function removeOld(
  directory: string,
  series: AuditSeries,
  nowMs: number,
  limits: AuditBounds,
): Promise<void> {
  const firstDay = firstKeptDay(nowMs, limits.maxAgeDays)
  // Newest first.
  let bytes = limits.maxFileBytes
  const files = (await listAuditFiles(directory)).filter((it) => it.series === series)
  for (const { path, day } of files.toReversed()) {
    bytes += (await stat(path)).size
    if (day < firstDay || bytes > limits.maxSeriesBytes) await rm(path, { force: true })
  }
}

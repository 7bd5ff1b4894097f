import { systemClock, type Clock } from '../../clock.ts'
import { auditSeries, type AuditKeeper } from './keeper.ts'
import { auditBounds, type AuditBounds } from './retention.ts'
import { openSeries } from './series-writer.ts'

export interface AuditFiles extends AuditKeeper {
  /** Resolves when everything appended is on the disk. */
  close(): Promise<void>
}

/**
 * Keeps entries as JSON lines in files that are only ever appended to: `people-2026-08-20-0001.jsonl`.
 * A file, since nothing here may hold up the event loop, as SQLite would with each of its commits; what
 * is written survives the end of this process at once, and a power cut after a second. One process alone
 * may have a directory: whoever opens it holds the lock of the state directory.
 */
export function openAuditFiles(
  directory: string,
  clock: Clock = systemClock,
  limits: AuditBounds = auditBounds,
): AuditFiles {
  const all = new Map(
    auditSeries.map((series) => [series, openSeries({ directory, series, clock, limits })]),
  )
  return {
    append: async (series, entries) => (await all.get(series)?.append(entries)) ?? 'kept',
    async close() {
      await Promise.all([...all.values()].map((series) => series.close()))
    },
  }
}

import type { Clock } from '../clock.ts'
import type { AuditSearchParts } from '../control/audit.ts'
import type { Logger } from '../log.ts'
import { within } from '../shutdown.ts'
import type { Store } from '../store/store.ts'
import type { AuditFiles } from '../telemetry/audit/audit-files.ts'
import { startAuditIndexer } from '../telemetry/search/audit-indexer.ts'
import { readFound } from '../telemetry/search/read-found.ts'

export interface AuditSearchOptions {
  /** Where the audit log's files are. */
  readonly directory: string
  readonly files: Pick<AuditFiles, 'onKept'>
  readonly store: Pick<Store, 'auditIndex'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Longest that a search waits for what was kept a moment ago to be found, in milliseconds. */
const caughtUpWithinMs = 300
/** Longest wait for the database when the gateway ends, in milliseconds: what is not indexed yet is after the next start. */
const closeWithinMs = 1_000

/** Makes the audit log searchable: its index in the store follows its files. */
export function openAuditSearch(
  options: AuditSearchOptions,
): AuditSearchParts & { close(): Promise<void> } {
  const { directory, files, clock, logger } = options
  const { auditIndex } = options.store
  const indexer = startAuditIndexer({ directory, target: auditIndex, clock, logger })
  files.onKept(() => indexer.wake())
  return {
    search: auditIndex.search,
    read: (rows) => readFound(directory, rows),
    caughtUp: () => within(caughtUpWithinMs, indexer.caughtUp()),
    isComplete: () => indexer.isComplete,
    close: () => within(closeWithinMs, indexer.close()),
  }
}

import { within } from '../shutdown.ts'
import type { AuditLog } from './audit-log.ts'

/**
 * A disk that is slower than this is said in the log, and holds up no answer for longer: what was changed is changed.
 *
 * @limit time that the answer to a change waits for its audit record: on a slower disk it comes without
 */
const maxWaitMs = 5_000

/**
 * Resolves once what was recorded so far is kept: whoever was told that something is changed finds it in the audit log, also where
 * the gateway is killed in the next moment. The answers to changes wait for it, and no others.
 */
export function beforeAnswer(audit: Pick<AuditLog, 'flushed'>): Promise<void> {
  return within(maxWaitMs, audit.flushed())
}

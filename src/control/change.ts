import type { z } from 'zod'
import { PeerError } from '../errors.ts'
import type { LogFields, Logger } from '../log.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'

/** Where it is kept what a command has changed. */
export interface ChangeParts {
  /** Credentials are never written there. */
  readonly logger: Logger
  /** Where changes are kept before their lines are written. */
  readonly audit: AuditLog
}

/** Keeps what a command has changed, and says it. */
export function recordChange(
  { audit, logger }: ChangeParts,
  event: string,
  details: LogFields,
): void {
  audit.record({ kind: 'admin', event, details }, () => logger.info(event, details))
}

/** Reads the body of a command; throws `PeerError` `malformed-request`. */
export function parseCommand<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new PeerError('malformed-request', 'the gateway does not understand this command', {
      cause,
      hint: 'use the "postern" of the same release as the gateway',
    })
  }
}

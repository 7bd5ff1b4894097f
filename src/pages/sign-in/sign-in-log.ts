import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Session } from '../../identity/session.ts'
import { createLineLimit } from '../../line-limit.ts'
import type { LogFields } from '../../log.ts'
import type { AuditEntry, AuditLog } from '../../telemetry/audit-log.ts'
import type { PageContext } from '../answers/page-app.ts'

/** One audit entry for each sign-in that was finished or failed, and for each sign-out. */
export interface SignInLog {
  signedIn(session: Session, c: PageContext): void
  /** A session that its person has signed in to again, and that is prolonged. */
  renewed(session: Session, c: PageContext): void
  /** A sign-in that was begun here; `details` name what is known of whom it was for. */
  failed(error: unknown, c: PageContext, details?: LogFields): void
  /** A callback or an address that belongs to no sign-in: anybody can send these. */
  refused(error: unknown, c: PageContext): void
  signedOut(session: Session, c: PageContext): void
  /** A token by which the provider ends sessions: anybody can send one. */
  logoutRefused(error: unknown, c: PageContext): void
}

/**
 * @limit audit entries a minute about callbacks that belong to no sign-in: one counts the rest;
 * each has its access line
 */
const maxRefusedPerMinute = 10
/**
 * @limit audit entries a minute about logouts of the identity provider that are refused: one counts the
 * rest; each has its access line
 */
const maxLogoutsRefusedPerMinute = 10

export function createSignInLog(audit: AuditLog, clock: Clock): SignInLog {
  const record = (event: string, c: PageContext, rest: Partial<AuditEntry>): void =>
    audit.record({ kind: 'sign-in', event, ...askerOf(c), ...rest })
  const refusals = createLineLimit(clock, maxRefusedPerMinute, (callbacks) =>
    audit.record({ kind: 'sign-in', event: 'more sign-ins refused', details: { callbacks } }),
  )
  const logoutRefusals = createLineLimit(clock, maxLogoutsRefusedPerMinute, (logouts) =>
    audit.record({ kind: 'session', event: 'more provider logouts refused', details: { logouts } }),
  )
  return {
    signedIn: (session, c) => record('signed in', c, { session }),
    renewed: (session, c) =>
      record('session renewed', c, {
        session,
        details: { until: new Date(session.expiresAtMs).toISOString() },
      }),
    failed: (error, c, details) =>
      record('sign-in failed', c, { details: { ...details, ...why(error) } }),
    refused(error, c) {
      if (refusals.admits()) record('sign-in refused', c, { details: why(error) })
    },
    signedOut: (session, c) => record('signed out', c, { session }),
    logoutRefused(error, c) {
      if (logoutRefusals.admits())
        record('provider logout refused', c, { kind: 'session', details: why(error) })
    },
  }
}

/** Where a request came from, and by which name the other logs know it. */
export function askerOf(c: PageContext): Pick<AuditEntry, 'ip' | 'userAgent' | 'requestId'> {
  const { client, requestId } = c.env
  return { ip: client.ip, userAgent: c.req.header('user-agent') ?? '', requestId }
}

function why(error: unknown): LogFields {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return { reason: code ?? 'internal-error', error: messageOf(error) }
}

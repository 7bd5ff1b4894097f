import type { AnySession } from '../identity/session.ts'
import type { Client } from '../net/client.ts'
import type { LogFields, Logger } from '../log.ts'
import type { AuditKind } from '../telemetry/audit/keeper.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'

/** Who asks for an operation. */
export type Actor =
  /** Whoever may open the control socket: the gateway's own user, or root. Which of the two, nothing says. */
  { readonly kind: 'local' } | CallerActor

/** Somebody who is signed in, or a program with the credential of a service account. */
export interface CallerActor {
  readonly kind: 'caller'
  readonly session: AnySession
  /** The state that the session was read in. */
  readonly sessionVersion: number
  /** Where it came from. */
  readonly client: Client
  readonly requestId: string
}

/** Who it is, as lists of what was changed name them. */
export function actorName(by: Actor): string {
  if (by.kind === 'local') return 'the operator'
  return by.session.email ?? by.session.userId
}

/** By the control socket. */
export const localActor: Actor = { kind: 'local' }

/** Where it is kept what an operation has changed. */
export interface ChangeParts {
  /** Credentials are never written there. */
  readonly logger: Logger
  /** Where changes are kept before their lines are written. */
  readonly audit: AuditLog
}

/** Keeps what an operation has changed and who asked for it, and says it. Never waits and never throws. */
export function recordChange(
  { audit, logger }: ChangeParts,
  by: Actor,
  event: string,
  details: LogFields,
  { kind = 'admin', isLoud = false, isSilent = false }: HowRecorded = {},
): void {
  const all = { ...details, ...askedBy(by) }
  audit.record({ kind, event, details: all }, () => {
    if (isSilent) return
    if (isLoud) logger.warn(event, all)
    else logger.info(event, all)
  })
}

export interface HowRecorded {
  /** **Default:** `admin` */
  readonly kind?: AuditKind
  /** Whether its line is a warning. **Default:** false */
  readonly isLoud?: boolean
  /** Whether another line says it already: it is kept alone. **Default:** false */
  readonly isSilent?: boolean
}

/** Under names of their own: what was changed may be somebody's session or a service account as well. */
export function askedBy(by: Actor): LogFields {
  if (by.kind === 'local') return {}
  const { session, client, requestId } = by
  const who =
    session.kind === 'person'
      ? { 'by-user': session.userId, 'by-email': session.email, 'by-session-id': session.id }
      : { 'by-service-account-id': session.userId }
  return { ...who, ip: client.ip, 'request-id': requestId }
}

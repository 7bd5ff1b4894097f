import type { LogFields, Logger } from '../log.ts'
import type { AuditLog } from './audit-log.ts'
import { authorizeFields } from './authorize-fields.ts'
import type { AuthorizeLine, LoggedVerdict } from './authorize-fields.ts'
import { selectFields } from './fields.ts'

export interface AuthorizeLogOptions {
  /** The logger of the service `authorize`. */
  readonly logger: Logger
  /** Where each decision is kept before its line is written. */
  readonly audit: AuditLog
  /** Which fields a line has before the verdicts, in order; undefined for the default. */
  readonly fields?: readonly string[] | undefined
}

/** Says what was decided, at the moment it was. */
export interface AuthorizeLog {
  /** Writes the line of one decision: a request's, or a live tunnel's when it is decided again. */
  check(line: AuthorizeLine): void
  /** Selects other fields. Throws a `RangeError` on an unknown name. */
  selectFields(names: readonly string[] | undefined): void
}

/** Opens the authorize log; throws a `RangeError` on a field `isAuthorizeLogField` does not know. */
export function createAuthorizeLog({ logger, audit, fields }: AuthorizeLogOptions): AuthorizeLog {
  let select = selectFields(authorizeFields, fields)
  return {
    selectFields(names) {
      select = selectFields(authorizeFields, names)
    },
    check(line) {
      const verdicts = {
        ...verdict('allow', line.decision.allow),
        ...verdict('deny', line.decision.deny),
        ...(line.isRecheck === true && { 're-check': true }),
      }
      const fields = { ...select(line), ...verdicts }
      const { route, authority } = line
      audit.record(
        {
          ...line,
          kind: 'decision',
          event: 'authorize check',
          userAgent: userAgentOf(line),
          details: { host: authority, route: route.name, 'route-id': route.id, ...verdicts },
        },
        () => logger.info('authorize check', fields),
      )
    },
  }
}

function userAgentOf({ headers }: AuthorizeLine): string | undefined {
  const value = headers?.['user-agent']
  return typeof value === 'string' ? value : undefined
}

function verdict(side: 'allow' | 'deny', { value, reasons }: LoggedVerdict): LogFields {
  return { [side]: value, [`${side}-why-${value}`]: reasons.toSorted() }
}

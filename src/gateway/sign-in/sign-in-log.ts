import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Session } from '../../identity/session.ts'
import { createLineLimit } from '../../line-limit.ts'
import type { LogFields, Logger } from '../../log.ts'
import type { PageContext } from '../app.ts'

/** One line for each sign-in that was finished or failed, and for each sign-out. */
export interface SignInLog {
  signedIn(session: Session, c: PageContext): void
  /** A sign-in that was begun here; `fields` name what is known of whom it was for. */
  failed(error: unknown, c: PageContext, fields?: LogFields): void
  /** A callback or an address that belongs to no sign-in: anybody can send these. */
  refused(error: unknown, c: PageContext): void
  signedOut(session: Session, c: PageContext): void
}

/**
 * @limit log lines a minute about callbacks that belong to no sign-in: one line counts the rest;
 * each has its access line
 */
const maxRefusedLinesPerMinute = 10

export function createSignInLog(audit: Logger, clock: Clock): SignInLog {
  const refusedLines = createLineLimit(clock, maxRefusedLinesPerMinute, (callbacks) =>
    audit.info('more sign-ins refused', { callbacks }),
  )
  return {
    signedIn: (session, c) => audit.info('signed in', { ...whose(session), ...asker(c) }),
    failed(error, c, fields) {
      audit.info('sign-in failed', { ...fields, ...why(error), ...asker(c) })
    },
    refused(error, c) {
      if (refusedLines.admits()) audit.info('sign-in refused', { ...why(error), ...asker(c) })
    },
    signedOut: (session, c) => audit.info('signed out', { ...whose(session), ...asker(c) }),
  }
}

/** Who it was, as all lines about people name them. */
export function whose({ userId, email, id }: Session): LogFields {
  return { user: userId, email, 'session-id': id }
}

/** Where a request came from, and by which name the other logs know it. */
export function asker(c: PageContext): LogFields {
  const { ip, requestId } = c.env
  return { ip, 'user-agent': c.req.header('user-agent') ?? '', 'request-id': requestId }
}

function why(error: unknown): LogFields {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return { reason: code ?? 'internal-error', error: messageOf(error) }
}

import { z } from 'zod'
import { id, listQuery, moment, pageOf } from './common.ts'

/** What a session was signed in for; null for one that was before a release that keeps it. */
const kind = z.enum(['browser', 'command-line', 'device']).nullable()

/** Somebody's session. */
export const session = z
  .strictObject({
    id: z.string(),
    user: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    /** The id of the provider that it was begun with. */
    provider: z.string(),
    groups: z.array(z.string()),
    issued_at: moment,
    expires_at: moment,
    /** What a machine that was signed in by a code calls itself; null for a browser's session. */
    device: z.string().nullable(),
    kind,
    /** The address that it was signed in from, of a device its own; null as `kind`. */
    ip: z.string().nullable(),
    /** To the minute; a sign-in is the first use, and an open tunnel is one. */
    last_used_at: moment,
    /** Tunnels of it that are open now. */
    tunnels: z.int().min(0),
  })
  .meta({ id: 'Session' })
export type SessionView = z.output<typeof session>

const text = z
  .string()
  .max(200)
  .optional()
  .describe('part of a name, email address, user id or device')

/** `GET /api/v1/sessions`, newest first. */
export const sessionsQuery = z.strictObject({ q: text, ...listQuery })
/** `GET /api/v1/sessions.csv`. */
export const sessionsCsvQuery = z.strictObject({ q: text })

export const sessionsAnswer = pageOf(session)
export type SessionsAnswer = z.output<typeof sessionsAnswer>

/** `DELETE /api/v1/sessions?user=`: every session of one person. */
export const revokeQuery = z.strictObject({ user: id.describe('an email address or a user id') })

/** The ids of what has ended by it. */
export const revokedAnswer = z.strictObject({ revoked: z.array(z.string()) })
export type RevokedAnswer = z.output<typeof revokedAnswer>

/** One's own session. */
export const ownSession = z
  .strictObject({
    id: z.string(),
    /** Whether this very request came by it. */
    current: z.boolean(),
    issued_at: moment,
    expires_at: moment,
    device: z.string().nullable(),
    kind,
    ip: z.string().nullable(),
    last_used_at: moment,
    tunnels: z.int().min(0),
  })
  .meta({ id: 'OwnSession' })
export type OwnSessionView = z.output<typeof ownSession>

/** `GET /api/v1/my/sessions`, newest first. */
export const ownSessionsAnswer = z.strictObject({ items: z.array(ownSession) })
export type OwnSessionsAnswer = z.output<typeof ownSessionsAnswer>

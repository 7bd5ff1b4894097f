import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { ServiceAccount } from '../identity/service-account-record.ts'
import type { NewCredential, ServiceAccounts } from '../identity/service-accounts.ts'
import { parseCommand, recordChange, type ChangeParts } from './change.ts'
import type {
  ControlFault,
  IssuedCredential,
  Revocation,
  ServiceAccountList,
  ServiceAccountSummary,
} from './protocol.ts'

/** What the commands about service accounts reach inside the running gateway. */
export interface ServiceAccountParts extends ChangeParts {
  readonly serviceAccounts: ServiceAccounts
  countTunnels(sessionId: string): number
  /** Resolves once no tunnel is left of a session that has ended. */
  cutSession(sessionId: string): Promise<void>
}

/**
 * Far more than an id and a description.
 *
 * @limit a request about service accounts: 413
 */
const maxBodyBytes = 16 * 1024

/**
 * The longest that our own command asks for. Far beyond it, no date can be made of when that is over,
 * and the store could not read the service account again.
 *
 * @limit how long an old credential is kept: the command is refused
 */
const maxKeepOldMs = 9_999_999 * 86_400_000

const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const creation = z.strictObject({
  id: z.string(),
  description: z.string(),
  format: z.enum(['jwt', 'id-secret']),
  expires_at: moment.nullable(),
})
const rotation = z.strictObject({
  keep_old_ms: z.number().nonnegative().max(maxKeepOldMs).transform(Math.floor),
  expires_at: moment.nullable().optional(),
})

/** The part of the control socket that is about service accounts. */
export function serviceAccountControl(parts: ServiceAccountParts): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    if (!(error instanceof AppError)) throw error
    const { code, message, hint } = error
    const fault = { error: code.replaceAll('-', '_'), message, ...(hint && { hint }) }
    return c.json<ControlFault>(fault, 400)
  })
  app.use(bodyLimit({ maxSize: maxBodyBytes }))
  app.get('/', async (c) => {
    const accounts = await parts.serviceAccounts.list()
    const service_accounts = accounts.map((account) => summarize(account, parts))
    return c.json<ServiceAccountList>({ service_accounts })
  })
  app.post('/', async (c) => {
    const { id, description, format, expires_at } = parseCommand(creation, await c.req.text())
    const expiresAtMs = expires_at ?? undefined
    const made = await parts.serviceAccounts.create({ id, description, format, expiresAtMs })
    recordChange(parts, 'service account created', changeOf(made))
    return c.json<IssuedCredential>(issued(made))
  })
  app.post('/:id/rotate', async (c) => {
    const { keep_old_ms, expires_at } = parseCommand(rotation, await c.req.text())
    const id = c.req.param('id')
    const expiresAtMs = expires_at === undefined ? 'keep' : (expires_at ?? undefined)
    const made = await endSessions(id, parts, (accounts) =>
      accounts.rotate(id, { keepOldMs: keep_old_ms, expiresAtMs }),
    )
    recordChange(parts, 'service account rotated', {
      ...changeOf(made),
      'keep-old-ms': keep_old_ms,
    })
    return c.json<IssuedCredential>(issued(made))
  })
  app.delete('/:id', async (c) => {
    const id = c.req.param('id')
    await endSessions(id, parts, (accounts) => accounts.revoke(id))
    recordChange(parts, 'service account revoked', { 'service-account-id': id })
    return c.json<Revocation>({ revoked: [id] })
  })
  return app
}

/** Answers once the tunnels that a change ends are gone: what is told to be revoked is. */
async function endSessions<T>(
  id: string,
  parts: ServiceAccountParts,
  change: (accounts: ServiceAccounts) => Promise<T>,
): Promise<T> {
  const accounts = parts.serviceAccounts
  const before = (await accounts.list()).find((account) => account.id === id)
  const result = await change(accounts)
  const ended = (before?.sessionIds ?? []).filter((it) => accounts.version(it) === undefined)
  await Promise.all(ended.map((sessionId) => parts.cutSession(sessionId)))
  return result
}

function changeOf({ id, format, expiresAtMs }: NewCredential): Readonly<Record<string, unknown>> {
  return { 'service-account-id': id, format, 'expires-at': timeOf(expiresAtMs) }
}

function issued({ id, format, credential, expiresAtMs }: NewCredential): IssuedCredential {
  return { id, format, credential, expires_at: timeOf(expiresAtMs) }
}

function summarize(account: ServiceAccount, parts: ServiceAccountParts): ServiceAccountSummary {
  const { id, description, format, state, sessionIds } = account
  return {
    id,
    description,
    state,
    format,
    created_at: new Date(account.createdAtMs).toISOString(),
    rotated_at: new Date(account.rotatedAtMs).toISOString(),
    expires_at: timeOf(account.expiresAtMs),
    old_credential_until: timeOf(account.formerUntilMs),
    last_used_on: timeOf(account.lastUsedDayMs)?.slice(0, 10) ?? null,
    tunnels: sessionIds.reduce((sum, sessionId) => sum + parts.countTunnels(sessionId), 0),
  }
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}

import { z } from 'zod'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { ServiceAccount } from '../identity/service-account-record.ts'
import type { NewCredential, Rotation, ServiceAccounts } from '../identity/service-accounts.ts'
import type { Authority } from './authority.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import { parseInput } from './protocol.ts'
import type {
  IssuedCredential,
  Revocation,
  ServiceAccountCreation,
  ServiceAccountList,
  ServiceAccountRotation,
  ServiceAccountSummary,
} from './protocol.ts'
import { cutSession } from './sessions.ts'

/** What the operations on service accounts reach inside the running gateway. */
export interface ServiceAccountParts extends ChangeParts {
  readonly authority: Pick<Authority, 'require'>
  readonly identity: { readonly serviceAccounts: ServiceAccounts }
  readonly liveTunnels: Pick<LiveTunnels, 'countOf' | 'redecide'>
}

/** Operations on service accounts. Each throws what `ServiceAccounts` throws. */
export interface ServiceAccountOperations {
  /** By id, revoked ones included: as many as are kept. */
  listServiceAccounts(by: Actor): Promise<ServiceAccountList>
  /** Throws `PeerError` `malformed-request` as well. */
  createServiceAccount(by: Actor, creation: ServiceAccountCreation): Promise<IssuedCredential>
  /** Resolves once the tunnels of credentials that it ends are cut. Throws `PeerError` `malformed-request` as well. */
  rotateServiceAccount(
    by: Actor,
    id: string,
    rotation: ServiceAccountRotation,
  ): Promise<IssuedCredential>
  /** Resolves once its tunnels are cut. */
  revokeServiceAccount(by: Actor, id: string): Promise<Revocation>
}

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

export function serviceAccountOperations(parts: ServiceAccountParts): ServiceAccountOperations {
  const { serviceAccounts } = parts.identity
  type Change = 'createServiceAccount' | 'rotateServiceAccount' | 'revokeServiceAccount'
  /** Each waits for others and reads before it writes, and roles go meanwhile. */
  const admit = (by: Actor, change: Change) => () => parts.authority.require(by, change)
  return {
    async listServiceAccounts() {
      const accounts = await serviceAccounts.list()
      return { service_accounts: accounts.map((account) => summarize(account, parts)) }
    },
    async createServiceAccount(by, input) {
      const { id, description, format, expires_at } = parseInput(creation, input)
      const expiresAtMs = expires_at ?? undefined
      const wanted = { id, description, format, expiresAtMs }
      const made = await serviceAccounts.create(wanted, admit(by, 'createServiceAccount'))
      recordChange(parts, by, 'service account created', changeOf(made))
      return issued(made)
    },
    async rotateServiceAccount(by, id, input) {
      const { keep_old_ms, expires_at } = parseInput(rotation, input)
      const expiresAtMs = expires_at === undefined ? 'keep' : (expires_at ?? undefined)
      const made = await endCredentials(id, parts, async () => {
        const wanted: Rotation = { keepOldMs: keep_old_ms, expiresAtMs }
        const credential = await serviceAccounts.rotate(
          id,
          wanted,
          admit(by, 'rotateServiceAccount'),
        )
        const details = { ...changeOf(credential), 'keep-old-ms': keep_old_ms }
        recordChange(parts, by, 'service account rotated', details)
        return credential
      })
      return issued(made)
    },
    async revokeServiceAccount(by, id) {
      await endCredentials(id, parts, async () => {
        await serviceAccounts.revoke(id, admit(by, 'revokeServiceAccount'))
        recordChange(parts, by, 'service account revoked', { 'service-account-id': id })
      })
      return { revoked: [id] }
    },
  }
}

/** Resolves once the tunnels that a change ends are cut: what is told to be revoked is. */
async function endCredentials<T>(
  id: string,
  parts: ServiceAccountParts,
  change: () => Promise<T>,
): Promise<T> {
  const { serviceAccounts } = parts.identity
  const before = (await serviceAccounts.list()).find((account) => account.id === id)
  const result = await change()
  const sessionIds = before?.sessionIds ?? []
  const ended = sessionIds.filter((it) => serviceAccounts.version(it) === undefined)
  await Promise.all(ended.map((sessionId) => cutSession(sessionId, parts)))
  return result
}

function changeOf({ id, format, expiresAtMs }: NewCredential): Readonly<Record<string, unknown>> {
  return { 'service-account-id': id, format, 'expires-at': timeOf(expiresAtMs) }
}

function issued({ id, format, credential, expiresAtMs }: NewCredential): IssuedCredential {
  return { id, format, credential, expires_at: timeOf(expiresAtMs) }
}

function summarize(
  account: ServiceAccount,
  { liveTunnels }: ServiceAccountParts,
): ServiceAccountSummary {
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
    tunnels: sessionIds.reduce((sum, sessionId) => sum + liveTunnels.countOf(sessionId), 0),
  }
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}

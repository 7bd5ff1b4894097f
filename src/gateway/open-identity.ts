import type { Clock } from '../clock.ts'
import { AccessError, SystemError } from '../errors.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import { createIdentity, type Identity } from '../identity/identity.ts'
import type { LocalAccounts } from '../identity/local-accounts.ts'
import type { AccountAudit } from '../identity/passkey-sign-in.ts'
import { deriveKeys } from '../identity/keys.ts'
import { createServiceAccountIdentity } from '../identity/service-account-identity.ts'
import type { ApplicationTokens } from '../identity/application-tokens.ts'
import { hasCredential } from '../identity/credential-headers.ts'
import type { ServiceAccountIdentity } from '../identity/service-account-identity.ts'
import { isServiceAccountSession } from '../identity/service-account-record.ts'
import type { Sessions } from '../identity/sessions.ts'
import type { ServiceAccounts } from '../identity/service-accounts.ts'
import type { LiveCaller, Session } from '../identity/session.ts'
import type { SessionEndReason, Store } from '../store/store.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Tracing } from '../telemetry/tracing/tracing.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { SessionEnded } from '../access/tunnel-register.ts'
import type { Secrets } from './secrets.ts'

/** Who is who, as the rest of the gateway sees it. */
export interface GatewayIdentity {
  /**
   * Who sent these headers; nobody for a missing, unknown or ended token. At the application of this host
   * name its own tokens are good as well.
   */
  identify(headers: RequestHeaders, application?: string): Promise<LiveCaller | undefined>
  /** What is wrong with the credential of headers that lead to nobody, as a sentence. */
  credentialFault(headers: RequestHeaders, application: string): Promise<string | undefined>
  /** Where stock clients are sent to sign in, and how they name an application; undefined when nobody can. */
  readonly login: (Pick<ApplicationTokens, 'audienceOf'> & { readonly origin: URL }) | undefined
  /** A person's session, or that of a service account's credential. */
  session(id: string): Promise<LiveCaller | undefined>
  sessionVersion(id: string): number | undefined
  /** Asks the provider of a session about its person now, within limits; false when it was not asked. */
  askProvider(session: Session): Promise<boolean>
  /** Calls back when a session has changed or ended. */
  onSession(listener: (id: string, ended: SessionEnded) => void): void
  /** Newest first. */
  listSessions(): AsyncIterable<Session>
  /** Some more of them, and how many there are: of those with `text` in their names. */
  sessionPage: Sessions['page']
  countSessions(text?: string): Promise<number>
  sessionsOf(userId: string): Promise<readonly Session[]>
  revokeSession(id: string): Promise<boolean>
  readonly serviceAccounts: ServiceAccounts
  /** Undefined where the gateway has no accounts of its own. */
  readonly localAccounts: LocalAccounts | undefined
  /** Where somebody without a session signs in; undefined when nobody can. */
  signInLocation(): string | undefined
}

/** Who is who, and what the pages of signing in are made of; these undefined when nobody can. */
export interface OpenIdentity {
  readonly identity: GatewayIdentity
  readonly signIn: { readonly identity: Identity; readonly origin: URL } | undefined
  close(): Promise<void>
}

export interface IdentityParts {
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly log: Log
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly tracing: Tracing
  /** Whether a session has an open tunnel. */
  hasTunnel(sessionId: string): boolean
  readonly blockedPeople: BlockedPeople
}

/** Without a provider nobody signs in, and there are service accounts alone. */
export function openIdentity(config: GatewayConfig, parts: IdentityParts): OpenIdentity {
  const { authenticateServiceUrl: origin, identityProviders, localAccounts = false } = config
  const { store, secrets } = parts
  if (origin === undefined || (identityProviders.length === 0 && !localAccounts)) {
    const accounts = createServiceAccountIdentity({
      store,
      key: deriveKeys(secrets.sharedSecret, secrets.cookieSecret).serviceAccountToken,
      formerKeys: secrets.formerSharedSecrets.map(
        (each) => deriveKeys(each, secrets.cookieSecret).serviceAccountToken,
      ),
      host: origin?.host,
      clock: parts.clock,
      log: parts.log.service('identity'),
      isSignedIn: () => Promise.resolve(false),
    })
    return {
      identity: accountsAlone(accounts),
      signIn: undefined,
      close: () => Promise.resolve(),
    }
  }
  for (const { id } of identityProviders) parts.metrics.providerAdded(id)
  const identity = createIdentity({
    ...secrets,
    store,
    clock: parts.clock,
    log: parts.log.service('identity'),
    audit: (event, session, details) =>
      parts.audit.record({ kind: 'session', event, session, details }),
    step: parts.tracing.step,
    providerFailed: (code, provider) => parts.metrics.providerFailed(code, provider),
    limited: (limit) => parts.metrics.limited(limit),
    providers: identityProviders,
    accountAudit: localAccounts ? keepAccountChanges(parts) : undefined,
    authenticateServiceUrl: origin,
    cookieName: config.cookieName,
    cookieExpireMs: config.cookieExpireMs,
    sessionRefreshIntervalMs: config.sessionRefreshIntervalMs,
    maxSessionsPerUser: config.maxSessionsPerUser,
    hasTunnel: parts.hasTunnel,
    blockedPeople: parts.blockedPeople,
  })
  return {
    identity: gatewayIdentity(identity, origin),
    signIn: { identity, origin },
    close: () => identity.close(),
  }
}

function gatewayIdentity(identity: Identity, origin: URL): GatewayIdentity {
  const { sessions, serviceAccounts } = identity
  return {
    identify: identifyBy(identity),
    credentialFault: (headers, application) => identity.credentialFault(headers, application),
    login: { origin, audienceOf: identity.applications.audienceOf },
    session: (id) => (isServiceAccountSession(id) ? serviceAccounts.session(id) : sessions.get(id)),
    sessionVersion: (id) =>
      isServiceAccountSession(id) ? serviceAccounts.version(id) : sessions.version(id),
    askProvider: (session) => sessions.askProvider(session),
    onSession(listener) {
      serviceAccounts.onChanged((id) => listener(id, undefined))
      serviceAccounts.onEnded((id) => listener(id, 'session-revoked'))
      sessions.onChanged((id) => listener(id, undefined))
      sessions.onEnded((id, reason) => listener(id, endedOf(reason)))
    },
    listSessions: () => sessions.all(),
    sessionPage: (maxSessions, options) => sessions.page(maxSessions, options),
    countSessions: (text) => sessions.count(text),
    sessionsOf: (userId) => sessions.list({ userId }),
    revokeSession: (id) => sessions.revoke(id),
    serviceAccounts,
    localAccounts: identity.localAccounts,
    signInLocation: () => new URL(gatewayPaths.signIn, origin).href,
  }
}

/** Among what nobody without a session can push out of the audit log. */
function keepAccountChanges({ audit }: Pick<IdentityParts, 'audit'>): AccountAudit {
  return (event, { id, email }, details) =>
    audit.record({ kind: 'admin', event, details: { account: id, email, ...details } })
}

/** People who signed in by a former provider are nobody; what the store holds of them stays there. */
function accountsAlone(accounts: ServiceAccountIdentity): GatewayIdentity {
  const { serviceAccounts } = accounts
  return {
    identify: identifyBy(accounts),
    credentialFault: (headers) =>
      Promise.resolve(hasCredential(headers) ? unknownCredential : undefined),
    login: undefined,
    session: (id) => serviceAccounts.session(id),
    sessionVersion: (id) => serviceAccounts.version(id),
    askProvider: () => Promise.resolve(false),
    onSession(listener) {
      serviceAccounts.onChanged((id) => listener(id, undefined))
      serviceAccounts.onEnded((id) => listener(id, 'session-revoked'))
    },
    async *listSessions() {},
    sessionPage: () => Promise.resolve([]),
    countSessions: () => Promise.resolve(0),
    sessionsOf: () => Promise.resolve([]),
    revokeSession: () => Promise.resolve(false),
    serviceAccounts,
    localAccounts: undefined,
    signInLocation: () => undefined,
  }
}

function identifyBy({ fromHeaders }: Pick<Identity, 'fromHeaders'>): GatewayIdentity['identify'] {
  return (headers, application) =>
    fromHeaders(headers, application).catch((error: unknown) => {
      throw error instanceof AccessError ? error : storeUnavailable(error)
    })
}

const unknownCredential = 'the credential is unknown, expired or revoked'

/** Not the caller's fault, and no reason for a client to forget its token (reference 1.6). */
function storeUnavailable(cause: unknown): SystemError {
  return new SystemError('store-unavailable', 'the gateway cannot look up sessions now', {
    cause,
    hint: 'try again in a moment; your sign-in is kept',
  })
}

function endedOf(reason: SessionEndReason): SessionEnded {
  if (reason === 'expired') return 'session-expired'
  return reason === 'provider-logout' ? reason : 'session-revoked'
}

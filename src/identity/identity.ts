import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Store } from '../store/store.ts'
import type { BlockedPeople } from './blocked-people.ts'
import { createApplicationTokens, looksLikeApplicationToken } from './application-tokens.ts'
import type { ApplicationTokens } from './application-tokens.ts'
import { createAccountProvider } from './account-provider.ts'
import { createBrowserMarks } from './browser-marks.ts'
import { faultOfCredential } from './credential-fault.ts'
import { createCodes } from './codes.ts'
import type { Codes } from './codes.ts'
import { createDeviceCodes } from './device-codes.ts'
import type { DeviceCodes } from './device-codes.ts'
import {
  deviceFormToken,
  deviceSignInToken,
  isDeviceFormToken,
  isDeviceSignInToken,
} from './device-form.ts'
import type { DeviceForm, DeviceSignIn } from './device-form.ts'
import { deriveKeys } from './keys.ts'
import { createLimitReports } from './limit-reports.ts'
import { createLocalAccounts, type LocalAccounts } from './local-accounts.ts'
import type { AccountAudit } from './passkey-sign-in.ts'
import { createPendingFlows, flowLifeMs } from './pending-flow.ts'
import { createLastProvider, type LastProvider } from './last-provider.ts'
import { createProviderFailures } from './provider-failures.ts'
import type { ProviderFailureCode, ProviderFailures } from './provider-failures.ts'
import { createProviderLogouts } from './provider-logouts.ts'
import type { ProviderLogouts } from './provider-logouts.ts'
import { openProviders } from './providers.ts'
import type { NamedProviderOptions, Providers } from './providers.ts'
import type { LimitedCode } from './rate-limit.ts'
import { createServiceAccountIdentity } from './service-account-identity.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import { refuseReserved } from './reserved-ids.ts'
import { seal, unseal } from './sealed.ts'
import { createSessionCookie } from './session-cookie.ts'
import type { SessionCookie } from './session-cookie.ts'
import type { LiveCaller, Session } from './session.ts'
import type { SessionAudit } from './refresh.ts'
import { createSessions } from './sessions.ts'
import type { LiveSession, Sessions } from './sessions.ts'
import { createSignInLimits } from './sign-in-limits.ts'
import { createSignIn } from './sign-in.ts'
import type { SignIn, Step } from './sign-in.ts'
import { createSigningKeys } from './signing-keys.ts'
import { signUrl, verifySignedUrl } from './signed-url.ts'
import { createUserIds, localProviderId } from './user-ids.ts'
import { createTokens, tokenFromHeaders } from './tokens.ts'
import type { Headers, NamedSession, Tokens } from './tokens.ts'

export interface IdentityOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly audit: SessionAudit
  /** Has a part of a sign-in that takes time told of. **Default:** nobody is told */
  readonly step?: Step
  /** Called for every failure that a provider, by its id, or its configuration is at fault for. */
  readonly providerFailed?: (code: ProviderFailureCode, provider: string) => void
  /** Called for every request that a limit refuses. */
  readonly limited?: (limit: LimitedCode) => void
  /** At least one, or `accountAudit`. */
  readonly providers: readonly NamedProviderOptions[]
  /** Keeps what becomes of the accounts of the gateway itself; without it there are none. */
  readonly accountAudit?: AccountAudit | undefined
  /** Origin on which the whole sign-in runs. */
  readonly authenticateServiceUrl: URL
  /** At least 32 bytes each. */
  readonly sharedSecret: Uint8Array
  readonly cookieSecret: Uint8Array
  /** What was made by these is good as well; nothing is made by them. **Default:** none */
  readonly formerSharedSecrets?: readonly Uint8Array[]
  readonly formerCookieSecrets?: readonly Uint8Array[]
  readonly cookieName: string
  /** How long a session lasts after its sign-in. */
  readonly cookieExpireMs: number
  readonly sessionRefreshIntervalMs: number
  /** 0 for any number. */
  readonly maxSessionsPerUser: number
  /** Whether a session has an open tunnel. */
  readonly hasTunnel: (sessionId: string) => boolean
  /** **Default:** nobody is blocked */
  readonly blockedPeople?: Pick<BlockedPeople, 'check'>
}

/** A session that somebody has shown a token or a cookie of. */
export interface KnownSession extends LiveSession {
  /** When that ends: before the session, where it was renewed since. */
  readonly endsAtMs: number
}

/** Who is it: everything the gateway asks about people, in one place. */
export interface Identity {
  readonly sessions: Sessions
  readonly serviceAccounts: ServiceAccounts
  readonly signIn: SignIn
  readonly providers: Pick<Providers, 'all' | 'of'>
  readonly lastProvider: LastProvider
  /** Undefined where the gateway has no accounts of its own. */
  readonly localAccounts: LocalAccounts | undefined
  readonly providerFailures: ProviderFailures
  readonly providerLogouts: ProviderLogouts
  readonly tokens: Tokens
  readonly applications: ApplicationTokens
  readonly codes: Codes
  readonly deviceCodes: DeviceCodes
  readonly cookie: SessionCookie
  /**
   * Whose token these headers carry, or whose id and secret, for tunnels and APIs; undefined without
   * one and for one that is worthless. `hasCredential` of the same headers tells the two apart. At the
   * application of the host name `application` its own tokens are good as well, and nowhere else.
   * Throws `AccessError` `person-blocked`, as `fromCookie` does.
   */
  fromHeaders(headers: Headers, application?: string): Promise<LiveCaller | undefined>
  /** What is wrong with the credential of headers that `fromHeaders` knows nobody by, as a sentence. */
  credentialFault(headers: Headers, application: string): Promise<string | undefined>
  /** Whose session a browser's cookie names, for pages only; undefined for one that a machine has got. */
  fromCookie(cookieHeader: string | undefined): Promise<KnownSession | undefined>
  /** Says to this gateway alone which session a sign-in is to renew. */
  sealRenewal(sessionId: string): Promise<string>
  openRenewal(text: string): Promise<string | undefined>
  /** Signs a sign-in URL, good for 5 minutes. */
  signUrl(url: URL): URL
  /** Throws `AccessError` `url-signature-invalid` or `url-expired`. */
  verifySignedUrl(url: URL): void
  /** The token of the form that approves a machine, for one browser session and code. */
  deviceFormToken(form: DeviceForm): string
  isDeviceFormToken(form: DeviceForm, token: string): boolean
  /** Says that a browser's session was made for one device code, to whose machine it may go. */
  deviceSignInToken(signIn: DeviceSignIn): string
  isDeviceSignInToken(signIn: DeviceSignIn, token: string): boolean
  /** From when until when a session lasts that begins now. */
  sessionSpan(): Pick<Session, 'issuedAtMs' | 'expiresAtMs'>
  /** Stops asking the providers; the store stays open, for whoever opened it to close. */
  close(): Promise<void>
}

/** Makes the gateway's identity part. Asks nothing of the network until somebody signs in. */
export function createIdentity(options: IdentityOptions): Identity {
  const { store, clock, log, authenticateServiceUrl, cookieName } = options
  const { sharedSecret, cookieSecret, formerSharedSecrets = [], formerCookieSecrets = [] } = options
  const keys = deriveKeys(sharedSecret, cookieSecret)
  const formerOfShared = formerSharedSecrets.map((each) => deriveKeys(each, cookieSecret))
  const formerOfCookies = formerCookieSecrets.map((each) => deriveKeys(sharedSecret, each))
  const isLocal = options.accountAudit !== undefined
  const ids = createUserIds([
    ...options.providers.map(({ id }) => id),
    ...(isLocal ? [localProviderId] : []),
  ])
  const accountProvider = createAccountProvider({
    store,
    ids,
    origin: authenticateServiceUrl,
    key: keys.passkeyCode,
    clock,
  })
  const providers = openProviders(options.providers, ids, isLocal ? [accountProvider] : [])
  const providerFailures = createProviderFailures(
    log,
    clock,
    (code, provider) => options.providerFailed?.(code, provider),
    (id) => providers.get(id),
  )
  const tokens = createTokens(
    authenticateServiceUrl.host,
    keys.token,
    formerOfShared.map(({ token }) => token),
  )
  const accounts = createServiceAccountIdentity({
    store,
    key: keys.serviceAccountToken,
    formerKeys: formerOfShared.map(({ serviceAccountToken }) => serviceAccountToken),
    host: authenticateServiceUrl.host,
    clock,
    log,
    isSignedIn: async (userId) => (await sessions.list({ userId })).length > 0,
  })
  const { serviceAccounts } = accounts
  const sessions = createSessions({
    store,
    providers,
    clock,
    log,
    audit: options.audit,
    providerFailures,
    sessionLifeMs: options.cookieExpireMs,
    refreshIntervalMs: options.sessionRefreshIntervalMs,
    maxSessionsPerUser: options.maxSessionsPerUser,
    hasTunnel: options.hasTunnel,
    blockedPeople: options.blockedPeople,
  })
  const limitReports = createLimitReports(log, clock, (limit) => options.limited?.(limit))
  const limits = createSignInLimits(clock, limitReports)
  const marks = createBrowserMarks(cookieName, flowLifeMs)
  const pendingFlows = createPendingFlows({
    stateKey: keys.signInState,
    checksKey: keys.signInChecks,
    marks,
    clock,
  })
  const origin = authenticateServiceUrl
  const signIn = createSignIn({
    providers,
    limits,
    sessions: refuseReserved(sessions, serviceAccounts),
    pendingFlows,
    log,
    origin,
    step: options.step,
  })
  const localAccounts =
    options.accountAudit &&
    createLocalAccounts({
      store,
      provider: accountProvider,
      sessions: { ...sessions, ...refuseReserved(sessions, serviceAccounts) },
      pendingFlows,
      limits,
      marks,
      keys,
      origin,
      audit: options.accountAudit,
      log,
      clock,
    })
  const cookie = createSessionCookie(
    cookieName,
    keys.sessionCookie,
    formerOfCookies.map(({ sessionCookie }) => sessionCookie),
  )
  const applications = createApplicationTokens({
    origin: authenticateServiceUrl,
    keys: createSigningKeys(store, clock),
    audienceKey: keys.applicationAudience,
    formerAudienceKeys: formerOfShared.map(({ applicationAudience }) => applicationAudience),
    sessionLifeMs: options.cookieExpireMs,
    clock,
  })
  const namedBy = async (
    token: string,
    application?: string,
  ): Promise<NamedSession | undefined> => {
    const own = await tokens.read(token)
    if (own !== undefined || application === undefined) return own
    if (!looksLikeApplicationToken(token)) return undefined
    const read = await applications.read(token, application)
    // Past its own end it is worthless, and was not read.
    return 'sessionId' in read ? { sessionId: read.sessionId, endsAtMs: Infinity } : undefined
  }
  /** The sessions of somebody who is blocked have ended: without this they would be asked to sign in. */
  const tellBlocked = async (token: string): Promise<void> => {
    const userId = await tokens.userOf(token)
    if (userId !== undefined) options.blockedPeople?.check({ userId, email: undefined })
  }
  /** Without an end of its own it is that of the first sign-in: no renewal makes it good for longer. */
  const endOf = ({ endsAtMs }: NamedSession, { issuedAtMs }: Session): number =>
    endsAtMs ?? issuedAtMs + options.cookieExpireMs
  const find = async (named: NamedSession | undefined): Promise<KnownSession | undefined> => {
    const found = named && (await sessions.get(named.sessionId))
    if (named === undefined || found === undefined) return undefined
    const endsAtMs = endOf(named, found.session)
    return endsAtMs > clock.now() ? { ...found, endsAtMs } : undefined
  }

  return {
    sessions,
    serviceAccounts,
    signIn,
    providers,
    lastProvider: createLastProvider(cookieName),
    localAccounts,
    providerFailures,
    providerLogouts: createProviderLogouts({
      ...options,
      providers: { all: providers.all.filter(({ id }) => id !== localProviderId) },
    }),
    tokens,
    applications,
    codes: createCodes(store.codes, clock),
    deviceCodes: createDeviceCodes(store.deviceCodes, clock, limitReports),
    cookie,
    async fromHeaders(headers, application) {
      const token = tokenFromHeaders(headers)
      const named = token === undefined ? undefined : await namedBy(token, application)
      if (token === undefined || named === undefined) return accounts.fromHeaders(headers)
      const found = await find(named)
      if (found === undefined) await tellBlocked(token)
      return found
    },
    credentialFault: (headers, application) =>
      faultOfCredential(headers, { tokens, applications, application }),
    async fromCookie(cookieHeader) {
      const found = await find(await cookie.read(cookieHeader))
      // Handed over: it is that machine's, also where the browser has not heard that its cookie is void.
      return found?.session.device === undefined ? found : undefined
    },
    sealRenewal: (sessionId) => seal(keys.signInRenewal, { renews: sessionId }),
    async openRenewal(text) {
      const renews = (await unseal(keys.signInRenewal, text))?.['renews']
      return typeof renews === 'string' ? renews : undefined
    },
    signUrl: (url) => signUrl(url, keys.signedUrl, clock.now()),
    verifySignedUrl: (url) => verifySignedUrl(url, keys.signedUrl, clock.now()),
    deviceFormToken: (form) => deviceFormToken(keys.deviceForm, form),
    deviceSignInToken: (signedIn) => deviceSignInToken(keys.deviceForm, signedIn),
    isDeviceSignInToken: (signedIn, token) => isDeviceSignInToken(keys.deviceForm, signedIn, token),
    isDeviceFormToken: (form, token) => isDeviceFormToken(keys.deviceForm, form, token),
    sessionSpan() {
      const issuedAtMs = clock.now()
      return { issuedAtMs, expiresAtMs: issuedAtMs + options.cookieExpireMs }
    },
    async close() {
      providers.close()
      await sessions.close()
    },
  }
}

import type { GatewayConfig } from '../config/config.ts'
import type { GlobalKey } from '../config/keys/keys.ts'
import type { IdentityProvider } from '../config/readers/sign-in.ts'

const providerKeys = {
  url: 'idp_provider_url',
  clientId: 'idp_client_id',
  clientSecret: 'idp_client_secret',
  scopes: 'idp_scopes',
  scopesIfKnown: 'idp_scopes',
  groupsClaim: 'idp_groups_claim',
  emailClaim: 'idp_email_claim',
  trustsMissingEmailVerified: 'idp_trust_missing_email_verified',
} as const satisfies Record<keyof IdentityProvider, GlobalKey>

/** What a running gateway does about a setting that has changed. */
export type OnChange =
  /** Takes it over: `Gateway.reload` reads it. */
  | 'reload'
  /** Names it, as it is called in the file, among what needs a restart. */
  | { readonly restart: GlobalKey }
  | { readonly restart: typeof providerKeys }

/** One for every setting, so that a new one does not compile before somebody has decided. */
export type OnChanges = Readonly<Record<keyof GatewayConfig, OnChange>>

export const onChanges = {
  address: { restart: 'address' },
  certificates: 'reload',
  autocert: { restart: 'autocert' },
  httpRedirectAddress: { restart: 'http_redirect_addr' },
  authenticateServiceUrl: { restart: 'authenticate_service_url' },
  sharedSecret: { restart: 'shared_secret' },
  cookieSecret: { restart: 'cookie_secret' },
  tokenEncryptionKeys: { restart: 'token_encryption_key' },
  cookieName: { restart: 'cookie_name' },
  cookieExpireMs: { restart: 'cookie_expire' },
  sessionRefreshIntervalMs: { restart: 'session_refresh_interval' },
  maxSessionsPerUser: { restart: 'max_sessions_per_user' },
  maxTunnelsPerUser: 'reload',
  timeoutIdleMs: { restart: 'timeout_idle' },
  timeoutReadMs: { restart: 'timeout_read' },
  timeoutWriteMs: 'reload',
  peerLimits: 'reload',
  logLevel: 'reload',
  accessLogFields: 'reload',
  authorizeLogFields: 'reload',
  auditForward: 'reload',
  metricsAddress: { restart: 'metrics_address' },
  programmaticRedirectDomains: 'reload',
  deviceLogin: 'reload',
  sshCa: 'reload',
  proxyProtocol: 'reload',
  downstreamMtls: 'reload',
  directory: 'reload',
  routes: 'reload',
  fileRoutes: 'reload',
  filePolicies: 'reload',
  clientCertificates: 'reload',
  sites: 'reload',
  downloads: 'reload',
  administrators: 'reload',
  stateDirectory: { restart: 'state_directory' },
  identityProvider: { restart: providerKeys },
} as const satisfies OnChanges

/** The keys of the file in which two configurations differ and that only a restart changes. */
export function keysNeedingRestart(running: GatewayConfig, next: GatewayConfig): readonly string[] {
  const fields = Object.keys(onChanges) as readonly (keyof GatewayConfig)[]
  const names = fields
    .filter((field) => onChanges[field] !== 'reload' && differ(running[field], next[field]))
    .flatMap((field) => namesOf(onChanges[field], running, next))
  return [...new Set(names)]
}

function namesOf(
  onChange: OnChange,
  { identityProvider: provider }: GatewayConfig,
  { identityProvider: nextProvider }: GatewayConfig,
): readonly GlobalKey[] {
  if (onChange === 'reload') return []
  if (typeof onChange.restart === 'string') return [onChange.restart]
  // A provider that was added or removed is named by the key that says which one it is.
  if (provider === undefined || nextProvider === undefined) return ['idp_provider']
  const parts = Object.keys(onChange.restart) as readonly (keyof IdentityProvider)[]
  return parts
    .filter((part) => differ(provider[part], nextProvider[part]))
    .map((part) => providerKeys[part])
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}

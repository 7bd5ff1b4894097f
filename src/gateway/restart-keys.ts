import type { GatewayConfig } from '../config/config.ts'
import type { GlobalKey } from '../config/keys/keys.ts'
import type { IdentityProvider } from '../config/readers/sign-in.ts'

const providerKeys = {
  url: 'idp_provider_url',
  clientId: 'idp_client_id',
  clientSecret: 'idp_client_secret',
  scopes: 'idp_scopes',
  scopesIfKnown: 'idp_scopes',
  requestParams: 'idp_request_params',
  dialect: 'idp_provider',
  speaks: 'idp_provider',
  groupsClaim: 'idp_groups_claim',
  emailClaim: 'idp_email_claim',
  trustsMissingEmailVerified: 'idp_trust_missing_email_verified',
} as const satisfies Partial<Record<keyof IdentityProvider, GlobalKey>>

/** What a running gateway does about a setting that has changed. */
export type OnChange =
  /** Takes it over: `Gateway.reload` reads it. */
  | 'reload'
  /** Names it, as it is called in the file, among what needs a restart. */
  | { readonly restart: GlobalKey }
  | { readonly restart: 'providers' }

/** One for every setting, so that a new one does not compile before somebody has decided. */
export type OnChanges = Readonly<Record<keyof GatewayConfig, OnChange>>

export const onChanges = {
  address: { restart: 'address' },
  certificates: 'reload',
  autocert: { restart: 'autocert' },
  httpRedirectAddress: { restart: 'http_redirect_addr' },
  authenticateServiceUrl: { restart: 'authenticate_service_url' },
  sharedSecrets: { restart: 'shared_secret' },
  cookieSecrets: { restart: 'cookie_secret' },
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
  tracing: { restart: 'otel_exporter_otlp_endpoint' },
  metricsAddress: { restart: 'metrics_address' },
  programmaticRedirectDomains: 'reload',
  deviceLogin: 'reload',
  sshCa: 'reload',
  scim: 'reload',
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
  identityProviders: { restart: 'providers' },
  localAccounts: { restart: 'local_accounts' },
} as const satisfies OnChanges

/** The keys of the file in which two configurations differ and that only a restart changes. */
export function keysNeedingRestart(running: GatewayConfig, next: GatewayConfig): readonly string[] {
  const fields = Object.keys(onChanges) as readonly (keyof GatewayConfig)[]
  const names = fields
    .filter((field) => onChanges[field] !== 'reload' && isChanged(field, running, next))
    .flatMap((field) => namesOf(onChanges[field], running, next))
  return [...new Set(names)]
}

function isChanged(
  field: keyof GatewayConfig,
  running: GatewayConfig,
  next: GatewayConfig,
): boolean {
  if (field !== 'identityProviders') return differ(running[field], next[field])
  return differ(running[field].map(inEffect), next[field].map(inEffect))
}

/** Where its secret stands is no part of what it is. */
function inEffect(provider: IdentityProvider): object {
  return { ...provider, clientSecretKey: undefined }
}

function namesOf(
  onChange: OnChange,
  running: GatewayConfig,
  next: GatewayConfig,
): readonly string[] {
  if (onChange === 'reload') return []
  if (onChange.restart !== 'providers') return [onChange.restart]
  const named = namesOfProviders(running.identityProviders, next.identityProviders)
  // In another order, which only those of the mapping can have.
  return named.length > 0 ? named : ['identity_providers']
}

type Providers = readonly IdentityProvider[]

function namesOfProviders(running: Providers, next: Providers): readonly string[] {
  const ids = new Set([...running, ...next].map(({ id }) => id))
  return [...ids].flatMap((id): readonly string[] => {
    const [one, other] = [running, next].map((all) => all.find((it) => it.id === id))
    if (!differ(one && inEffect(one), other && inEffect(other))) return []
    // A provider that was added or removed is named by the key that says which one it is.
    if (one === undefined || other === undefined)
      return [isOfKeys(one ?? other) ? 'idp_provider' : 'identity_providers']
    if (!isOfKeys(one) || !isOfKeys(other)) return ['identity_providers']
    const parts = Object.keys(providerKeys) as readonly (keyof typeof providerKeys)[]
    const differing = parts.filter((part) => differ(one[part], other[part]))
    const { clientSecretKey: secret = providerKeys.clientSecret } = other
    return differing.map((part) => (part === 'clientSecret' ? secret : providerKeys[part]))
  })
}

/** Whether it is the one that the keys `idp_*` name. */
function isOfKeys(provider: IdentityProvider | undefined): boolean {
  return provider?.keyPrefix === 'idp_'
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}

import type { GatewayConfig } from '../config/config.ts'
import type { IdentityProvider } from '../config/readers/sign-in.ts'

/** What a running gateway cannot take over, with the names these have in the file. */
const keys = {
  address: 'address',
  authenticateServiceUrl: 'authenticate_service_url',
  sharedSecret: 'shared_secret',
  cookieSecret: 'cookie_secret',
  tokenEncryptionKeys: 'token_encryption_key',
  cookieName: 'cookie_name',
  cookieExpireMs: 'cookie_expire',
  sessionRefreshIntervalMs: 'session_refresh_interval',
  maxSessionsPerUser: 'max_sessions_per_user',
  timeoutIdleMs: 'timeout_idle',
  timeoutReadMs: 'timeout_read',
  metricsAddress: 'metrics_address',
  stateDirectory: 'state_directory',
} as const satisfies Partial<Record<keyof GatewayConfig, string>>

const providerKeys = {
  url: 'idp_provider_url',
  clientId: 'idp_client_id',
  clientSecret: 'idp_client_secret',
  scopes: 'idp_scopes',
  scopesIfKnown: 'idp_scopes',
  groupsClaim: 'idp_groups_claim',
  emailClaim: 'idp_email_claim',
  trustsMissingEmailVerified: 'idp_trust_missing_email_verified',
} as const satisfies Record<keyof IdentityProvider, string>

/** The keys of the file in which two configurations differ and that only a restart changes. */
export function keysNeedingRestart(running: GatewayConfig, next: GatewayConfig): readonly string[] {
  const { identityProvider: provider } = running
  const { identityProvider: nextProvider } = next
  // One that is new, or gone, is named by what it is known by.
  const ofProvider =
    provider === undefined || nextProvider === undefined
      ? differing({ provider: 'idp_provider' }, { provider }, { provider: nextProvider })
      : differing(providerKeys, provider, nextProvider)
  return [...new Set([...differing(keys, running, next), ...ofProvider])]
}

/** The names of the fields in which two objects differ. */
function differing<Names extends Readonly<Record<string, string>>>(
  names: Names,
  one: Readonly<Record<keyof Names, unknown>>,
  other: Readonly<Record<keyof Names, unknown>>,
): readonly string[] {
  return Object.entries(names)
    .filter(([field]) => JSON.stringify(one[field]) !== JSON.stringify(other[field]))
    .map(([, name]) => name)
}

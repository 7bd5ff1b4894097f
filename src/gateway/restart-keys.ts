import type { GatewayConfig } from './config/config.ts'

/** What a running gateway cannot take over, with the names these have in the file. */
const keys = {
  address: 'address',
  authenticateServiceUrl: 'authenticate_service_url',
  identityProvider: 'idp_provider',
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

/** The keys of the file in which two configurations differ and that only a restart changes. */
export function keysNeedingRestart(running: GatewayConfig, next: GatewayConfig): readonly string[] {
  return Object.entries(keys)
    .filter(([field]) => isDifferent(running, next, field as keyof typeof keys))
    .map(([, key]) => key)
}

function isDifferent(
  running: GatewayConfig,
  next: GatewayConfig,
  field: keyof typeof keys,
): boolean {
  return JSON.stringify(running[field]) !== JSON.stringify(next[field])
}

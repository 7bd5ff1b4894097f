import { connectionsByMemory } from '../../port/peers/memory.ts'
import type { Source } from '../source/source.ts'

/** Settings that are taken as they are written, else by the default of their key: one line each. */
export function readPlain({ settings: { values, orDefault } }: Source) {
  return {
    address: orDefault('address'),
    cookieName: orDefault('cookie_name'),
    cookieExpireMs: orDefault('cookie_expire'),
    sessionRefreshIntervalMs: orDefault('session_refresh_interval'),
    timeoutIdleMs: orDefault('timeout_idle'),
    timeoutReadMs: orDefault('timeout_read'),
    timeoutWriteMs: orDefault('timeout_write'),
    maxSessionsPerUser: orDefault('max_sessions_per_user'),
    maxTunnelsPerUser: orDefault('max_tunnels_per_user'),
    peerLimits: {
      maxConnectionsPerAddress: orDefault('max_connections_per_address'),
      maxConnections:
        values.max_connections ?? Math.min(orDefault('max_connections'), connectionsByMemory()),
    },
    logLevel: orDefault('log_level'),
    accessLogFields: values.access_log_fields,
    authorizeLogFields: values.authorize_log_fields,
    metricsAddress: values.metrics_address,
    programmaticRedirectDomains: orDefault('programmatic_redirect_domain_whitelist'),
    deviceLogin: orDefault('device_login'),
    ...(values.http_redirect_addr && { httpRedirectAddress: values.http_redirect_addr }),
    ...(values.ssh_ca && { sshCa: values.ssh_ca }),
    ...(values.scim && { scim: values.scim }),
  }
}

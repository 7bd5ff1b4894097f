/** Why a tunnel ended, each with its sentence for the reference. */
export const endings = {
  'client-closed': 'both directions ended in order, the client first',
  'upstream-closed': 'both directions ended in order, the upstream first',
  'client-reset': 'the client was lost or aborted, or reset to save memory, as `error` says',
  'upstream-reset': 'the upstream was lost or aborted, or reset to save memory, as `error` says',
  'idle-timeout': "no byte either way for the route's `idle_timeout`",
  'stall-timeout':
    "the service took nothing of what waited for it, and no byte moved either way, for the route's `stall_timeout`",
  timeout: "the route's `timeout` or the gateway's `timeout_write` ran out",
  'session-revoked':
    'the session was revoked, its person signed out, or the service account was revoked or rotated',
  'provider-logout': 'its person signed out at the identity provider, or was signed out there',
  'person-blocked': 'whoever it belonged to was blocked',
  'session-expired': 'the session, or the credential of the service account, expired',
  'policy-changed': 'the policy, asked again, no longer allows it',
  'access-ended': 'the access that somebody was given for a while is over',
  undecided: 'the policy could not be asked again; the log says why, with the same `request-id`',
  'route-removed': 'the route is gone from the configuration',
  'route-changed': "the route's `to` no longer names the upstream that it led to",
  'cut-by-operator': 'whoever runs the gateway cut it',
  'connector-revoked': 'the credential of the named tunnel that it went through was revoked',
  'named-tunnel-deleted': 'the named tunnel that it went through was deleted',
  shutdown: 'the gateway stopped, and its grace period ran out',
} as const

/** Why a tunnel ended, as the access log says it. */
export type Ended = keyof typeof endings

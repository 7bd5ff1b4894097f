import type { ForeignKey } from '../foreign-keys.ts'

/** Reasons that hold for keys of the whole gateway as well. */
export const reasons = {
  http: 'applies to HTTP requests, and a tunnel carries bytes',
  envoy: 'configures Envoy, which Postern does not use',
  jwt: 'identity headers are sent with HTTP requests only',
  clientCertificates: 'client certificates are checked by "downstream_mtls", for the whole gateway',
  providers:
    'people may sign in with any provider; policies tell them apart by the criterion "provider"',
  bearer: 'tokens of the identity provider are not accepted',
} as const

const { http, envoy, jwt, clientCertificates, providers, bearer } = reasons
const balancing = 'when an upstream refuses, the next one is tried, by weight'

const rows: readonly (readonly [ForeignKey['class'], string, string, (string | boolean)?])[] = [
  ['refused', 'allowed_groups', 'write "groups: {has: …}" in "policy"'],
  ['refused', 'bearer_token_format', bearer, 'default'],
  ['refused', 'identity_providers', providers],
  ['refused', 'idp_access_token_allowed_audiences', bearer],
  ['refused', 'idp_client_id', providers],
  ['refused', 'idp_client_secret', providers],
  [
    'refused',
    'kubernetes_service_account_token',
    'Kubernetes routes are HTTP, and Postern serves TCP only',
  ],
  [
    'refused',
    'kubernetes_service_account_token_file',
    'Kubernetes routes are HTTP, and Postern serves TCP only',
  ],
  ['refused', 'mcp', 'MCP routes are HTTP, and Postern serves TCP only'],
  ['refused', 'redirect', 'redirects are HTTP, and Postern serves TCP only'],
  ['refused', 'response', 'fixed answers are HTTP, and Postern serves TCP only'],
  ['refused', 'set_authorization_header', 'tokens of the identity provider are not passed on'],
  ['refused', 'sub_policies', 'policies are written under "policy"'],
  ['refused', 'tls_downstream_client_ca', clientCertificates],
  ['refused', 'tls_downstream_client_ca_file', clientCertificates],
  ['refused', 'upstream_tunnel', 'reverse tunnels over SSH are not supported'],

  ['ignored', 'allow_spdy', http],
  ['ignored', 'allow_upgrades', http],
  ['ignored', 'allow_websockets', http],
  ['ignored', 'circuit_breaker_thresholds', envoy],
  ['ignored', 'cors_allow_preflight', http],
  ['ignored', 'depends_on', 'one sign-in serves every route'],
  ['ignored', 'enable_google_cloud_serverless_authentication', http],
  ['ignored', 'health_checks', balancing],
  ['ignored', 'healthy_panic_threshold', balancing],
  ['ignored', 'host_path_regex_rewrite_pattern', http],
  ['ignored', 'host_path_regex_rewrite_substitution', http],
  ['ignored', 'host_rewrite', http],
  ['ignored', 'host_rewrite_header', http],
  ['ignored', 'jwt_groups_filter', jwt],
  ['ignored', 'jwt_issuer_format', jwt],
  ['ignored', 'load_balancing_policy', balancing],
  ['ignored', 'logo_url', 'the look of pages is fixed'],
  ['ignored', 'outlier_detection', balancing],
  ['ignored', 'pass_identity_headers', jwt],
  ['ignored', 'path', http],
  ['ignored', 'prefix', http],
  ['ignored', 'prefix_rewrite', http],
  ['ignored', 'preserve_host_header', http],
  ['ignored', 'regex', http],
  ['ignored', 'regex_priority_order', http],
  ['ignored', 'regex_rewrite_pattern', http],
  ['ignored', 'regex_rewrite_substitution', http],
  ['ignored', 'remove_request_headers', http],
  ['ignored', 'rewrite_response_headers', http],
  ['ignored', 'set_request_headers', http],
  ['ignored', 'set_response_headers', http],
  ['ignored', 'show_error_details', 'a refusal names its reasons to whoever is signed in'],
  [
    'ignored',
    'tls_downstream_server_name',
    'a route is matched by the CONNECT authority, never by SNI',
  ],
  [
    'ignored',
    'tls_upstream_allow_renegotiation',
    'each connection to a next gateway carries one tunnel and is never renegotiated',
  ],
]

/** Every key of a route of Pomerium's that Postern does not use (reference 3.11). */
export const foreignRouteKeys: readonly ForeignKey[] = rows.map(([kind, key, why, unless]) => ({
  key,
  class: kind,
  why,
  ...(unless === undefined ? {} : { unless }),
}))

import { z } from 'zod'
import { proxyVersions } from '../../net/proxy-protocol.ts'
import { textOf } from '../../schema.ts'
import { accessLogFieldNames, isAccessLogField } from '../../telemetry/access-fields.ts'
import { authorizeLogFieldNames, isAuthorizeLogField } from '../../telemetry/authorize-fields.ts'
import { parseFrom } from '../../routes/from.ts'
import { parseTo, toForm } from '../../routes/to.ts'
import { downstreamMtls } from './downstream-mtls-keys.ts'
import { countKey, durationKey, key, pathKey, secretKeyKey, textKey, type Key } from './key.ts'
import { signInKeys } from './sign-in-keys.ts'
import * as values from './values.ts'

export type { Key } from './key.ts'

/** One entry of `certificates`. */
export const certificatePair = z.strictObject({ cert: values.secretText, key: values.secretText })

/** Every key outside of the routes; names and meanings are Pomerium's. */
export const globalKeys = {
  address: textKey(values.listenAddress, 'host:port', {
    default: ':443',
    doc: 'Where the gateway listens, TLS only. Without a host: on every address of the machine.',
  }),
  certificate_file: pathKey(
    'Certificate chain, PEM, leaf first. Goes with `certificate_key_file`.',
  ),
  certificate_key_file: pathKey('Private key of `certificate_file`, PEM, without a passphrase.'),
  certificate: textKey(values.base64Pem, 'base64 of PEM', {
    doc: 'Certificate chain without a file. Goes with `certificate_key`.',
  }),
  certificate_key: textKey(values.base64Pem, 'base64 of PEM', {
    doc: 'Private key of `certificate`.',
  }),
  certificates: key({
    // Its entries are checked one by one, so that a fault in one does not hide those of the others.
    schema: z.array(z.unknown()),
    type: 'list of `{cert, key}`',
    variable: 'none',
    doc: 'More certificates, each two paths (or base64 of PEM). The one that fits the name a client asks for is used, the first one where none fits.',
  }),
  ...signInKeys,
  shared_secret: secretKeyKey('Signs the tokens that clients carry.'),
  shared_secret_file: pathKey('File with the shared secret, instead of `shared_secret`.'),
  token_encryption_key: textKey(values.secretKey, 'base64 of 32 bytes', {
    without: 'derived from `shared_secret`',
    doc: "Encrypts the provider's tokens where they are kept.",
  }),
  token_encryption_key_file: pathKey(
    'File with such keys, one a line, instead of `token_encryption_key`: the first encrypts, the others read what was encrypted before them. `postern gateway keys rotate` moves everything to the first.',
  ),
  cookie_secret: secretKeyKey('Seals the cookies of browsers.'),
  cookie_secret_file: pathKey('File with the cookie secret, instead of `cookie_secret`.'),
  cookie_name: textKey(values.cookieName, 'text', {
    default: 'postern',
    doc: "Name of the browser's cookies, without the `__Host-` that is put before it: `postern` is sent as `__Host-postern`, which no other host of your domain can set.",
  }),
  cookie_expire: durationKey(
    values.longDuration,
    '14h',
    'How long a session lasts from its sign-in, in browsers and clients alike.',
    'its tunnels are cut, `session-expired` in the access log; sign in again',
  ),
  session_refresh_interval: durationKey(
    values.longDuration,
    '10m',
    'Longest time after which the provider is asked again who somebody is, and which groups they have.',
    'the provider is asked; a provider that is down ends no session',
  ),
  timeout_idle: durationKey(
    values.duration,
    '5m',
    'A connection without any request under way is closed after this; `0` for never. Tunnels are requests under way.',
    'the connection is closed',
  ),
  timeout_read: durationKey(
    values.duration,
    '30s',
    'Time in which a whole request head must have arrived; `0` for no limit.',
    '408 `request_timeout`, and the connection is closed',
  ),
  timeout_write: durationKey(
    values.duration,
    '0',
    'Longest life of any answer, tunnels included; `0` for no limit.',
    'the tunnel is cut, `timeout` in the access log',
  ),
  max_sessions_per_user: countKey(
    '100',
    'Most sessions that one person has at once, in browsers, clients and machines; `0` for any number. Service accounts have none.',
    'a further sign-in ends the longest unused one, of those without an open tunnel first; its next use is a sign-in',
  ),
  max_tunnels_per_user: countKey(
    '0',
    'Most tunnels that one person, or one service account, has open at once, those of all their sessions together; `0` for any number. A lower one closes none that is open.',
    '503 `too_many_tunnels`',
  ),
  log_level: textKey(z.enum(['debug', 'info', 'warn', 'error']), 'one of the names', {
    default: 'info',
    doc: 'Least level that is logged: `debug`, `info`, `warn` or `error`.',
  }),
  access_log_fields: key({
    schema: z.array(values.logField(isAccessLogField, accessLogFieldNames)),
    type: 'list of text',
    without: 'the default fields',
    variable: 'list',
    doc: 'Fields of the access log, in order; see the reference of logs. Headers that carry secrets are refused.',
  }),
  authorize_log_fields: key({
    schema: z.array(values.logField(isAuthorizeLogField, authorizeLogFieldNames)),
    type: 'list of text',
    without: 'the default fields',
    variable: 'list',
    doc: 'Fields of the authorize log, in order; see the reference of logs. Headers that carry secrets are refused.',
  }),
  metrics_address: textKey(values.listenAddress, 'host:port', {
    without: 'no metrics are served',
    doc: 'Where Prometheus metrics are served, in plain HTTP and without sign-in: bind it to loopback.',
  }),
  programmatic_redirect_domain_whitelist: key({
    schema: z.array(values.redirectHost),
    type: 'list of hosts',
    default: ['localhost'],
    variable: 'list',
    doc: 'Hosts that the sign-in of a client may end at. `localhost` covers 127.0.0.0/8 and ::1 too; people whom another website sends there are asked first, those for other hosts of this list are not.',
  }),
  device_login: key({
    schema: values.flag,
    type: 'true or false',
    default: true,
    variable: 'flag',
    doc: 'Whether a machine without a browser may be signed in by a code (`postern login --device`) that somebody approves in a browser elsewhere. `false` refuses that, also for codes that wait.',
  }),
  use_proxy_protocol: key({
    schema: z.literal([true, false, 'optional']),
    type: 'true, false or `optional`',
    default: false,
    variable: 'flag',
    doc: 'Whether every connection must begin with a PROXY protocol header, version 1 or 2, with the real address of its client: behind a load balancer that sends one. With `optional`, connections of those in `proxy_protocol_from` may begin with one, and all others must not.',
  }),
  proxy_protocol_from: key({
    schema: z.array(values.ipRange).min(1),
    type: 'list of IP addresses and ranges',
    without: 'everybody; `optional` needs a list',
    variable: 'list',
    doc: 'Who may send a PROXY header: the addresses of your load balancers, such as `10.0.0.0/8`. A header from elsewhere is refused: the connection is closed without an answer, and logged. With `use_proxy_protocol: true` nobody else can connect at all. Without it, whoever reaches the port may claim any address: policies with `source_ip` are then refused, and `[0.0.0.0/0, "::/0"]` says that on purpose. With `optional`, list only what writes a header itself: one that passes its clients on without would let each of them write its own.',
  }),
  max_connections_per_address: countKey(
    '1000',
    'Most connections without a tunnel from one address, as the PROXY header tells it, or one IPv6 network of 64 bits; `0` for any number. A CONNECT under way counts as a tunnel. Behind a load balancer that sends no PROXY header everybody has one address: say `0` there.',
    'the one of this address that has made no progress for the longest time is closed, and logged',
  ),
  max_connections: countKey(
    '4000',
    'Most connections without a tunnel in all; `0` for any number. TLS handshakes under way are among them. Below 768 MiB of memory the default is lower: one for each 192 KiB.',
    'the one that has made no progress for the longest time is closed, and logged',
  ),
  downstream_mtls: key({
    schema: downstreamMtls,
    type: '`{ca_file, crl_file, enforcement, match_subject_alt_names, max_verify_depth}`',
    variable: 'none',
    without: 'no client certificate is asked for',
    doc: 'Client certificates: every client is asked for one that an authority of `ca_file` (PEM; `ca` is base64 of it) signed and that `crl_file` (or `crl`) does not revoke. `enforcement` is `policy_with_default_deny`: every route refuses whoever has none; `policy`: only where a policy asks; or `reject_connection`: nobody can even connect without one. `match_subject_alt_names` is a list of `{dns: PATTERN}`, `email`, `ip_address`, `uri` or `user_principal_name`: some name must match. `max_verify_depth` (default 1) bounds how many authorities may stand above a certificate, `0` for any number. See [client certificates](client-certificates.md).',
  }),
  // No variable: `DIRECTORY` may well be somebody else's.
  directory: textKey(values.path, 'path', {
    variable: 'none',
    without: 'none: groups are those that the provider sends',
    doc: 'File that puts people in groups, see below; for providers that send none. The criterion `groups` sees its groups and those of the provider.',
  }),
  // STATE_DIRECTORY is systemd's before it is ours: a default, which the file overrides.
  state_directory: textKey(values.path, 'path', {
    variable: 'none',
    without:
      '`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/postern/gateway`, else `~/.local/state/postern/gateway`',
    doc: 'Where sessions and generated keys live.',
  }),
  routes: key({
    schema: z.array(z.unknown()),
    type: 'list of routes',
    default: [],
    variable: 'base64-yaml',
    doc: 'The routes, see below.',
  }),
} as const satisfies Record<string, Key<unknown>>

const oneOrMany = <T>(schema: z.ZodType<T>) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(schema).min(1))

/** Every key of a route; names and meanings are Pomerium's. */
export const routeKeys = {
  from: textKey(
    textOf('tcp+https://HOST:PORT', (text) => {
      const from = parseFrom(text)
      return 'fault' in from ? from : { ...from, text }
    }),
    '`tcp+https://HOST:PORT`',
    {
      variable: 'none',
      without: 'required',
      doc: 'What clients ask for: matched against the host and port of their `CONNECT`, never against the port they reach the gateway on. `*` in the host stands for one or more characters, dots too; without a port every port matches; `tcp+https://GATEWAY/HOST:PORT` names the gateway too.',
    },
  ),
  to: key({
    schema: oneOrMany(textOf(toForm, parseTo)),
    type: '`tcp://HOST:PORT` or `https://GATEWAY`, or a list of them',
    without: 'required',
    variable: 'none',
    doc: 'Where the route leads. Of several one is chosen for each tunnel, by weight where each has one (`tcp://HOST:PORT,WEIGHT`); one that refuses is skipped for the next. `https://GATEWAY` or `https://GATEWAY:PORT` sends the `CONNECT` on, for the same host and port, to another gateway or HTTP proxy; nothing that tells who the client is goes along. `http://` only on a loopback host.',
  }),
  allow_metadata_address: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Lets the route lead to the metadata service of a cloud, such as 169.254.169.254, which hands the credentials of this machine to whoever asks from it. Without it such an address is refused in `to`, and whenever a name there leads to one.',
  }),
  upstream_proxy_protocol: key({
    schema: z.enum(proxyVersions),
    type: '`v1` or `v2`',
    without: 'no header',
    variable: 'none',
    doc: "Begins every connection to the upstream with a PROXY protocol header of this version, which tells it the client's address. The upstream must expect it.",
  }),
  tls_skip_verify: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Takes any certificate of an https upstream for the right one. Loads with a warning.',
  }),
  tls_upstream_server_name: key({
    schema: values.serverName,
    type: 'host',
    without: 'the host in `to`',
    variable: 'none',
    doc: 'Name that an https upstream is asked for (SNI) and that its certificate must have.',
  }),
  tls_server_name: key({
    schema: values.serverName,
    type: 'host',
    without: 'the host in `to`',
    variable: 'none',
    doc: 'Older name of `tls_upstream_server_name`, which wins.',
  }),
  tls_custom_ca: key({
    schema: values.base64Pem,
    type: 'base64 of PEM',
    without: 'the authorities that Node.js trusts',
    variable: 'none',
    doc: 'Authorities one of which must have signed the certificate of an https upstream, instead of the usual ones.',
  }),
  tls_custom_ca_file: key({
    schema: values.path,
    type: 'path',
    variable: 'none',
    doc: 'File with those authorities, PEM, instead of `tls_custom_ca`.',
  }),
  tls_client_cert: key({
    schema: values.base64Pem,
    type: 'base64 of PEM',
    variable: 'none',
    doc: 'Certificate that this gateway shows to an https upstream. Goes with `tls_client_key`.',
  }),
  tls_client_cert_file: key({
    schema: values.path,
    type: 'path',
    variable: 'none',
    doc: 'File with that certificate, PEM, instead of `tls_client_cert`.',
  }),
  tls_client_key: key({
    schema: values.base64Pem,
    type: 'base64 of PEM',
    variable: 'none',
    doc: 'Private key of `tls_client_cert`.',
  }),
  tls_client_key_file: key({
    schema: values.path,
    type: 'path',
    variable: 'none',
    doc: 'File with that key, PEM, instead of `tls_client_key`.',
  }),
  name: textKey(values.text, 'text', {
    variable: 'none',
    without: 'made from `from`',
    doc: 'Name in the portal and the logs.',
  }),
  description: textKey(z.string(), 'text', {
    variable: 'none',
    default: '',
    doc: 'One line for the portal.',
  }),
  listed: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Whether people who may not use the route see it in the portal and in `postern routes list`, with the reason and `contact`.',
  }),
  contact: textKey(values.contact, 'text of at most 200 characters', {
    variable: 'none',
    default: '',
    doc: 'Whom to ask for access: an email address, a URL or a sentence. Shown to whoever sees the route listed but may not use it.',
  }),
  policy: key({
    schema: z.unknown(),
    type: 'policy',
    without: 'no rule',
    variable: 'none',
    doc: 'Who may use the route, in the Pomerium Policy Language. Without a rule here or a setting below, nobody.',
  }),
  allow_public_unauthenticated_access: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Everybody, without signing in.',
  }),
  allow_any_authenticated_user: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Everybody who is signed in.',
  }),
  allowed_users: key({
    schema: z.array(values.text),
    type: 'list of text',
    without: 'none',
    variable: 'none',
    doc: 'People by email address or by the id the provider gives them.',
  }),
  allowed_domains: key({
    schema: z.array(values.text),
    type: 'list of text',
    without: 'none',
    variable: 'none',
    doc: 'People by the domain of their email address.',
  }),
  allowed_idp_claims: key({
    schema: z.record(z.string(), values.claimValues),
    type: 'mapping of claims to values',
    without: 'none',
    variable: 'none',
    doc: 'People by a claim of the provider that has one of these values.',
  }),
  timeout: key({
    schema: values.duration,
    type: 'duration',
    default: '0',
    variable: 'none',
    doc: 'Longest life of a tunnel; `0` for no limit.',
    beyond: 'the tunnel is cut, `timeout` in the access log',
  }),
  idle_timeout: key({
    schema: values.duration,
    type: 'duration',
    default: '0',
    variable: 'none',
    doc: 'A tunnel without a byte either way for this long ends; `0` for never.',
    beyond: 'the tunnel is cut, `idle-timeout` in the access log',
  }),
  stall_timeout: key({
    schema: values.duration,
    type: 'duration',
    default: '1h',
    variable: 'none',
    doc: 'A tunnel whose service has stopped reading while bytes wait for it, with none either way for this long, ends; `0` for never. A client that was killed meanwhile cannot be told from one that waits. Raise it for services that make a client wait for longer, such as a database that holds an import behind a lock.',
    beyond: 'the tunnel is cut, `stall-timeout` in the access log',
  }),
  max_tunnels: {
    ...countKey(
      '0',
      "Most tunnels that are open at once, everybody's together; `0` for any number. A lower one closes none that is open.",
      '503 `too_many_tunnels`',
    ),
    variable: 'none',
  },
} as const satisfies Record<string, Key<unknown>>

/** What a table of keys reads to: only what was given and is right. */
export type ValuesOf<Keys extends Record<string, Key<unknown>>> = {
  -readonly [Name in keyof Keys]?: z.output<Keys[Name]['schema']>
}

export type GlobalValues = ValuesOf<typeof globalKeys>
export type RouteValues = ValuesOf<typeof routeKeys>

export type GlobalKey = keyof typeof globalKeys
export type RouteKey = keyof typeof routeKeys

export const globalKeyNames = Object.keys(globalKeys) as readonly GlobalKey[]
export const routeKeyNames = Object.keys(routeKeys) as readonly RouteKey[]

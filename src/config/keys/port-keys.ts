import * as values from '../../setting-values.ts'
import { z } from 'zod'
import { downstreamMtls } from './downstream-mtls-keys.ts'
import { key, pathKey, textKey, type Key } from '../../setting-key.ts'
import { ipRange, listenAddress } from './values.ts'

/** One entry of `certificates`. */
export const certificatePair = z.strictObject({ cert: values.secretText, key: values.secretText })

/** The keys about the port: where it is, its certificates, and who may connect. */
export const portKeys = {
  address: textKey(listenAddress, 'host:port', {
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
  use_proxy_protocol: key({
    schema: z.literal([true, false, 'optional']),
    type: 'true, false or `optional`',
    default: false,
    variable: 'flag',
    doc: 'Whether every connection must begin with a PROXY protocol header, version 1 or 2, with the real address of its client: behind a load balancer that sends one. With `optional`, connections of those in `proxy_protocol_from` may begin with one, and all others must not.',
  }),
  proxy_protocol_from: key({
    schema: z.array(ipRange).min(1),
    type: 'list of IP addresses and ranges',
    without: 'everybody; `optional` needs a list',
    variable: 'list',
    doc: 'Who may send a PROXY header: the addresses of your load balancers, such as `10.0.0.0/8`. A header from elsewhere is refused: the connection is closed without an answer, and logged. With `use_proxy_protocol: true` nobody else can connect at all. Without it, whoever reaches the port may claim any address: policies with `source_ip` are then refused, and `[0.0.0.0/0, "::/0"]` says that on purpose. With `optional`, list only what writes a header itself: one that passes its clients on without would let each of them write its own.',
  }),
  downstream_mtls: key({
    schema: downstreamMtls,
    type: '`{ca_file, crl_file, enforcement, match_subject_alt_names, max_verify_depth}`',
    variable: 'none',
    without: 'no client certificate is asked for',
    doc: 'Client certificates: every client is asked for one that an authority of `ca_file` (PEM; `ca` is base64 of it) signed and that `crl_file` (or `crl`) does not revoke. `enforcement` is `policy_with_default_deny`: every route refuses whoever has none; `policy`: only where a policy asks; or `reject_connection`: nobody can even connect without one. `match_subject_alt_names` is a list of `{dns: PATTERN}`, `email`, `ip_address`, `uri` or `user_principal_name`: some name must match. `max_verify_depth` (default 1) bounds how many authorities may stand above a certificate, `0` for any number. See [client certificates](client-certificates.md).',
  }),
} as const satisfies Record<string, Key<unknown>>

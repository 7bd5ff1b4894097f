import * as values from '../setting-values.ts'
import { key, type Key } from '../setting-key.ts'

/** The keys of a route about TLS to the gateway it leads to. */
export const nextGatewayKeys = {
  tls_skip_verify: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Accepts any certificate from an https upstream. Loads with a warning.',
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
} as const satisfies Record<string, Key<unknown>>

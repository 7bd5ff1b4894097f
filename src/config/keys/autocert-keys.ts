import { secretTextOf, show, textOf } from '../../schema.ts'
import type { Fault } from '../../schema.ts'
import { key, pathKey, textKey, type Key } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'
import { listenAddress } from './values.ts'

/** Directories of Let's Encrypt (https://letsencrypt.org/docs/acme-protocol-updates/). */
export const letsEncrypt = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
} as const

const form = 'the https URL of an ACME directory'

const directoryUrl = textOf(form, (value): string | Fault | undefined => {
  const url = URL.parse(value)
  if (url === null) return undefined
  if (url.protocol === 'http:')
    return { fault: `${show(value)} must be https: ACME has no other (RFC 8555)` }
  return url.protocol === 'https:' && url.username === '' ? url.href : undefined
})

const email = textOf('an email address', (value) =>
  /^[^\s@,:]+@[^\s@,:]+$/.test(value.trim()) ? value.trim() : undefined,
)

/** Base64url, with or without its padding. */
const macKey = secretTextOf('base64url, as the authority gave it', (value) =>
  /^[\w+/-]{16,}={0,2}$/.test(value.trim()) ? value.trim() : undefined,
)

/** The keys about certificates that the gateway fetches by itself, and about plain HTTP. */
export const autocertKeys = {
  autocert: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'flag',
    doc: 'Whether the gateway fetches certificates by itself (ACME), and renews them: for every host name of its routes, of `authenticate_service_url` and of published services that none of its own certificates is for. Whoever sets it agrees to the terms of the certificate authority. See [certificates](certificates.md).',
  }),
  autocert_ca: textKey(directoryUrl, 'https URL', {
    without: `\`${letsEncrypt.production}\``,
    doc: 'Directory of the certificate authority.',
  }),
  autocert_use_staging: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'flag',
    doc: "Whether Let's Encrypt's staging environment is asked, whose certificates browsers refuse: for trying things out without meeting its limits.",
  }),
  autocert_email: textKey(email, 'email address', {
    without: 'the authority is given none',
    doc: 'Where the certificate authority may write to.',
  }),
  autocert_eab_key_id: textKey(values.text, 'text', {
    doc: 'Key id of an account that the authority knows already (external account binding), such as ZeroSSL and Google give. Goes with `autocert_eab_mac_key`.',
  }),
  autocert_eab_mac_key: textKey(macKey, 'base64url', {
    doc: 'The secret of `autocert_eab_key_id`.',
  }),
  autocert_must_staple: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'flag',
    doc: 'Whether certificates are asked for that clients take only with a stapled OCSP answer (RFC 7633), which the gateway fetches and hands out. The authority has to answer by OCSP. Needs Node.js: the runtime of executables cannot staple. See [certificates](certificates.md#stapled-answers).',
  }),
  autocert_trusted_ca: textKey(values.base64Pem, 'base64 of PEM', {
    doc: 'Authority by which the certificate of `autocert_ca` itself is known, where it is none of the well-known ones: for an ACME server of your own.',
  }),
  autocert_trusted_ca_file: pathKey('File with it, PEM.'),
  autocert_dir: pathKey(
    'Where Pomerium kept what it had fetched: certificates there that still hold are taken over, so that a move fetches nothing anew. Only read; what the gateway fetches is in `state_directory`.',
  ),
  http_redirect_addr: textKey(listenAddress, 'host:port', {
    without: 'nothing is served on plain HTTP',
    doc: 'Where plain HTTP is served, such as `:80`: it leads to https, and shows a certificate authority what it looks for (HTTP-01).',
  }),
} as const satisfies Record<string, Key<unknown>>

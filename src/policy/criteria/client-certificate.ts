import type { ClientCertificate } from '../facts.ts'
import { foldCase, parseStringMatcher } from '../matchers/string.ts'
import type { Fold } from '../matchers/string.ts'
import {
  doubtUnseen,
  firstDoubt,
  never,
  warnOfContradiction,
  warnOfTexts,
  type DoubtText,
} from '../matchers/doubt.ts'
import { didYouMean } from '../../spelling.ts'
import { isObject, kindOf, oneOf, type Place } from '../place.ts'
import { doubtEmail } from './doubt-address.ts'
import { listed } from './words.ts'
import { aboutClientCertificate, answer, type Criterion } from './criterion.ts'

/**
 * `client_certificate: { fingerprint: … }` — the certificate of the client's machine or program.
 *
 * An untrusted certificate never satisfies it, whatever it says of itself: anybody can make one with a
 * name of their choice. Pomerium leaves that to `invalid_client_certificate`.
 */
export const clientCertificate: Criterion = {
  name: 'client_certificate',
  data: '`{fingerprint, spki_hash, san_dns, san_email, san_uri}`, at least one of them',
  doc: 'holds when the client shows a certificate that `downstream_mtls` trusts and every part fits it: `fingerprint`, one or a list, SHA-256 of the certificate as `AA:BB:…` or 64 hexadecimal digits; `spki_hash`, one or a list, base64 of the SHA-256 of its public key; `san_dns`, `san_email` and `san_uri`, string matchers of which some name of the certificate is one, DNS names and email addresses whatever their case',
  reasons: [
    'client-certificate-ok',
    'client-certificate-unauthorized',
    'client-certificate-required',
  ],
  words: {
    found: ({ clientCertificate: found }) => certificateWords(found),
    wanted: (data) => `a trusted client certificate with ${partsOf(data)}`,
    wantedBriefly: () => 'a trusted client certificate that this route names',
  },
  parse(data, place) {
    const matches = parseMatches(data, place)
    return (
      matches &&
      aboutClientCertificate((certificate) =>
        certificate === undefined
          ? { value: false, reasons: ['client-certificate-required'] }
          : answer(
              certificate.isValid && matches(certificate),
              'client-certificate-ok',
              'client-certificate-unauthorized',
            ),
      )
    )
  },
}

/** A certificate in short; who it says it is, only where that is trusted. */
export function certificateWords(certificate: ClientCertificate | undefined): string {
  if (certificate === undefined) return 'no client certificate'
  const { isValid, fingerprint, dnsNames, emailAddresses, uris } = certificate
  if (!isValid) return 'a client certificate that is not trusted'
  const names = [...dnsNames, ...emailAddresses, ...uris]
  const of = names.length === 0 ? `fingerprint ${fingerprint}` : listed(names)
  return `a trusted client certificate: ${of}`
}

function partsOf(data: unknown): string {
  return Object.entries(isObject(data) ? data : {})
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(' and ')
}

/** A name in a certificate may have a wildcard of its own, which is compared as it is. */
const doubtDnsName: DoubtText = (text) => {
  const odd = /[\s/:@]/.exec(text)?.[0]
  return odd === undefined ? undefined : never(text, `no DNS name has a ${JSON.stringify(odd)}`)
}

/** Its hints are those of another criterion. */
const doubtSanEmail: DoubtText = (text, role) => {
  const doubt = doubtEmail(text, role)
  return doubt && { message: doubt.message }
}

const doubtUri: DoubtText = firstDoubt([
  doubtUnseen,
  (text, role) =>
    role === 'whole' && !/^[a-z][a-z0-9+.-]*:/i.test(text)
      ? never(text, 'a URI begins with its scheme, such as "spiffe://"')
      : undefined,
])

type Matches = (certificate: ClientCertificate) => boolean
type ParseField = (data: unknown, place: Place) => Matches | undefined

const fields: readonly (readonly [name: string, parse: ParseField])[] = [
  ['fingerprint', oneOfHashes(parseFingerprint, ({ fingerprint }) => fingerprint)],
  ['spki_hash', oneOfHashes(parseSpkiHash, ({ spkiHash }) => spkiHash)],
  ['san_dns', someName(({ dnsNames }) => dnsNames, doubtDnsName, foldCase)],
  ['san_email', someName(({ emailAddresses }) => emailAddresses, doubtSanEmail, foldCase)],
  ['san_uri', someName(({ uris }) => uris, doubtUri)],
]
const names = fields.map(([name]) => name)

function parseMatches(data: unknown, place: Place): Matches | undefined {
  if (!isObject(data)) return place.problem(`must be an object with ${oneOf(names)}`)
  const keys = Object.keys(data)
  if (keys.length === 0) {
    const hint = 'to ask for any trusted certificate, deny "invalid_client_certificate"'
    return place.problem(`must have at least one of ${oneOf(names)}`, hint)
  }
  const parts = keys.map((key) => {
    const parse = new Map(fields).get(key)
    if (parse !== undefined) return parse(data[key], place.at(key))
    const message = `unknown key "${key}", expected ${oneOf(names)}`
    return place.at(key).problem(message, didYouMean(key, names))
  })
  if (!parts.every((part) => part !== undefined)) return undefined
  return (certificate) => parts.every((matches) => matches(certificate))
}

/** One hash or a list of them; the certificate's is one of these. */
function oneOfHashes(
  parseHash: (data: unknown, place: Place) => string | undefined,
  hashOf: (certificate: ClientCertificate) => string,
): ParseField {
  return (data, place) => {
    const items: readonly unknown[] = Array.isArray(data) ? data : [data]
    if (items.length === 0) return place.problem('must not be an empty list')
    const hashes = items.map((item, index) =>
      parseHash(item, Array.isArray(data) ? place.at(index) : place),
    )
    if (!hashes.every((hash) => hash !== undefined)) return undefined
    const wanted = new Set(hashes)
    return (certificate) => wanted.has(hashOf(certificate))
  }
}

function someName(
  namesOf: (certificate: ClientCertificate) => readonly string[],
  doubt: DoubtText,
  fold?: Fold,
): ParseField {
  return (data, place) => {
    warnOfTexts(data, place, doubt)
    const matches = parseStringMatcher(data, place, fold)
    if (matches !== undefined) warnOfContradiction(data, place, matches)
    return matches && ((certificate) => namesOf(certificate).some(matches))
  }
}

const fingerprintForms = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i

function parseFingerprint(data: unknown, place: Place): string | undefined {
  if (typeof data === 'string' && fingerprintForms.test(data)) {
    return data.replaceAll(':', '').toLowerCase()
  }
  const hint = 'openssl x509 -in client.pem -noout -fingerprint -sha256'
  return place.problem(
    `must be a SHA-256 fingerprint, "AA:BB:…" or 64 hexadecimal digits, not ${said(data)}`,
    hint,
  )
}

function parseSpkiHash(data: unknown, place: Place): string | undefined {
  // Canonical base64 of 32 bytes only: another spelling of the same hash would never be found.
  if (typeof data === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(data)) {
    if (Buffer.from(data, 'base64').toString('base64') === data) return data
  }
  return place.problem(`must be base64 of a SHA-256, 44 characters, not ${said(data)}`)
}

function said(data: unknown): string {
  return typeof data === 'string' ? JSON.stringify(data.slice(0, 100)) : kindOf(data)
}

import { UpstreamError, messageOf, systemCode } from '../errors.ts'
import { isNotTls } from '../net/runtime.ts'
import { isWeakCertificate } from '../net/runtime-tls.ts'
import { formatAuthority, type HostPort } from '../address.ts'

/**
 * Verification failures that another set of authorities may mend.
 *
 * @see https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const unknownIssuer: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

const sentences: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'showed a certificate that it signed itself',
    'when that is intended, give this certificate with "--ca-file"',
  ],
  CERT_HAS_EXPIRED: [
    'showed a certificate that has expired',
    "whoever runs the gateway must renew it; check this machine's clock as well",
  ],
  CERT_NOT_YET_VALID: ['showed a certificate that is not valid yet', "check this machine's clock"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'showed a certificate for another name',
    'give the name that the certificate is for with "--gateway https://NAME"',
  ],
  INVALID_PURPOSE: [
    'showed a certificate that is not for servers',
    'whoever runs the gateway must renew it with the usage "serverAuth"',
  ],
  ETIMEDOUT: [
    'takes the connection and says nothing to a TLS handshake',
    "check the port, the gateway's is usually 443; or something on the way swallows what is sent",
  ],
  ECONNRESET: [
    'ended the connection during the TLS handshake',
    'something else may listen there, or the gateway asks for a client certificate ("--client-cert")',
  ],
}

const notTls = ['does not speak TLS', "check the port; the gateway's is usually 443"] as const

const weakSentence = [
  'showed a certificate that is too weak',
  'whoever runs the gateway must renew it, and what signed it: RSA keys of 2048 bits or more, and no SHA-1',
] as const

const unknownIssuerSentence = [
  'showed a certificate from an authority that this machine does not know',
  'give your company\'s authority with "--ca-file FILE", or add it to the system\'s store',
] as const

const proxyHint = 'HTTPS_PROXY names it: check its scheme, name and port'

/** Whether a handshake failed only because the certificate's issuer is not among those believed. */
export function isUnknownIssuer(error: unknown): boolean {
  return unknownIssuer.has(systemCode(error) ?? '')
}

/** Whoever answers speaks TLS, and not what we came for. */
export function protocolUnknown(peer: HostPort, protocol: string, cause?: unknown): UpstreamError {
  return new UpstreamError(
    'protocol-unknown',
    `"${formatAuthority(peer)}" does not speak "${protocol}"`,
    {
      hint: 'something before the gateway ends TLS, or the gateway is older: connectors need a way through that leaves TLS alone',
      cause,
    },
  )
}

/** Whoever answers has no TLS 1.3, which every gateway has. */
export function versionTooOld(peer: HostPort, cause: unknown): UpstreamError {
  return new UpstreamError(
    'protocol-unknown',
    `"${formatAuthority(peer)}" does not speak TLS 1.3, which every gateway does`,
    {
      hint: 'something before the gateway ends TLS: connectors need a way through that leaves TLS alone',
      cause,
    },
  )
}

/** Explains a failed TLS handshake in one sentence: `gateway-not-trusted`, `proxy-unreachable`, … */
export function tlsError(
  peer: HostPort,
  error: unknown,
  role: 'gateway' | 'proxy' = 'gateway',
  strangerHint?: string,
): UpstreamError {
  const code = systemCode(error) ?? ''
  const [what, hint] = sentenceFor(error) ?? [
    `failed the TLS handshake: ${reasonOf(error)}`,
    undefined,
  ]
  const isStranger = unknownIssuer.has(code) || code.includes('ALTNAME')
  const isCertificate =
    isStranger || code === 'INVALID_PURPOSE' || code.startsWith('CERT_') || isWeakCertificate(error)
  const ownHint = isStranger ? (strangerHint ?? hint) : hint
  return new UpstreamError(
    `${role}-${isCertificate ? 'not-trusted' : 'unreachable'}`,
    `the ${role} "${formatAuthority(peer)}" ${what}`,
    { hint: role === 'proxy' && !unknownIssuer.has(code) ? proxyHint : ownHint, cause: error },
  )
}

function sentenceFor(error: unknown): readonly [what: string, hint: string] | undefined {
  const code = systemCode(error) ?? ''
  if (isNotTls(error)) return notTls
  if (isWeakCertificate(error)) return weakSentence
  return sentences[code] ?? (unknownIssuer.has(code) ? unknownIssuerSentence : undefined)
}

/** OpenSSL's own words, without the place in its source that the message begins with. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'reason' in error && typeof error.reason === 'string') {
    return error.reason
  }
  return messageOf(error)
}

import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { messageOf } from '../errors.ts'
import type { Path, ProblemDetails, YamlText } from '../yaml-text.ts'
import type { DirectWay, NextGatewayTls, NextGatewayWay } from '../routes/upstream-way.ts'
import { schemeOf } from '../routes/to.ts'
import { parseChain, parseKey, validityWarning } from './readers/pem.ts'
import { exposureOf } from './source/files.ts'
import type { Files } from './source/files.ts'
import type { Findings } from './source/findings.ts'
import type { RouteKey, RouteValues } from './keys/keys.ts'

/** One route of a text, and what its keys are judged with. */
export interface RouteSource {
  readonly text: YamlText
  readonly path: Path
  /** The route as it is written, right or wrong. */
  readonly given: object
  readonly values: RouteValues
  readonly files: Files
  readonly findings: Findings
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs: number
}

/** The keys about TLS toward a next gateway. */
const tlsKeys = [
  'tls_skip_verify',
  'tls_server_name',
  'tls_upstream_server_name',
  'tls_custom_ca',
  'tls_custom_ca_file',
  'tls_client_cert',
  'tls_client_cert_file',
  'tls_client_key',
  'tls_client_key_file',
] as const satisfies readonly RouteKey[]

type PemKey = 'tls_custom_ca' | 'tls_client_cert' | 'tls_client_key'

const noEffect = {
  tcp: 'applies to https upstreams; what goes to a tcp:// upstream is sent as it is',
  http: 'applies to https upstreams; what goes to an http:// upstream is not encrypted',
} as const

/** How the upstreams of a route are spoken to. */
export type WayKind = Pick<DirectWay, 'kind'> | Pick<NextGatewayWay, 'kind' | 'tls'>

/**
 * Reads how the upstreams of a route are spoken to. A route with a fault is told so, and may have
 * anything here: it does not load.
 */
export async function readWayKind(source: RouteSource): Promise<WayKind> {
  const { to } = source.values
  if (to === undefined) return { kind: 'direct' }
  const scheme = schemeOf(to)
  if (typeof scheme === 'object') {
    tell(source, 'problems', 'to', scheme.fault)
    return { kind: 'direct' }
  }
  if (scheme === 'https') return { kind: 'next-gateway', tls: await readTls(source) }
  for (const key of tlsKeys.filter((name) => Object.hasOwn(source.given, name))) {
    tell(source, 'warnings', key, `has no effect: ${noEffect[scheme]}`, { at: 'key' })
  }
  return scheme === 'http' ? { kind: 'next-gateway', tls: undefined } : { kind: 'direct' }
}

async function readTls(source: RouteSource): Promise<NextGatewayTls | undefined> {
  const { tls_skip_verify: skipVerify = false, ...values } = source.values
  if (skipVerify) {
    const hint = 'name the authority of its certificate in "tls_custom_ca_file" instead'
    tell(source, 'warnings', 'tls_skip_verify', 'lets anybody on the way read along', { hint })
  }
  const [ca, cert, key] = [
    checkCertificates(source, await readPem(source, 'tls_custom_ca')),
    checkCertificates(source, await readPem(source, 'tls_client_cert')),
    checkKey(source, await readPem(source, 'tls_client_key')),
  ]
  if (!isWholePair(source) || !isSamePair(source, cert, key)) return undefined
  const context = createContext(source, { ca: ca?.pem, cert: cert?.pem, key: key?.pem })
  return (
    context && {
      context,
      // Of Pomerium's two names for it, the newer one wins there too.
      serverName: values.tls_upstream_server_name ?? values.tls_server_name,
      skipVerify,
    }
  )
}

/** What looks right may still be too weak for OpenSSL, such as a key of 1024 bits. */
function createContext(
  source: RouteSource,
  options: SecureContextOptions,
): SecureContext | undefined {
  try {
    return createSecureContext(options)
  } catch (error) {
    tell(source, 'problems', 'to', `has TLS keys that cannot be used: ${messageOf(error)}`)
    return undefined
  }
}

/** A PEM text and the key it was given by. */
interface Pem {
  readonly pem: string
  readonly key: PemKey | `${PemKey}_file`
}

async function readPem(source: RouteSource, name: PemKey): Promise<Pem | undefined> {
  const { values, given, files } = source
  const fileKey = `${name}_file` as const
  const path = values[fileKey]
  if (path === undefined) {
    const pem = values[name]
    return pem === undefined ? undefined : { pem, key: name }
  }
  if (Object.hasOwn(given, name)) {
    const message = `cannot stand beside "${name}": give one of them`
    tell(source, 'problems', fileKey, message, { at: 'key' })
    return undefined
  }
  const file = await files.read(path)
  if (!file.ok) {
    tell(source, 'problems', fileKey, file.message)
    return undefined
  }
  const exposure = name === 'tls_client_key' ? exposureOf(file) : undefined
  if (exposure !== undefined) tell(source, 'warnings', fileKey, ...exposure)
  return { pem: file.text, key: fileKey }
}

function checkCertificates(source: RouteSource, given: Pem | undefined): Pem | undefined {
  if (given === undefined) return undefined
  const [first] = parseChain(given.pem) ?? []
  if (first === undefined) {
    tell(source, 'problems', given.key, 'must be certificates in PEM')
    return undefined
  }
  const warning = validityWarning(first, source.nowMs)
  if (warning !== undefined) tell(source, 'warnings', given.key, warning)
  return given
}

function checkKey(source: RouteSource, given: Pem | undefined): Pem | undefined {
  if (given === undefined || parseKey(given.pem) !== undefined) return given
  tell(source, 'problems', given.key, 'must be a private key in PEM without a passphrase')
  return undefined
}

function isWholePair(source: RouteSource): boolean {
  const isGiven = (name: PemKey): boolean =>
    Object.hasOwn(source.given, name) || Object.hasOwn(source.given, `${name}_file`)
  if (isGiven('tls_client_cert') === isGiven('tls_client_key')) return true
  const [there, missing] = isGiven('tls_client_cert')
    ? (['tls_client_cert', 'tls_client_key'] as const)
    : (['tls_client_key', 'tls_client_cert'] as const)
  const at = Object.hasOwn(source.given, there) ? there : (`${there}_file` as const)
  const message = `needs "${missing}" or "${missing}_file" beside it`
  tell(source, 'problems', at, message, { at: 'key' })
  return false
}

function isSamePair(source: RouteSource, cert: Pem | undefined, key: Pem | undefined): boolean {
  const privateKey = key && parseKey(key.pem)
  if (cert === undefined || key === undefined || privateKey === undefined) return true
  if (new X509Certificate(cert.pem).checkPrivateKey(privateKey)) return true
  const hint = 'the leaf must come first in its file'
  tell(source, 'problems', key.key, 'is not the key of its certificate', { hint })
  return false
}

function tell(
  { text, path, findings }: RouteSource,
  kind: keyof Findings,
  key: RouteKey,
  message: string,
  details?: ProblemDetails,
): void {
  findings[kind].push(text.problem([...path, key], message, details))
}

import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { messageOf } from '../errors.ts'
import { exposureOf, type FileText } from '../file-text.ts'
import { parseChain, parseKey, validityWarning } from '../net/pem.ts'
import { pemKeys, type PemKey } from './check-next-gateway.ts'
import type { RouteNotes } from './route-findings.ts'
import type { RouteValues } from './route-keys.ts'
import type { NextGatewayTls } from './upstream-way.ts'

/** Reads a file that a route names, as it is written there. */
export type ReadFile = (path: string) => Promise<FileText>

/** A PEM text and the key that it was given by. */
interface Pem {
  readonly pem: string
  readonly key: PemKey | `${PemKey}_file`
}

/** What a route says about TLS, its files read. */
export type Pems = { readonly [Key in PemKey]?: Pem | undefined }

/** What is in the files that a route names. */
export type PemFiles = ReadonlyMap<PemKey, FileText>

/** Reads those of the certificates and the key of a route toward its next gateway. */
export async function readPemFiles(values: RouteValues, readFile: ReadFile): Promise<PemFiles> {
  const files = new Map<PemKey, FileText>()
  for (const name of pemKeys) {
    const path = values[`${name}_file`]
    if (path !== undefined) files.set(name, await readFile(path))
  }
  return files
}

/** The certificates and the key of a route toward its next gateway; what is at fault is left out. */
export function pemsOf(
  values: RouteValues,
  { files, nowMs }: { readonly files: PemFiles; readonly nowMs: number },
  notes: RouteNotes,
): Pems {
  const pems: { [Key in PemKey]?: Pem | undefined } = {}
  for (const name of pemKeys) {
    const given = pemOf(values, name, files, notes)
    pems[name] = given && isUsable(name, given, nowMs, notes) ? given : undefined
  }
  requireSamePair(pems, notes)
  return pems
}

function pemOf(
  values: RouteValues,
  name: PemKey,
  files: PemFiles,
  notes: RouteNotes,
): Pem | undefined {
  const fileKey = `${name}_file` as const
  const file = files.get(name)
  if (file === undefined) {
    const pem = values[name]
    return pem === undefined ? undefined : { pem, key: name }
  }
  if (!file.ok) {
    notes.fault([fileKey], file.message)
    return undefined
  }
  const exposure = name === 'tls_client_key' ? exposureOf(file) : undefined
  if (exposure !== undefined) notes.warn([fileKey], ...exposure)
  return { pem: file.text, key: fileKey }
}

function isUsable(name: PemKey, { pem, key }: Pem, nowMs: number, notes: RouteNotes): boolean {
  if (name === 'tls_client_key') {
    const isKey = parseKey(pem) !== undefined
    if (!isKey) notes.fault([key], 'must be a private key in PEM without a passphrase')
    return isKey
  }
  const [first] = parseChain(pem) ?? []
  if (first === undefined) {
    notes.fault([key], 'must be certificates in PEM')
    return false
  }
  const warning = validityWarning(first, nowMs)
  if (warning !== undefined) notes.warn([key], warning)
  return true
}

function requireSamePair(
  { tls_client_cert: cert, tls_client_key: key }: Pems,
  notes: RouteNotes,
): void {
  const privateKey = key && parseKey(key.pem)
  if (cert === undefined || key === undefined || privateKey === undefined) return
  if (new X509Certificate(cert.pem).checkPrivateKey(privateKey)) return
  const hint = 'the leaf must come first in its file'
  notes.fault([key.key], 'is not the key of its certificate', { hint })
}

/** Makes ready what connections to a next gateway use; undefined, and a fault, where OpenSSL refuses it. */
export function openNextGatewayTls(
  values: RouteValues,
  pems: Pems,
  notes: RouteNotes,
): NextGatewayTls | undefined {
  const context = createContext(pems, notes)
  return (
    context && {
      context,
      // Of Pomerium's two names for it, the newer one wins there too.
      serverName: values.tls_upstream_server_name ?? values.tls_server_name,
      skipVerify: values.tls_skip_verify ?? false,
    }
  )
}

/** What looks right may still be too weak for OpenSSL, such as a key of 1024 bits. */
function createContext(pems: Pems, notes: RouteNotes): SecureContext | undefined {
  try {
    return createSecureContext({
      ca: pems.tls_custom_ca?.pem,
      cert: pems.tls_client_cert?.pem,
      key: pems.tls_client_key?.pem,
    })
  } catch (error) {
    notes.fault(['to'], `has TLS keys that cannot be used: ${messageOf(error)}`)
    return undefined
  }
}

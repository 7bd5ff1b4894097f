import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkValue } from '../../schema.ts'
import type { Path } from '../../yaml-text.ts'
import type { Certificate } from '../../port/tls-contexts.ts'
import { isBun } from '../../is-bun.ts'
import { stapledCertificateOf } from '../../net/ocsp/must-staple.ts'
import { exposureOf } from '../../file-text.ts'
import { certificatePair } from '../keys/port-keys.ts'
import type { GlobalKey } from '../keys/keys.ts'
import type { Source } from '../source/source.ts'
import { parseChain, parseKey, validityWarning } from '../../net/pem.ts'
import { parseBase64Pem } from '../../setting-values.ts'

/** One half of a pair: its PEM, or undefined when its fault has been told, and where it stands. */
interface Half {
  readonly pem: string | undefined
  readonly key: GlobalKey
  readonly within: Path
}

/** Reads every certificate and its key, and checks that they are a pair. */
export async function readCertificates(source: Source): Promise<readonly Certificate[]> {
  const { settings, findings } = source
  const pairs = [
    ...plainPairs(source),
    ...(await filePairs(source)),
    ...(await listedPairs(source)),
  ]
  const given = pairKeys.flat().some((key) => settings.isGiven(key))
  if (!given && !settings.isGiven('certificates') && !settings.orDefault('autocert')) {
    const hint =
      'add certificate_file and certificate_key_file, or "autocert: true" to have them fetched'
    const message = 'is required: the gateway serves TLS only'
    findings.problems.push(settings.problem('certificate_file', message, { hint }))
  }
  return pairs
    .map(([cert, key]) => checkPair(cert, key, source))
    .filter((certificate) => certificate !== undefined)
}

const pairKeys = [
  ['certificate_file', 'certificate_key_file'],
  ['certificate', 'certificate_key'],
] as const

type Pair = readonly [Half, Half]

function plainPairs(source: Source): readonly Pair[] {
  if (!isWholePair(pairKeys[1], source)) return []
  const { certificate, certificate_key } = source.settings.values
  return [
    [
      { pem: certificate, key: 'certificate', within: [] },
      { pem: certificate_key, key: 'certificate_key', within: [] },
    ],
  ]
}

async function filePairs(source: Source): Promise<readonly Pair[]> {
  if (!isWholePair(pairKeys[0], source)) return []
  const read = (key: 'certificate_file' | 'certificate_key_file', isSecret: boolean) =>
    readHalf(source.settings.values[key], { key, within: [] }, isSecret, source)
  return [[await read('certificate_file', false), await read('certificate_key_file', true)]]
}

async function listedPairs(source: Source): Promise<readonly Pair[]> {
  const { settings, findings } = source
  const pairs: Pair[] = []
  for (const [index, entry] of (settings.values.certificates ?? []).entries()) {
    const checked = checkValue(entry, certificatePair)
    if (!checked.ok) {
      const problems = checked.faults.map(({ message, path, hint, at }) =>
        settings.problem('certificates', message, { within: [index, ...path], hint, at }),
      )
      findings.problems.push(...problems)
      continue
    }
    const { cert, key } = checked.value
    const read = (text: string, name: 'cert' | 'key') => {
      const place = { key: 'certificates', within: [index, name] } as const
      const pem = parseBase64Pem(text)
      if (pem !== undefined) return { ...place, pem }
      return readHalf(text, place, name === 'key', source)
    }
    pairs.push([await read(cert, 'cert'), await read(key, 'key')])
  }
  return pairs
}

/** Whether both keys of a pair were given; one alone is a fault. */
function isWholePair(
  keys: readonly [GlobalKey, GlobalKey],
  { settings, findings }: Source,
): boolean {
  const missing = keys.filter((key) => !settings.isGiven(key))
  const [first] = missing
  if (missing.length === 1 && first !== undefined) {
    const other = keys.find((key) => key !== first) ?? first
    findings.problems.push(settings.problem(other, `needs "${first}" as well`, { at: 'key' }))
  }
  return missing.length === 0
}

/** Where one half of a pair is read from, and where that is written. */
export interface HalfPlace extends Omit<Half, 'pem'> {
  readonly path: string
}

/** Reads a certificate and its key from their files, and checks that they are a pair. */
export async function readPair(
  source: Source,
  { cert, key }: { readonly cert: HalfPlace; readonly key: HalfPlace },
): Promise<Certificate | undefined> {
  const read = ({ path, ...place }: HalfPlace, isSecret: boolean) =>
    readHalf(path, place, isSecret, source)
  return checkPair(await read(cert, false), await read(key, true), source)
}

async function readHalf(
  path: string | undefined,
  place: Omit<Half, 'pem'>,
  isSecret: boolean,
  { settings, files, findings }: Source,
): Promise<Half> {
  if (path === undefined) return { ...place, pem: undefined }
  const file = await files.read(path)
  if (!file.ok) {
    findings.problems.push(settings.problem(place.key, file.message, place))
    return { ...place, pem: undefined }
  }
  const warning = isSecret ? exposureOf(file) : undefined
  if (warning !== undefined) {
    const [message, details] = warning
    findings.warnings.push(
      settings.problem(place.key, message, { ...details, within: place.within }),
    )
  }
  return { ...place, pem: file.text }
}

function checkPair(
  cert: Half,
  key: Half,
  { settings, findings, nowMs }: Source,
): Certificate | undefined {
  const problem = ({ key, within }: Half, message: string, hint?: string): undefined => {
    findings.problems.push(settings.problem(key, message, { within, hint }))
  }
  const chain = cert.pem === undefined ? undefined : parseChain(cert.pem)
  const privateKey = key.pem === undefined ? undefined : parseKey(key.pem)
  if (cert.pem !== undefined && chain === undefined) problem(cert, 'must be certificates in PEM')
  if (key.pem !== undefined && privateKey === undefined) {
    const isLocked = key.pem.includes('ENCRYPTED')
    const why = isLocked ? ', and this one is locked with a passphrase' : ''
    problem(key, `must be a private key in PEM without a passphrase${why}`)
  }
  const [leaf] = chain ?? []
  if (cert.pem === undefined || key.pem === undefined || !leaf || !privateKey) return undefined
  if (!leaf.checkPrivateKey(privateKey)) {
    return problem(key, 'is not the key of its certificate', 'the leaf must come first in its file')
  }
  const warn = (message: string, hint?: string): void =>
    void findings.warnings.push(settings.problem(cert.key, message, { within: cert.within, hint }))
  const warning = validityWarning(leaf, nowMs)
  if (warning !== undefined) warn(warning)
  const stapled = stapledCertificateOf(chain ?? [])
  if (stapled !== undefined && isBun) warn(...unstapled)
  else if (stapled !== undefined && 'fault' in stapled) warn(stapled.fault, stapled.hint)
  return { cert: cert.pem, key: key.pem }
}

/** Clients refuse it, each by itself: the gateway starts. */
const unstapled = [
  'certificate is taken by clients only with a stapled OCSP answer, which an executable cannot hand out: its runtime, Bun, tells a server of nobody who asks for one',
  'run the gateway on Node.js, from the package of npm, or have it issued without the TLS feature "status_request" (must-staple)',
] as const

/** Whether one of the certificates is for this host. */
export function coversHost(certificates: readonly Certificate[], host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1')
  return certificates.some(({ cert }) => {
    const leaf = new X509Certificate(cert)
    return (isIP(plain) === 0 ? leaf.checkHost(plain) : leaf.checkIP(plain)) !== undefined
  })
}

import { X509Certificate } from 'node:crypto'
import { messageOf } from '../../errors.ts'
import type { ClientCertificateUse } from '../../policy/language/shorthand.ts'
import { nameOf } from '../../port/client-certificates/describe.ts'
import type { RevocationList } from '../../port/client-certificates/revocation-list.ts'
import { splitCertificates } from '../../port/client-certificates/trust.ts'
import { validityWarning } from '../../net/pem.ts'
import type { DownstreamMtls } from '../../port/client-certificates/trust.ts'
import { enforcements, nameKinds } from '../keys/downstream-mtls-keys.ts'
import type { GlobalValues } from '../keys/keys.ts'
import type { Settings } from '../source/settings.ts'
import type { Source } from '../source/source.ts'
import { madeOf, originOf, unchanged } from '../source/unchanged.ts'

type Given = NonNullable<GlobalValues['downstream_mtls']>

/** Reads whose client certificates are asked for and trusted; undefined when none are. */
export async function readDownstreamMtls(
  source: Source,
  known: DownstreamMtls | undefined,
): Promise<DownstreamMtls | undefined> {
  refuseVariables(source)
  const given = source.settings.values.downstream_mtls
  if (given === undefined) return undefined
  const ca = await readPem('ca', given, source)
  const crl = await readPem('crl', given, source)
  if (given.ca === undefined && given.ca_file === undefined) {
    const hint = 'name the file with the authorities that sign client certificates'
    problem(source, [], 'needs "ca_file" or "ca"', hint)
  }
  const authorities = ca === undefined ? undefined : checkAuthorities(ca, source)
  const revocationLists = crl && (await readLists(crl, source))
  if (crl && revocationLists) checkLists(crl.key, revocationLists, authorities ?? [], source)
  if (ca === undefined) return undefined
  const origin = originOf(JSON.stringify(given), ca.pem, crl?.pem ?? '')
  const same = unchanged(known, origin)
  return same ?? madeOf(settingsOf(given, ca, revocationLists), origin)
}

function settingsOf(
  given: Given,
  ca: Pem,
  revocationLists: readonly RevocationList[] | undefined,
): DownstreamMtls {
  return {
    // The blocks that were checked, and nothing else that OpenSSL might find in the file.
    ca: splitCertificates(ca.pem).join('\n'),
    revocationLists,
    enforcement: given.enforcement ?? enforcements[0],
    matchSubjectAltNames: (given.match_subject_alt_names ?? []).flatMap((entry) =>
      nameKinds.flatMap((kind) => {
        const pattern = entry[kind]
        return pattern === undefined ? [] : [{ kind, ...pattern }]
      }),
    ),
    maxVerifyDepth: given.max_verify_depth ?? 1,
  }
}

/** What policies may count on; read by itself, so that one fault in it is told once. */
export function clientCertificateUse(settings: Settings): ClientCertificateUse {
  if (!settings.isGiven('downstream_mtls')) return 'none'
  return settings.values.downstream_mtls?.enforcement === 'policy' ? 'policy' : 'default-deny'
}

/** Pomerium reads these. Whoever sets one believes that certificates are checked. */
function refuseVariables({ env, findings }: Source): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('DOWNSTREAM_MTLS') || value === undefined || value === '') continue
    const message = 'is not read: write "downstream_mtls" into the file'
    findings.problems.push({ source: name, path: '', message })
  }
}

/** A PEM text, and the key it stands under. */
interface Pem {
  readonly pem: string
  readonly key: keyof Given
}

async function readPem(name: 'ca' | 'crl', given: Given, source: Source): Promise<Pem | undefined> {
  const fileKey = `${name}_file` as const
  const { [name]: inline, [fileKey]: path } = given
  if (inline !== undefined && path !== undefined) {
    problem(source, [fileKey], `cannot be given together with "${name}": choose one of them`)
    return undefined
  }
  if (inline !== undefined) return { pem: inline, key: name }
  if (path === undefined) return undefined
  const file = await source.files.read(path)
  if (file.ok) return { pem: file.text, key: fileKey }
  problem(source, [fileKey], file.message)
  return undefined
}

function checkAuthorities({ pem, key }: Pem, source: Source): readonly X509Certificate[] {
  const blocks = splitCertificates(pem)
  const authorities = blocks.map(readCertificate)
  if (blocks.length === 0 || !authorities.every((authority) => authority !== undefined)) {
    problem(source, [key], 'must be certificates in PEM')
    return []
  }
  for (const authority of authorities) {
    const name = JSON.stringify(nameOf(authority.subject))
    if (!authority.ca) {
      warn(
        source,
        key,
        `${name} is not an authority: it is trusted itself, but nothing that it signed is`,
      )
    }
    const validity = validityWarning(authority, source.nowMs)
    if (validity !== undefined) warn(source, key, `${name}: ${validity}`)
  }
  return authorities
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** With a list every authority needs one: what nobody can revoke is not trusted (as in Pomerium). */
function checkLists(
  key: keyof Given,
  lists: readonly RevocationList[],
  authorities: readonly X509Certificate[],
  source: Source,
): void {
  for (const { nextUpdateMs } of lists) {
    if (nextUpdateMs > source.nowMs) continue
    const day = new Date(nextUpdateMs).toISOString().slice(0, 10)
    warn(source, key, `the next revocation list was due on ${day}: nobody is trusted without it`)
  }
  for (const authority of authorities.filter(({ ca }) => ca)) {
    if (lists.some((list) => list.isOf(authority))) continue
    const name = JSON.stringify(nameOf(authority.subject))
    warn(source, key, `there is no revocation list from ${name}: nothing that it signed is trusted`)
  }
}

async function readLists(
  { pem, key }: Pem,
  source: Source,
): Promise<readonly RevocationList[] | undefined> {
  // Only where there is one to read.
  const { readRevocationLists } = await import('../worker/read-revocation-lists.ts')
  try {
    const lists = await readRevocationLists(pem)
    if (lists.length > 0) return lists
    problem(source, [key], 'must be revocation lists in PEM ("BEGIN X509 CRL")')
  } catch (error) {
    problem(source, [key], `cannot use this revocation list: ${messageOf(error)}`)
  }
  return undefined
}

function problem(
  { settings, findings }: Source,
  within: readonly string[],
  message: string,
  hint?: string,
): void {
  findings.problems.push(settings.problem('downstream_mtls', message, { within, hint }))
}

function warn({ settings, findings }: Source, key: string, message: string): void {
  findings.warnings.push(settings.problem('downstream_mtls', message, { within: [key] }))
}

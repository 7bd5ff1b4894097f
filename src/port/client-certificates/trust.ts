import { X509Certificate } from 'node:crypto'
import { weaknessOf } from '../../net/certificate-strength.ts'
import { findPaths, type CertificatePath } from './paths.ts'
import { nameOf } from './describe.ts'
import type { PresentedCertificate } from '../../net/presented-certificate.ts'
import type { RevocationList } from './revocation-list.ts'

/** Whose client certificates are asked for, and which of them are trusted. */
export interface DownstreamMtls {
  /** Certificates of the authorities, PEM. */
  readonly ca: string
  /** What these have revoked; undefined: nothing is looked up. */
  readonly revocationLists: readonly RevocationList[] | undefined
  readonly enforcement: 'policy_with_default_deny' | 'policy' | 'reject_connection'
  /** Some name of a certificate must match one of these, when there are any. */
  readonly matchSubjectAltNames: readonly {
    readonly kind: 'dns' | 'email' | 'ip_address' | 'uri' | 'user_principal_name'
    readonly pattern: string
    matches(name: string): boolean
  }[]
  /** Most authorities above a certificate; 0 for any number. */
  readonly maxVerifyDepth: number
}

/** Whether a certificate is trusted at a moment, and if not, why: for logs, never for its owner. */
export type TrustVerdict =
  | { readonly isTrusted: true; readonly untilMs: number }
  | { readonly isTrusted: false; readonly problem: string }

/** Whom `downstream_mtls` trusts; one value for each state of the configuration. */
export interface Trust {
  judge(presented: PresentedCertificate, nowMs: number): TrustVerdict
}

/**
 * The time in which a trusted path holds, until just before `untilMs`, and what is wrong with it
 * afterwards.
 */
interface Window {
  readonly fromMs: number
  readonly untilMs: number
  readonly problemAfter: string
}

/** Everything about a certificate but the time: windows that must all hold, or a problem. */
type Judged = { readonly paths: readonly (readonly Window[])[] } | { readonly problem: string }

/**
 * Makes the judge of client certificates. It judges again what OpenSSL has judged at the handshake,
 * because a connection outlives its handshake: authorities, revocations and the time change meanwhile.
 *
 * @throws for authorities that the configuration should have refused
 */
export function createTrust(settings: DownstreamMtls): Trust {
  const { revocationLists: lists, matchSubjectAltNames: patterns } = settings
  const authorities = splitCertificates(settings.ca).map((pem) => new X509Certificate(pem))
  const known = new WeakMap<PresentedCertificate, Judged>()

  function judgeTimeless(presented: PresentedCertificate): Judged {
    const { leaf, others } = presented
    const paths = findPaths(leaf.x509, others, authorities)
    if (paths.length === 0) return { problem: 'no authority of "downstream_mtls" signed it' }
    const depth = settings.maxVerifyDepth
    const short = paths.filter((path) => depth === 0 || path.length - 1 <= depth)
    if (short.length === 0) {
      return { problem: `more than ${depth} authorities stand above it ("max_verify_depth")` }
    }
    if (!isForClients(leaf.x509)) return { problem: 'it is not for client authentication' }
    const isNamed = patterns.some(({ kind, matches }) => leaf.names[kind].some(matches))
    if (patterns.length > 0 && !isNamed) {
      return { problem: 'none of its names is in "match_subject_alt_names"' }
    }
    const judged = short.map((path) => judgePath(path, lists))
    const good = judged.filter((path) => typeof path !== 'string')
    if (good.length === 0) return { problem: judged.find((path) => typeof path === 'string') ?? '' }
    return { paths: good }
  }

  return {
    judge(presented, nowMs) {
      const judged = known.get(presented) ?? judgeTimeless(presented)
      known.set(presented, judged)
      if ('problem' in judged) return { isTrusted: false, problem: judged.problem }
      const verdict = judgeTime(judged.paths, nowMs)
      // OpenSSL's verdict comes last although it was made first: our own sentences are plainer.
      const { handshakeProblem } = presented
      return verdict.isTrusted && handshakeProblem !== undefined
        ? { isTrusted: false, problem: handshakeProblem }
        : verdict
    },
  }
}

/** The certificates of a PEM text, each as PEM. */
export function splitCertificates(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const anyExtendedKeyUsage = '2.5.29.37.0'

/** Without the extension a certificate is for everything (RFC 5280 §4.2.1.12). */
function isForClients({ keyUsage: usages }: X509Certificate): boolean {
  return usages === undefined || usages.includes(clientAuth) || usages.includes(anyExtendedKeyUsage)
}

/** The windows of a path, or what is wrong with it whatever the time. */
function judgePath(
  path: CertificatePath,
  lists: readonly RevocationList[] | undefined,
): readonly Window[] | string {
  for (const [index, certificate] of path.entries()) {
    const weakness = weaknessOf(certificate, index === path.length - 1)
    const whose = index === 0 ? 'its' : `${JSON.stringify(nameOf(certificate.subject))}'s`
    if (weakness !== undefined) return `${whose} ${weakness} is too weak`
  }
  const windows = path.map(validityOf)
  if (lists === undefined) return windows
  for (const [index, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[index + 1]
    if (issuer === undefined) break
    const ofIssuer = lists.filter((list) => list.isOf(issuer))
    const name = JSON.stringify(nameOf(issuer.subject))
    if (ofIssuer.length === 0) return `there is no revocation list from ${name}`
    if (ofIssuer.some((list) => list.has(certificate))) return `${name} has revoked it`
    const untilMs = Math.max(...ofIssuer.map(({ nextUpdateMs }) => nextUpdateMs))
    windows.push({
      fromMs: -Infinity,
      untilMs,
      problemAfter: `the revocation list of ${name} is outdated`,
    })
  }
  return windows
}

function validityOf(x509: X509Certificate, index: number): Window {
  const what = index === 0 ? 'it' : JSON.stringify(nameOf(x509.subject))
  return {
    fromMs: x509.validFromDate.getTime(),
    untilMs: x509.validToDate.getTime(),
    problemAfter: `${what} has expired`,
  }
}

/** Any one path suffices; of several the one that holds longest counts. */
function judgeTime(paths: readonly (readonly Window[])[], nowMs: number): TrustVerdict {
  let untilMs = -Infinity
  let problem = ''
  for (const windows of paths) {
    const ended = windows.find((window) => window.untilMs <= nowMs)
    const future = windows.find((window) => window.fromMs > nowMs)
    if (ended !== undefined) problem = ended.problemAfter
    else if (future !== undefined) problem = 'it is not valid yet'
    else untilMs = Math.max(untilMs, Math.min(...windows.map((window) => window.untilMs)))
  }
  return untilMs > nowMs ? { isTrusted: true, untilMs } : { isTrusted: false, problem }
}

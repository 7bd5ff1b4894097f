import { X509Certificate } from 'node:crypto'
import { readRevocationLists } from '../../src/config/worker/read-revocation-lists.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import type { PresentedCertificate } from '../../src/net/presented-certificate.ts'
import { readCertificate } from '../../src/net/read-certificate.ts'
import type { DownstreamMtls } from '../../src/port/client-certificates/trust.ts'
import { startMs } from './world/limits.ts'

/** A certificate that clients of the model show. */
export interface ClientCertificate {
  readonly presented: PresentedCertificate
  readonly fingerprint: string
  readonly untilMs: number
}

const notBefore = new Date(startMs - 86_400_000)
const lastMs = startMs + 30 * 86_400_000
const authority = await createCertificateAuthority({ notBefore, notAfter: new Date(lastMs) })

async function issue(untilMs: number): Promise<ClientCertificate & { readonly pem: string }> {
  const names = { name: 'laptop', dns: ['laptop.example.com'] }
  const { cert } = await authority.issueClient(names, { notBefore, notAfter: new Date(untilMs) })
  const leaf = readCertificate(new X509Certificate(cert))
  const presented = { leaf, others: [], handshakeProblem: undefined }
  return { presented, fingerprint: leaf.fingerprint, untilMs, pem: cert }
}

const lasting = await issue(lastMs)
/** Its end comes while a sequence runs. */
const brief = await issue(startMs + 240_000)
export const clientCertificates: readonly ClientCertificate[] = [lasting, brief]

const trusting: DownstreamMtls = {
  ca: authority.cert,
  revocationLists: undefined,
  enforcement: 'policy',
  matchSubjectAltNames: [],
  maxVerifyDepth: 1,
}
const list = await authority.revoke([lasting.pem], { nextUpdate: new Date(lastMs) })

/** What `downstream_mtls` may say; `revoking` trusts the authority, and the certificate that lasts no longer. */
export const trusts = {
  nobody: undefined,
  all: trusting,
  revoking: { ...trusting, revocationLists: await readRevocationLists(list) },
} as const satisfies Readonly<Record<string, DownstreamMtls | undefined>>

export type Trust = keyof typeof trusts

/** Whether it counts in a policy, worked out without the gateway's own judge. */
export function isTrusted(certificate: ClientCertificate, trust: Trust, nowMs: number): boolean {
  if (trust === 'nobody' || certificate.untilMs <= nowMs) return false
  return trust === 'all' || certificate !== lasting
}

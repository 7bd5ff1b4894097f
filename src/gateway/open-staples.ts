import { hash, X509Certificate } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { isBun } from '../is-bun.ts'
import type { Logger } from '../log.ts'
import {
  mustStaple,
  stapledCertificateOf,
  type StapledCertificate,
  type StaplingFault,
} from '../net/ocsp/must-staple.ts'
import { parseChain } from '../net/pem.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import { nameOf, type StapleState } from '../stapling/staple-state.ts'
import type { Staples } from '../stapling/staples.ts'
import type { OcspAnswerStore } from '../store/ocsp-answer-store.ts'
import type { StapleMetrics } from '../telemetry/staple-metrics.ts'

export interface StapleParts {
  readonly store: OcspAnswerStore
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: StapleMetrics
  /** A certificate was revoked, by its fingerprint. */
  onRevoked(fingerprint: string): void
}

/** The OCSP answers for those certificates that clients take only with one; nothing is loaded before there is one. */
export interface OpenStaples {
  /** What is handed out in a handshake with a certificate, in DER. */
  find(certificate: Buffer): Buffer | undefined
  /**
   * Has answers ready for these, before they are served: resolves after `waitMs` at the latest, and when what is kept
   * was read. Undefined where none is needed.
   */
  prepare(certificates: readonly Certificate[], waitMs: number): Promise<void> | undefined
  /** From now on these are served, and no others. */
  follow(certificates: readonly Certificate[]): void
  states(): readonly StapleState[]
  close(): Promise<void>
}

export function openStaples({ metrics, onRevoked, ...parts }: StapleParts): OpenStaples {
  const { logger } = parts
  const read = createReader()
  let opening: Promise<Staples | undefined> | undefined
  let staples: Staples | undefined
  let faults: readonly (StaplingFault & { readonly name: string })[] = []
  const said = new WeakSet<StaplingFault>()

  /** The libraries that read answers are loaded where one is needed. Never rejects: certificates are served all the same. */
  function open(): Promise<Staples | undefined> {
    return (opening ??= load().catch((error: unknown) => {
      logger.error('OCSP answers cannot be fetched', { error: messageOf(error) })
      return undefined
    }))
  }

  async function load(): Promise<Staples> {
    const { createStaples } = await import('../stapling/staples.ts')
    const asked = (outcome: 'ok' | 'failed'): void => metrics.asked(outcome)
    return (staples = createStaples({ ...parts, asked, onRevoked }))
  }

  const states = (): readonly StapleState[] => [
    ...faults.map(({ name, fault }) => ({ ...never, name, error: fault })),
    ...(staples?.states() ?? []),
  ]
  metrics.countStaples(states)
  let last: readonly StapledCertificate[] = []
  return {
    find: (certificate) => staples?.find(hash('sha256', certificate)),
    prepare(certificates, waitMs) {
      const { needed } = sort(certificates, read)
      return needed.length === 0
        ? undefined
        : open().then((opened) => opened?.prepare(needed, waitMs))
    },
    follow(certificates) {
      const sorted = sort(certificates, read)
      last = sorted.needed
      faults = sorted.faults
      for (const fault of sorted.faults) {
        const { name, fault: error, hint } = fault
        if (!said.has(fault))
          logger.warn('certificate without an OCSP answer', { name, error, hint })
        said.add(fault)
      }
      if (staples !== undefined) staples.follow(last)
      // By then they may be others.
      else if (last.length > 0) void open().then((opened) => opened?.follow(last))
    },
    states,
    close: async () => (await opening)?.close(),
  }
}

/** How one stands of which no answer can be asked for. */
const never: Omit<StapleState, 'name' | 'error'> = {
  validity: undefined,
  isRevoked: false,
  nextTryAtMs: undefined,
  isLate: true,
}

type Read = StapledCertificate | (StaplingFault & { readonly name: string }) | undefined

/** Certificates are read once, however often they are looked at. */
function createReader(): (certificate: Certificate) => Read {
  const known = new WeakMap<Certificate, { readonly is: Read }>()
  return (certificate) => {
    const found = known.get(certificate) ?? { is: readOne(certificate) }
    known.set(certificate, found)
    return found.is
  }
}

function readOne({ cert }: Certificate): Read {
  // Bun tells a server of nobody who asks for an answer: what is configured is warned of.
  if (isBun) return undefined
  const leaf = new X509Certificate(cert)
  if (!mustStaple(leaf)) return undefined
  const needed = stapledCertificateOf(parseChain(cert) ?? [])
  return needed !== undefined && 'fault' in needed ? { ...needed, name: nameOf(leaf) } : needed
}

function sort(certificates: readonly Certificate[], read: (certificate: Certificate) => Read) {
  const all = certificates.map(read).filter((one) => one !== undefined)
  return {
    needed: all.filter((one) => 'leaf' in one),
    faults: all.filter((one) => 'fault' in one),
  }
}

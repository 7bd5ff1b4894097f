import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import type { ClientCertificate } from '../../policy/facts.ts'
import type { DownstreamMtls } from './trust.ts'
import { describeCertificate } from './describe.ts'
import { readPresented, type PresentedCertificate } from '../../net/presented-certificate.ts'
import { createTrust, type Trust } from './trust.ts'

/** The certificates of the clients that are connected, by what `downstream_mtls` says now. */
export interface ClientCertificates {
  /** Takes over what the configuration says; undefined asks for no certificate. */
  replace(settings: DownstreamMtls | undefined): void
  /**
   * What a client showed in its handshake, undefined for nothing; or that its connection is refused:
   * then no byte of HTTP may be read from it.
   */
  admit(socket: TLSSocket, ip: string): PresentedCertificate | 'refused' | undefined
  /** The same, as policies read it now. */
  facts(presented: PresentedCertificate | undefined): ClientCertificate | undefined
  /**
   * Why a client's certificate is not trusted now, for the logs; undefined when it is trusted or when there
   * is none.
   */
  problemOf(presented: PresentedCertificate | undefined): string | undefined
  /** Whether requests on an open connection may still be served: with `reject_connection` not all may. */
  maySpeak(presented: PresentedCertificate | undefined): boolean
}

export interface ClientCertificatesParts {
  readonly clock: Clock
  readonly logger: Logger
}

const notShown = 'the client showed no certificate'

/** Keeps what clients showed, and judges it again whenever it is asked. */
export function createClientCertificates(
  first: DownstreamMtls | undefined,
  { clock, logger }: ClientCertificatesParts,
): ClientCertificates {
  let settings = first
  let trust = trustOf(first)

  function problemOf(presented: PresentedCertificate): string | undefined {
    if (trust === undefined) return 'no authority for client certificates is configured'
    const verdict = trust.judge(presented, clock.now())
    return verdict.isTrusted ? undefined : verdict.problem
  }

  /** Why a connection is refused as a whole. */
  function refusalOf(presented: PresentedCertificate | undefined): string | undefined {
    if (settings?.enforcement !== 'reject_connection') return undefined
    return presented === undefined ? notShown : problemOf(presented)
  }

  return {
    replace(next) {
      settings = next
      trust = trustOf(next)
    },
    admit(socket, ip) {
      const presented = settings === undefined ? undefined : readPresented(socket)
      const reason = refusalOf(presented)
      if (reason === undefined) return presented
      logger.info('listener connection failure', {
        ...(presented && { 'client-certificate': describeCertificate(presented) }),
        ip,
        'tls-sni-hostname': typeof socket.servername === 'string' ? socket.servername : '',
        'downstream-transport-failure-reason': reason,
      })
      return 'refused'
    },
    facts(presented) {
      if (presented === undefined) return undefined
      const { leaf } = presented
      const verdict = trust?.judge(presented, clock.now())
      const isValid = verdict?.isTrusted === true
      return {
        isValid,
        fingerprint: leaf.fingerprint,
        spkiHash: leaf.spkiHash,
        dnsNames: leaf.names.dns,
        emailAddresses: leaf.names.email,
        uris: leaf.names.uri,
        validUntilMs: isValid && Number.isFinite(verdict.untilMs) ? verdict.untilMs : undefined,
      }
    },
    problemOf: (presented) => (presented === undefined ? undefined : problemOf(presented)),
    maySpeak: (presented) => refusalOf(presented) === undefined,
  }
}

function trustOf(settings: DownstreamMtls | undefined): Trust | undefined {
  return settings === undefined ? undefined : createTrust(settings)
}

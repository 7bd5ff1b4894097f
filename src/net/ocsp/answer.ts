import {
  BasicOCSPResponse,
  OCSPResponse,
  OCSPResponseStatus,
  type CertID,
  type CertStatus,
  type SingleResponse,
} from '@peculiar/asn1-ocsp'
import { AsnConvert } from '@peculiar/asn1-schema'
import { messageOf, PeerError } from '../../errors.ts'
import { certificateIdOf, hashNames } from './certificate-id.ts'
import { encodeOcspAnswer } from './encode-answer.ts'
import { checkFrame } from './frame.ts'
import type { StapledCertificate } from './must-staple.ts'
import { signerOf } from './signer.ts'

/** An answer that was verified. Times are milliseconds since the epoch. */
export interface OcspAnswer {
  /** As it is handed out: an `OCSPResponse` in DER, of nothing but what was verified. */
  readonly der: Buffer
  readonly status: 'good' | 'revoked' | 'unknown'
  /** Since when the certificate is revoked; undefined where it is not. */
  readonly revokedAtMs: number | undefined
  /** From when on it is true (`thisUpdate`), and until when it may be handed out. */
  readonly fromMs: number
  readonly untilMs: number
}

/** `id-pkix-ocsp-basic` (RFC 6960 §4.2.1). */
const basicType = '1.3.6.1.5.5.7.48.1.1'
/** How far the clock of a responder may be ahead, in milliseconds. */
const skewMs = 300_000
/** How long an answer is handed out that says no end, in milliseconds: there is always newer (RFC 6960 §4.2.2.1). */
const endlessMs = 3_600_000

/**
 * Reads an answer about a certificate, and verifies all of it (RFC 6960 §3.2).
 *
 * @throws PeerError `ocsp-answer-refused`, whose message says why
 */
export function readOcspAnswer(
  der: Buffer,
  certificate: StapledCertificate,
  nowMs: number,
): OcspAnswer {
  try {
    return read(der, certificate, nowMs)
  } catch (error) {
    throw error instanceof PeerError ? error : refused(`it cannot be read: ${messageOf(error)}`)
  }
}

function read(der: Buffer, certificate: StapledCertificate, nowMs: number): OcspAnswer {
  checkFrame(der)
  const { responseStatus, responseBytes } = AsnConvert.parse(der, OCSPResponse)
  if (responseStatus !== OCSPResponseStatus.successful)
    throw refused(`it says "${OCSPResponseStatus[responseStatus] ?? String(responseStatus)}"`)
  if (responseBytes?.responseType !== basicType) throw refused('it is of another kind')
  const basic = AsnConvert.parse(responseBytes.response.buffer, BasicOCSPResponse)
  const signer = signerOf(basic, certificate.issuer, nowMs)
  if (typeof signer === 'string') throw refused(signer)
  const { responses, responseExtensions = [] } = basic.tbsResponseData
  const single = responses.find(({ certID }) => isAbout(certID, certificate))
  if (single === undefined) throw refused('it is about another certificate')
  const extensions = [...responseExtensions, ...(single.singleExtensions ?? [])]
  if (extensions.some(({ critical }) => critical))
    throw refused('it has an extension that has to be understood and is not')
  const { fromMs, untilMs } = validityOf(single, nowMs)
  const { certStatus } = single
  return {
    der: encodeOcspAnswer(basic, signer.raw.equals(certificate.issuer.raw) ? undefined : signer),
    status: statusOf(certStatus),
    revokedAtMs: certStatus.revoked?.revocationTime.getTime(),
    fromMs,
    // Nobody takes it once the certificate of whoever signed it has ended.
    untilMs: Math.min(untilMs, signer.validToDate.getTime()),
  }
}

function isAbout(id: CertID, certificate: StapledCertificate): boolean {
  const hash = hashNames.get(id.hashAlgorithm.algorithm)
  if (hash === undefined) return false
  const own = certificateIdOf(certificate, hash)
  return (
    own.issuerNameHash.equals(Buffer.from(id.issuerNameHash.buffer)) &&
    own.issuerKeyHash.equals(Buffer.from(id.issuerKeyHash.buffer)) &&
    own.serialNumber.equals(Buffer.from(id.serialNumber))
  )
}

function validityOf(
  { thisUpdate, nextUpdate }: SingleResponse,
  nowMs: number,
): { readonly fromMs: number; readonly untilMs: number } {
  const fromMs = thisUpdate.getTime()
  const untilMs = nextUpdate?.getTime() ?? fromMs + endlessMs
  const day = (timeMs: number): string => new Date(timeMs).toISOString()
  if (fromMs > nowMs + skewMs)
    throw refused(`it is true from ${day(fromMs)} on: is the clock right`)
  if (untilMs <= nowMs) throw refused(`it has ended at ${day(untilMs)}`)
  if (untilMs <= fromMs) throw refused('it ends before it begins')
  return { fromMs, untilMs }
}

function statusOf({ good, revoked }: CertStatus): OcspAnswer['status'] {
  if (revoked !== undefined) return 'revoked'
  return good === undefined ? 'unknown' : 'good'
}

function refused(why: string): PeerError {
  return new PeerError('ocsp-answer-refused', `the OCSP answer is refused: ${why}`, {
    hint: 'ask the certificate authority: its responder is at fault, or something between has changed its answer',
  })
}

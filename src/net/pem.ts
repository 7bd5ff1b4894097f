import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** The certificates of a PEM text, in its order; undefined when there is none or one cannot be read. */
export function parseChain(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.length === 0 ? undefined : blocks.map((block) => new X509Certificate(block))
  } catch {
    return undefined
  }
}

/** A private key in PEM; undefined when it is none, or is locked with a passphrase. */
export function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** Whether OpenSSL serves it, of which keys and signatures that are too weak are a part; a chain and its key, PEM. */
export function canServe(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key })
    return true
  } catch {
    return false
  }
}

/** What is wrong with the dates of a certificate, if anything. */
export function validityWarning(leaf: X509Certificate, nowMs: number): string | undefined {
  const day = (date: Date): string => date.toISOString().slice(0, 10)
  const { validFromDate, validToDate } = leaf
  if (validToDate.getTime() < nowMs) return `certificate has expired on ${day(validToDate)}`
  return validFromDate.getTime() > nowMs
    ? `certificate is not valid before ${day(validFromDate)}`
    : undefined
}

import { createHmac, timingSafeEqual } from 'node:crypto'
import { AccessError } from '../errors.ts'

/** @limit life of the address a client signs in at: start again */
const lifeSeconds = 5 * 60
/** Clocks of two gateways differ by at most this. */
const leewaySeconds = 60

/**
 * Signs a URL with HMAC-SHA256 and the time, so that nobody else can make one and it is good for 5
 * minutes. The parameters have the names of the reference (2.2).
 */
export function signUrl(url: URL, key: Uint8Array, nowMs: number): URL {
  const signed = new URL(url)
  const nowSeconds = Math.floor(nowMs / 1000)
  signed.searchParams.set('pomerium_expiry', String(nowSeconds + lifeSeconds))
  signed.searchParams.set('pomerium_issued', String(nowSeconds))
  signed.searchParams.set('pomerium_signature', signatureOf(signed, key).toString('base64url'))
  return signed
}

/** Throws `AccessError` `url-signature-invalid` or `url-expired` unless `signUrl` made this URL. */
export function verifySignedUrl(url: URL, key: Uint8Array, nowMs: number): void {
  const given = Buffer.from(url.searchParams.get('pomerium_signature') ?? '', 'base64url')
  const expected = signatureOf(url, key)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AccessError(
      'url-signature-invalid',
      'this sign-in link was not made by this gateway',
      {
        hint: 'start again where you came from',
      },
    )
  }
  const nowSeconds = nowMs / 1000
  const expiry = Number(url.searchParams.get('pomerium_expiry'))
  const issued = Number(url.searchParams.get('pomerium_issued'))
  if (nowSeconds > expiry + leewaySeconds || nowSeconds < issued - leewaySeconds) {
    throw new AccessError('url-expired', 'this sign-in link is older than 5 minutes', {
      hint: 'start again where you came from',
    })
  }
}

/** Over everything but the signature itself, written the one way that `URLSearchParams` writes it. */
function signatureOf(url: URL, key: Uint8Array): Buffer {
  const parameters = new URLSearchParams(url.search)
  parameters.delete('pomerium_signature')
  const text = `${url.origin}${url.pathname}?${parameters.toString()}`
  return createHmac('sha256', key).update(text).digest()
}

import { UpstreamError } from '../../errors.ts'
import type { Found } from '../../reach/checks.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { SeenCertificate } from '../../reach/tls-look.ts'
import { tlsError } from '../../reach/tls-error.ts'
import { inspectorOf } from './inspectors.ts'

/** A certificate, and whether it is believed. */
export interface SeenIdentity {
  readonly gateway: GatewayAddress
  /** Leaf first. */
  readonly chain: readonly SeenCertificate[]
  /** Undefined where it is believed, or nobody asks. */
  readonly fault: string | undefined
  /** Who vouches for it, as the end of a sentence. */
  readonly voucher: string
  /** Whether anybody looks at it at all. */
  readonly isVerified: boolean
  readonly nowMs: number
}

/** Time before its end that a certificate is renewed by now, in milliseconds. */
const soonMs = 7 * 24 * 60 * 60_000

/**
 * What to tell of a gateway's certificate.
 *
 * @throws UpstreamError `gateway-not-trusted`
 */
export function judgeCertificate(seen: SeenIdentity): Found {
  const { chain, fault, voucher, isVerified, nowMs } = seen
  const [leaf] = chain
  const shown = leaf === undefined ? 'no certificate' : describe(leaf)
  const product = inspectorOf(chain.map(({ issuer }) => issuer))
  if (fault !== undefined && isVerified) throw distrusted(seen, fault, product)
  if (!isVerified) {
    const hint = 'leave out "--disable-tls-verification": whoever is on the way can read everything'
    return { verdict: 'warning', detail: `${shown}; nobody has checked it`, hint }
  }
  if (product !== undefined) {
    return {
      verdict: 'warning',
      detail: `${shown}; ${voucher}; ${product} looks into TLS on the way, and can read everything`,
      hint: `ask whoever runs ${product} to let "${seen.gateway.host}" pass as it is`,
    }
  }
  const detail = `${shown}; ${voucher}`
  if (leaf === undefined || leaf.notAfter.getTime() - nowMs > soonMs) return { detail }
  return { verdict: 'warning', detail, hint: 'whoever runs the gateway should renew it soon' }
}

/** A verification failure in the form in which the runtime throws it. */
export function faultError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function describe({ names, issuer, notAfter }: SeenCertificate): string {
  return `for ${listed(names)}, signed by "${issuer}", good until ${day(notAfter)}`
}

/** Most names of a certificate that a sentence has; it may have hundreds. */
const shownNames = 3

function listed(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map((name) => `"${name}"`)
  const more = names.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function day(date: Date): string {
  return Number.isNaN(date.getTime())
    ? 'a date that cannot be read'
    : date.toISOString().slice(0, 10)
}

function distrusted(
  { gateway, chain, nowMs }: SeenIdentity,
  fault: string,
  product: string | undefined,
): UpstreamError {
  const cause = faultError(fault)
  const { code, message, hint } = tlsError(gateway, cause)
  const [leaf] = chain
  if (leaf === undefined) return new UpstreamError(code, message, { hint, cause })
  const last = chain.at(-1) ?? leaf
  const told: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: `: it was good until ${day(leaf.notAfter)}, and this machine's clock says ${day(new Date(nowMs))}`,
    CERT_NOT_YET_VALID: `: it is good from ${day(leaf.notBefore)}, and this machine's clock says ${day(new Date(nowMs))}`,
    ERR_TLS_CERT_ALTNAME_INVALID: `: it is for ${listed(leaf.names)}`,
  }
  if (product !== undefined) {
    return new UpstreamError(
      code,
      `${message}: "${last.issuer}" of ${product}, which looks into TLS on the way`,
      {
        hint: `ask whoever runs ${product} to let "${gateway.host}" pass as it is, or give its authority with "--ca-file FILE"`,
        cause,
      },
    )
  }
  const text = message + (told[fault] ?? `: "${last.issuer}"`)
  return new UpstreamError(code, text, { hint, cause })
}

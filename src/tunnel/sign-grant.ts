import { SignJWT, type CryptoKey, type JWK, type KeyObject } from 'jose'
import { grantKeyType, grantType, maxGrantLifeS, type GrantClaims } from './grant.ts'

/** A key that a gateway signs with: Ed25519. */
export interface GrantKey {
  /** The thumbprint of its public part (RFC 7638 §3). */
  readonly kid: string
  readonly privateKey: CryptoKey | KeyObject | JWK
}

/** Signs what a connector verifies before it dials (RFC 7515, EdDSA of RFC 8037 §3.1). */
export function signGrant(claims: GrantClaims, { kid, privateKey }: GrantKey): Promise<string> {
  return new SignJWT({ ...claims, aud: [...claims.aud] })
    .setProtectedHeader({ alg: 'EdDSA', typ: grantType, kid })
    .sign(privateKey)
}

/** To whom a key is vouched for, and when. */
export interface GrantKeyStatement {
  /** As that of a grant. */
  readonly audience: readonly string[]
  readonly issuedAtS: number
  /** All keys of the gateway, by their thumbprints: every other one is to be forgotten. */
  readonly keys: readonly string[]
}

/**
 * Vouches for another key: whoever trusts `key`, and is meant, trusts `newKey` from then on. Only its public
 * part is told. It is good for as long as a grant, so that nobody comes with it later.
 */
export function signGrantKey(
  newKey: JWK,
  { audience, issuedAtS, keys }: GrantKeyStatement,
  { kid, privateKey }: GrantKey,
): Promise<string> {
  const { kty, crv, x } = newKey
  return new SignJWT({ jwk: { kty, crv, x }, keys: [...keys] })
    .setAudience([...audience])
    .setIssuedAt(issuedAtS)
    .setExpirationTime(issuedAtS + maxGrantLifeS)
    .setProtectedHeader({ alg: 'EdDSA', typ: grantKeyType, kid })
    .sign(privateKey)
}

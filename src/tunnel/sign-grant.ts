import { SignJWT, type CryptoKey, type JWK, type KeyObject } from 'jose'
import { grantKeyType, grantType, type GrantClaims } from './grant.ts'

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

/** Vouches for another key: whoever trusts `key` trusts `newKey` from then on. Only its public part is told. */
export function signGrantKey(
  newKey: JWK,
  issuedAtS: number,
  { kid, privateKey }: GrantKey,
): Promise<string> {
  const { kty, crv, x } = newKey
  return new SignJWT({ jwk: { kty, crv, x } })
    .setIssuedAt(issuedAtS)
    .setProtectedHeader({ alg: 'EdDSA', typ: grantKeyType, kid })
    .sign(privateKey)
}

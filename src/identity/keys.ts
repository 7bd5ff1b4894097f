import { hkdfSync } from 'node:crypto'

/** One key per purpose, so that what is made for one can never be passed off as another. */
export interface IdentityKeys {
  /** Signs the tokens of clients. */
  readonly token: Uint8Array
  /** Signs the tokens of service accounts. */
  readonly serviceAccountToken: Uint8Array
  /** Signs sign-in URLs. */
  readonly signedUrl: Uint8Array
  /** Encrypts which session a sign-in renews. */
  readonly signInRenewal: Uint8Array
  /** Encrypts the browser's session cookie. */
  readonly sessionCookie: Uint8Array
  /** Encrypts what the `state` of a sign-in says. */
  readonly signInState: Uint8Array
  /** Makes the nonce and the PKCE verifier of a sign-in. */
  readonly signInChecks: Uint8Array
  /** Makes the AUDs of applications. */
  readonly applicationAudience: Uint8Array
  /** Authenticates the forms that approve a machine's sign-in. */
  readonly deviceForm: Uint8Array
  /** Encrypts what a passkey was made for, and the codes that end a sign-in with one. */
  readonly passkeyTicket: Uint8Array
  readonly passkeyCode: Uint8Array
  /** Makes the challenges that passkeys sign. */
  readonly passkeyChallenge: Uint8Array
  /** Makes the secrets of named tunnels. */
  readonly namedTunnel: Uint8Array
}

const keyBytes = 32

/**
 * Derives the keys by HKDF-SHA256 (RFC 5869): tokens and URLs from the shared secret, which several
 * gateways have in common, cookies from the cookie secret. Both secrets have 32 bytes.
 */
export function deriveKeys(sharedSecret: Uint8Array, cookieSecret: Uint8Array): IdentityKeys {
  return {
    token: derive(sharedSecret, 'postern session token v1'),
    serviceAccountToken: derive(sharedSecret, 'postern service account token v1'),
    signedUrl: derive(sharedSecret, 'postern signed url v1'),
    signInRenewal: derive(sharedSecret, 'postern sign-in renewal v1'),
    applicationAudience: derive(sharedSecret, 'postern application audience v1'),
    sessionCookie: derive(cookieSecret, 'postern session cookie v1'),
    signInState: derive(cookieSecret, 'postern sign-in state v1'),
    signInChecks: derive(cookieSecret, 'postern sign-in checks v1'),
    deviceForm: derive(cookieSecret, 'postern device form v1'),
    passkeyTicket: derive(cookieSecret, 'postern passkey ticket v1'),
    passkeyCode: derive(cookieSecret, 'postern passkey code v1'),
    passkeyChallenge: derive(cookieSecret, 'postern passkey challenge v1'),
    namedTunnel: derive(sharedSecret, 'postern named tunnel v1'),
  }
}

function derive(secret: Uint8Array, label: string): Uint8Array {
  if (secret.length < keyBytes) {
    throw new RangeError(`a secret has ${secret.length} bytes, expected at least ${keyBytes}`)
  }
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), label, keyBytes))
}

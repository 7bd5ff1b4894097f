import { AccessError } from '../errors.ts'

/**
 * How far a provider's clock may be ahead of ours, in seconds; a token from further ahead lives longer than
 * it says.
 *
 * @limit time by which the clock of the identity provider is ahead: the sign-in fails with one sentence
 */
const maxAheadSeconds = 5 * 60

/** What is looked at, as the claims of an id token came. */
export interface IdTokenClaims {
  readonly sub?: unknown
  readonly iat?: unknown
}

/**
 * Checks what OpenID Connect Core §3.1.3.7 leaves to the relying party: the token names somebody, and was
 * not issued in the future. Throws `AccessError` `provider-invalid`.
 */
export function checkIdToken({ sub, iat }: IdTokenClaims, nowMs: number): void {
  if (typeof sub !== 'string' || sub.trim() === '') {
    throw invalid(
      'the sign-in service named nobody: the "sub" of its id token is empty',
      'whoever runs the sign-in service has to give each account an id',
    )
  }
  const aheadSeconds = typeof iat === 'number' ? iat - nowMs / 1000 : 0
  if (aheadSeconds > maxAheadSeconds) {
    const minutes = Math.round(aheadSeconds / 60)
    throw invalid(
      `the sign-in service's id token was issued ${minutes} minutes in the future`,
      'whoever runs this gateway should compare its clock with that of the sign-in service',
    )
  }
}

function invalid(message: string, hint: string): AccessError {
  return new AccessError('provider-invalid', message, { hint })
}

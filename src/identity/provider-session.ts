import { decodeJwt } from 'jose'

/** What an id token says of the sign-in that it is from. */
export interface SignInMark {
  /** By what its provider names it (OpenID Connect Front-Channel Logout §3); undefined where it does not. */
  readonly sid: string | undefined
  /** When the token was made, by the provider's clock; 0 where it does not say. */
  readonly issuedAtMs: number
}

/** Reads a token that was verified before. */
export function signInMarkOf(idToken: string | undefined): SignInMark {
  const { sid, iat } = claimsOf(idToken)
  return {
    sid: typeof sid === 'string' && sid !== '' ? sid : undefined,
    issuedAtMs: typeof iat === 'number' ? iat * 1000 : 0,
  }
}

function claimsOf(idToken: string | undefined): Readonly<Record<string, unknown>> {
  if (idToken === undefined) return {}
  try {
    return decodeJwt(idToken)
  } catch {
    // Only a test has one that is none.
    return {}
  }
}

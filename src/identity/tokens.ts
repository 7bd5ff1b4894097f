import { SignJWT, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Session } from './session.ts'

/**
 * A token larger than this is not ours, in bytes.
 *
 * @limit a token: it counts as worthless, 401
 */
const maxTokenBytes = 8192

/** The session that a token or a cookie names. */
export interface NamedSession {
  readonly sessionId: string
  /**
   * When the session was to end as this was made: it is good no longer, however often the session is
   * renewed. Undefined for one of an earlier release.
   */
  readonly endsAtMs: number | undefined
}

/** Makes and reads the tokens by which clients name their session. */
export interface Tokens {
  /**
   * A JWS that names a session, in the form that stock clients keep (reference 2.3): HS256, `typ`
   * JWT, and an `exp`, the end that the session has now.
   */
  issue(session: Session): Promise<string>
  /** What a token that we issued names, past its end too; undefined for anything else. */
  read(token: string): Promise<NamedSession | undefined>
  /** The user id of its session, which may have ended; undefined for what we have not issued. */
  userOf(token: string): Promise<string | undefined>
}

/**
 * `host` is the host of the authenticate service: issuer and audience of every token. Tokens of former keys are read, and
 * none is made by one.
 */
export function createTokens(
  host: string,
  key: Uint8Array,
  formerKeys: readonly Uint8Array[] = [],
): Tokens {
  async function claimsOf(token: string): Promise<JWTPayload | undefined> {
    if (token.length > maxTokenBytes) return undefined
    for (const each of [key, ...formerKeys]) {
      const claims = await claimsBy(each, token)
      if (claims !== undefined) return claims
    }
    return undefined
  }

  async function claimsBy(key: Uint8Array, token: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer: host,
        audience: host,
        typ: 'JWT',
        // Whoever asks compares its end with their own clock.
        clockTolerance: Number.MAX_SAFE_INTEGER,
      })
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
      throw error
    }
  }

  return {
    issue: ({ id, userId, issuedAtMs, expiresAtMs }) =>
      new SignJWT({ aud: [host] })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(host)
        .setSubject(userId)
        .setIssuedAt(Math.floor(issuedAtMs / 1000))
        .setExpirationTime(Math.floor(expiresAtMs / 1000))
        .setJti(id)
        .sign(key),
    async read(token) {
      const { jti: sessionId, exp } = (await claimsOf(token)) ?? {}
      if (sessionId === undefined) return undefined
      return { sessionId, endsAtMs: exp === undefined ? undefined : exp * 1000 }
    },
    userOf: async (token) => (await claimsOf(token))?.sub,
  }
}

/** Header fields as Node.js gives them: lower-case names. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * The token that a request carries, in the forms of the reference (2.3): `X-Pomerium-Authorization`,
 * `Authorization: Pomerium …`, `Authorization: Bearer Pomerium-…`, and cloudflared's `Cf-Access-Token`.
 *
 * The first that holds anything wins, also when its token turns out to be worthless. Never a cookie
 * or a query string: a page of another site could make a browser send those.
 */
export function tokenFromHeaders(headers: Headers): string | undefined {
  const own = single(headers['x-pomerium-authorization'])
  if (own !== undefined && own !== '') return own
  const match = /^(?:pomerium +|bearer +pomerium-)(.*)$/i.exec(
    single(headers['authorization']) ?? '',
  )
  return match?.[1] || single(headers[applicationTokenHeader]) || undefined
}

/** Where stock `cloudflared` puts a token, its own or one it was given by `-H`. */
export const applicationTokenHeader = 'cf-access-token'

/** A field that is there twice is one value that no token can be. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return (typeof value === 'object' ? value.join(', ') : value)?.trim()
}

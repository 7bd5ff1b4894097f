import { SignJWT, errors, jwtVerify } from 'jose'
import type { Clock } from '../clock.ts'
import type { PresentedCredential } from './service-account-secret.ts'

/**
 * A token larger than this is not ours, in bytes.
 *
 * @limit the token of a service account: it counts as worthless, 401
 */
const maxTokenBytes = 8192

export interface ServiceAccountTokenClaims {
  readonly id: string
  /** Tells this credential of the account from those before and after it. */
  readonly secret: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number | undefined
}

/** Makes and reads the tokens of service accounts. */
export interface ServiceAccountTokens {
  /**
   * A JWS in the form that stock clients take for `--service-account` (reference 2.3): HS256, `typ`
   * JWT, `jti` the account's id, and `exp` when it expires. `ver` is the secret whose hash is kept.
   */
  issue(claims: ServiceAccountTokenClaims): Promise<string>
  /** What a token says; undefined for one that is not ours or past its `exp`. */
  read(token: string): Promise<PresentedCredential | undefined>
}

/** What tokens name as their issuer on a gateway that has no authenticate service. */
const nameWithoutHost = 'postern'

/**
 * `key` is not that of people's tokens: neither kind can be passed off as the other. Tokens that were
 * made before a gateway got its authenticate service stay good, and so do those of former keys, by which none is made.
 */
export function createServiceAccountTokens(
  host: string | undefined,
  key: Uint8Array,
  clock: Clock,
  formerKeys: readonly Uint8Array[] = [],
): ServiceAccountTokens {
  const name = host ?? nameWithoutHost
  const names = [name, nameWithoutHost]
  return {
    issue({ id, secret, issuedAtMs, expiresAtMs }) {
      const token = new SignJWT({ aud: [name], ver: secret })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(name)
        .setSubject(id)
        .setIssuedAt(Math.floor(issuedAtMs / 1000))
        .setJti(id)
      if (expiresAtMs !== undefined) token.setExpirationTime(Math.floor(expiresAtMs / 1000))
      return token.sign(key)
    },
    async read(token) {
      if (token.length > maxTokenBytes) return undefined
      for (const each of [key, ...formerKeys]) {
        const presented = await readBy(each, token)
        if (presented !== undefined) return presented
      }
      return undefined
    },
  }

  async function readBy(key: Uint8Array, token: string): Promise<PresentedCredential | undefined> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer: names,
        audience: names,
        typ: 'JWT',
        currentDate: new Date(clock.now()),
      })
      const { jti, ver } = payload
      const isOurs = typeof jti === 'string' && typeof ver === 'string'
      return isOurs ? { format: 'jwt', id: jti, secret: ver } : undefined
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
      throw error
    }
  }
}

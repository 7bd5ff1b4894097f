import { createHmac } from 'node:crypto'
import { SignJWT, errors, jwtVerify } from 'jose'
import type { Clock } from '../clock.ts'
import type { Session } from './session.ts'
import type { SigningKey, SigningKeys } from './signing-keys.ts'

export interface ApplicationTokenOptions {
  /** Where people sign in; undefined where nobody can. */
  readonly origin: URL | undefined
  /** RS256, which is all that stock clients take. */
  readonly keys: Pick<SigningKeys, 'all'>
  /** Makes the applications' AUDs. */
  readonly audienceKey: Uint8Array
  /** Tokens that name an AUD of one of these are good as well. */
  readonly formerAudienceKeys?: readonly Uint8Array[]
  /** How long a session lasts. */
  readonly sessionLifeMs: number
  readonly clock: Clock
}

/** What a token turned out to be; `fault` says what is wrong with it, as the end of a sentence. */
export type ReadApplicationToken = { readonly sessionId: string } | { readonly fault: string }

/**
 * Tokens that are good for one application alone, in the form that stock `cloudflared` keeps in its files:
 * RS256, `aud` an array of the application's AUD, an `exp`. Each names the session it was made for, and is
 * worth nothing once that has ended.
 */
export interface ApplicationTokens {
  /** The AUD: 64 hexadecimal digits, the same as long as the host name and the shared secret are. */
  audienceOf(hostname: string): string
  /** The name of the team, as stock clients ask for one; nobody's at Cloudflare can have its form. */
  readonly authDomain: string
  /** Undefined when the session ends so soon that stock clients would stumble over it. */
  issue(session: Session, hostname: string): Promise<string | undefined>
  /** Whose it is, at the application of this host name. */
  read(token: string, hostname: string): Promise<ReadApplicationToken>
  /** The public keys that tokens about were signed with, as a JWK set (RFC 7517 §5). */
  keySet(): Promise<{ readonly keys: readonly unknown[] }>
  /** The key for what must be good for those who got the key set at their last sign-in. */
  settledKey(): Promise<SigningKey>
}

/** @limit none: shorter ones let stock clients lock themselves out for ten minutes (cloudflared's issue 1692). */
const minLifeMs = 15 * 60_000
/** @limit a token of an application, in bytes: it counts as worthless */
const maxTokenBytes = 8192
const algorithm = 'RS256'
/** A team of Cloudflare's is one label; `postern` keeps this out of their names. */
const authDomainSuffix = '.postern.cloudflareaccess.com'

export function createApplicationTokens(options: ApplicationTokenOptions): ApplicationTokens {
  const { origin, keys, audienceKey, formerAudienceKeys = [], sessionLifeMs, clock } = options
  const issuer = origin?.origin ?? 'postern'
  const digest = (text: string, key = audienceKey): string =>
    createHmac('sha256', key).update(text).digest('hex')
  const audienceOf = (hostname: string, key?: Uint8Array): string =>
    digest(`application ${hostname.toLowerCase()}`, key)

  /** Retired ones as long as a session may be about that was begun with them. */
  async function knownKeys(): Promise<readonly SigningKey[]> {
    const nowMs = clock.now()
    const all = await keys.all('application-token')
    return all.filter(
      ({ retiredAtMs }) => retiredAtMs === undefined || retiredAtMs + sessionLifeMs > nowMs,
    )
  }

  return {
    audienceOf: (hostname) => audienceOf(hostname),
    authDomain: digest(`team ${issuer}`).slice(0, 32) + authDomainSuffix,
    async issue({ id, userId, email, expiresAtMs }, hostname) {
      const nowMs = clock.now()
      const [key] = await knownKeys()
      if (key === undefined || expiresAtMs - nowMs < minLifeMs) return undefined
      const nowS = Math.floor(nowMs / 1000)
      return (
        new SignJWT({ type: 'app', ...(email !== undefined && { email }) })
          // By name: cloudflared writes the header anew, sorted, before it sends a token.
          .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT' })
          .setAudience([audienceOf(hostname)])
          .setIssuer(issuer)
          .setSubject(userId)
          .setIssuedAt(nowS)
          .setNotBefore(nowS)
          .setExpirationTime(Math.floor(expiresAtMs / 1000))
          .setJti(id)
          .sign(key.privateKey)
      )
    },
    async read(token, hostname) {
      if (token.length > maxTokenBytes) return { fault: 'is none of this gateway' }
      const known = await knownKeys()
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => publicKeyOf(known, kid), {
          algorithms: [algorithm],
          issuer,
          audience: [audienceKey, ...formerAudienceKeys].map((key) => audienceOf(hostname, key)),
          typ: 'JWT',
          clockTolerance: clockToleranceS,
          currentDate: new Date(clock.now()),
        })
        const { jti, type } = payload
        return typeof jti === 'string' && type === 'app'
          ? { sessionId: jti }
          : { fault: 'is none of this gateway' }
      } catch (error) {
        return { fault: faultOf(error) }
      }
    },
    keySet: async () => ({ keys: (await knownKeys()).map(({ publicJwk }) => publicJwk) }),
    async settledKey() {
      const nowMs = clock.now()
      const all = await keys.all('application-token')
      const found =
        all.find(({ createdAtMs }) => createdAtMs + sessionLifeMs <= nowMs) ?? all.at(-1)
      if (found === undefined) throw new TypeError('there is always a key')
      return found
    },
  }
}

/** The clocks of two gateways differ. */
const clockToleranceS = 5

function publicKeyOf(known: readonly SigningKey[], kid: string | undefined) {
  const key = known.find((each) => each.kid === kid)
  if (key === undefined) throw new errors.JWKSNoMatchingKey()
  return key.publicJwk
}

function faultOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
    return 'is that of another application'
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    return 'is none of this gateway'
  }
  throw error
}

/** Whether a text is meant as such a token, however worthless: stock clients keep no other kind. */
export function looksLikeApplicationToken(token: string): boolean {
  try {
    const [head = ''] = token.slice(0, maxTokenBytes).split('.', 1)
    const value = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown } | null
    return value?.alg === algorithm
  } catch {
    return false
  }
}

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { CodeStore } from '../store/store.ts'
import type { Session } from './session.ts'

/** @limit life of the one-time code that ends a sign-in: sign in again */
const codeLifeMs = 60_000
const codeBytes = 32

/** RFC 7636 §4.1 and §4.2: 43 to 128 unreserved characters; a challenge is a SHA-256 in base64url. */
const verifierShape = /^[A-Za-z0-9\-._~]{43,128}$/
const challengeShape = /^[A-Za-z0-9_-]{43}$/

/** What a code leads to. */
export interface RedeemedCode {
  readonly sessionId: string
  /** The moment from which the session is prolonged; undefined where it stays as it is. */
  readonly renewedAtMs: number | undefined
  /** When what it leads to ends at the latest; infinite where it prolongs. */
  readonly endsAtMs: number
}

/** One-time codes: what a browser carries to a client instead of a token. */
export interface Codes {
  /**
   * Makes a code for a session until its end now, good once and for 60 seconds, for who knows the challenge's
   * verifier; one that prolongs the session with `isRenewal`.
   */
  issue(
    session: Pick<Session, 'id' | 'expiresAtMs'>,
    challenge: string,
    isRenewal?: boolean,
  ): Promise<string>
  /** Undefined when unknown, used, too old, or not this verifier's. */
  redeem(code: string, verifier: string): Promise<RedeemedCode | undefined>
}

/** Before a code, what it is for: nobody else can make one, since codes are looked up by the hash of the whole. */
const renewalPrefix = 'renewal.'
const endPrefix = /^(\d+)\./

/** Whether a text can be an S256 `code_challenge`. */
export function isCodeChallenge(text: string): boolean {
  return challengeShape.test(text)
}

export function createCodes(store: CodeStore, clock: Clock): Codes {
  return {
    async issue({ id, expiresAtMs }, challenge, isRenewal = false) {
      if (!isCodeChallenge(challenge)) throw new RangeError('not an S256 code challenge')
      const random = randomBytes(codeBytes).toString('base64url')
      const code = `${isRenewal ? renewalPrefix : `${expiresAtMs}.`}${random}`
      await store.add({
        hash: sha256(code),
        sessionId: id,
        challenge,
        expiresAtMs: clock.now() + codeLifeMs,
      })
      return code
    },
    async redeem(code, verifier) {
      // Taken before anything is compared: a wrong guess at the verifier spends the code, too.
      const record = await store.take(sha256(code), clock.now())
      if (!record || !verifierShape.test(verifier)) return undefined
      const isRight = timingSafeEqual(Buffer.from(sha256(verifier)), Buffer.from(record.challenge))
      if (!isRight) return undefined
      const madeAtMs = record.expiresAtMs - codeLifeMs
      const renewedAtMs = code.startsWith(renewalPrefix) ? madeAtMs : undefined
      // Without an end it is of an earlier release, from before sessions could be renewed.
      const [, end] = endPrefix.exec(code) ?? []
      const endsAtMs = end === undefined ? Infinity : Number(end)
      return { sessionId: record.sessionId, renewedAtMs, endsAtMs }
    },
  }
}

function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

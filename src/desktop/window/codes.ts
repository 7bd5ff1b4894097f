import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * How long a one-time code lets a browser in, in milliseconds.
 *
 * @limit time in which the address that `postern desktop` opens lets a browser in: it is refused, and another one is asked for
 */
export const codeLifeMs = 60_000
/** @limit wrong codes while one is open: none is open any more, and another one is asked for */
const maxWrongTries = 5
/** @limit one-time codes that are open at once: the oldest is no longer taken */
const maxCodes = 8

const codeBytes = 32

/**
 * What became of a code: it lets a key in, it let the same one in before (its answer may have been lost), nobody knows
 * it, or it let another one in before. Of two that have the same code one has stolen it, and nobody can say which.
 */
export type TakenCode =
  | { readonly kind: 'taken' | 'taken-again' | 'unknown' }
  | { readonly kind: 'used-by-another'; readonly id: string }

/** Codes that let one browser in each, once. */
export interface Codes {
  make(): string
  take(code: string, id: string): TakenCode
}

interface Code {
  readonly digest: Buffer
  readonly dueMs: number
  usedBy?: string
}

/** `uptimeMs` is a clock that nobody sets: one that is moved back would keep codes alive. */
export function createCodes(uptimeMs: () => number): Codes {
  let codes: Code[] = []
  let wrongTries = 0

  return {
    make() {
      const code = randomBytes(codeBytes).toString('base64url')
      const dueMs = uptimeMs() + codeLifeMs
      codes = [...alive(codes, uptimeMs()), { digest: digestOf(code), dueMs }].slice(-maxCodes)
      wrongTries = 0
      return code
    },
    take(code, id) {
      codes = alive(codes, uptimeMs())
      const digest = digestOf(code)
      // All of them are compared, so that the time it takes says nothing.
      const [found] = codes.filter((one) => timingSafeEqual(one.digest, digest))
      if (found === undefined) {
        wrongTries += 1
        if (wrongTries >= maxWrongTries) codes = codes.filter(({ usedBy }) => usedBy !== undefined)
        return { kind: 'unknown' }
      }
      if (found.usedBy === undefined) {
        found.usedBy = id
        return { kind: 'taken' }
      }
      return found.usedBy === id
        ? { kind: 'taken-again' }
        : { kind: 'used-by-another', id: found.usedBy }
    },
  }
}

function alive(codes: readonly Code[], nowMs: number): Code[] {
  return codes.filter(({ dueMs }) => nowMs < dueMs)
}

function digestOf(code: string): Buffer {
  return hash('sha256', code, 'buffer')
}

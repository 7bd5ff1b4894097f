import type { Clock } from '../clock.ts'
import type { Certificate } from '../port/tls-contexts.ts'

/** How a name can be proven to an authority (RFC 8555 §8, RFC 8737). */
export type ChallengeType = 'tls-alpn-01' | 'http-01' | 'dns-01'

/** What an authority looks for, on whichever gateway it arrives. */
export interface OpenChallenges {
  /** What a connection that asks for `name` with `acme-tls/1` is answered (RFC 8737 §3). */
  certificateFor(name: string): Certificate | undefined
  /** What `/.well-known/acme-challenge/TOKEN` answers (RFC 8555 §8.3). */
  keyAuthorization(token: string): string | undefined
  /** Whether no connection comes with `acme-tls/1` for any, so that none has to be looked at. */
  readonly isEmpty: boolean
}

/** The same, and how they come and go. */
export interface ChallengeRegister extends OpenChallenges {
  /** By the name of its record. It goes by itself `challengeLifeMs` after it was shown first. **Default:** now */
  put(
    id: string,
    challenge: { readonly text: string; readonly privateKey: string | undefined },
    shownAtMs?: number,
  ): void
  remove(id: string): void
}

/** The name of a challenge's record: by what the authority asks for. */
export function challengeId(type: 'tls-alpn-01' | 'http-01', asked: string): string {
  return `${type}/${asked}`
}

/**
 * Longer than any try to fetch a certificate takes: what is older was left behind by a gateway that has crashed.
 *
 * @limit time that a proof is shown to a certificate authority: it is taken away
 */
export const challengeLifeMs = 900_000

interface Open {
  readonly text: string
  readonly privateKey: string | undefined
  readonly untilMs: number
}

/** A token is base64url of at least 128 bits (RFC 8555 §8.1): no path leads anywhere else. */
export function createChallenges(clock: Pick<Clock, 'now'>): ChallengeRegister {
  const open = new Map<string, Open>()
  const find = (id: string): Open | undefined => {
    const found = open.get(id)
    if (found === undefined || found.untilMs > clock.now()) return found
    open.delete(id)
    return undefined
  }
  return {
    certificateFor(name) {
      const found = find(challengeId('tls-alpn-01', name))
      return found?.privateKey === undefined
        ? undefined
        : { cert: found.text, key: found.privateKey }
    },
    keyAuthorization: (token) => find(challengeId('http-01', token))?.text,
    get isEmpty() {
      return ![...open.keys()].some((id) => find(id)?.privateKey !== undefined)
    },
    put(id, { text, privateKey }, shownAtMs = clock.now()) {
      const untilMs = Math.min(shownAtMs, clock.now()) + challengeLifeMs
      open.set(id, { text, privateKey, untilMs })
    },
    remove: (id) => void open.delete(id),
  }
}

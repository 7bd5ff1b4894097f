import type { Certificate } from '../port/tls-contexts.ts'

/** How a name can be proven to an authority (RFC 8555 §8, RFC 8737). */
export type ChallengeType = 'tls-alpn-01' | 'http-01' | 'dns-01'

/** What an authority looks for, on whichever gateway it arrives. */
export interface OpenChallenges {
  /** What a connection that asks for `name` with `acme-tls/1` is answered (RFC 8737 §3). */
  certificateFor(name: string): Certificate | undefined
  /** What `/.well-known/acme-challenge/TOKEN` answers (RFC 8555 §8.3). */
  keyAuthorization(token: string): string | undefined
  /** Whether any is open, so that nothing has to be looked for otherwise. */
  readonly isEmpty: boolean
}

/** The same, and how they come and go. */
export interface ChallengeRegister extends OpenChallenges {
  /** By the name of its record. */
  put(
    id: string,
    challenge: { readonly text: string; readonly privateKey: string | undefined },
  ): void
  remove(id: string): void
}

/** The name of a challenge's record: by what the authority asks for. */
export function challengeId(type: 'tls-alpn-01' | 'http-01', asked: string): string {
  return `${type}/${asked}`
}

/** A token is base64url of at least 128 bits (RFC 8555 §8.1): no path leads anywhere else. */
export function createChallenges(): ChallengeRegister {
  const open = new Map<string, { readonly text: string; readonly privateKey: string | undefined }>()
  return {
    certificateFor(name) {
      const found = open.get(challengeId('tls-alpn-01', name))
      return found?.privateKey === undefined
        ? undefined
        : { cert: found.text, key: found.privateKey }
    },
    keyAuthorization: (token) => open.get(challengeId('http-01', token))?.text,
    get isEmpty() {
      return open.size === 0
    },
    put: (id, challenge) => void open.set(id, challenge),
    remove: (id) => void open.delete(id),
  }
}

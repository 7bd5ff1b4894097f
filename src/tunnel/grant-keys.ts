import {
  calculateJwkThumbprint,
  importJWK,
  jwtVerify,
  type CryptoKey,
  type JWK,
  type JWSHeaderParameters,
} from 'jose'
import { ConfigError } from '../errors.ts'
import { grantKeyType } from './grant.ts'

/**
 * Keys that a connector takes by the word of those it has: a gateway changes its key once in a while.
 *
 * @limit grant keys that a running connector has learnt: the one that it has had longest is forgotten
 */
const maxLearntKeys = 8

/** Which keys a connector trusts. */
export interface GrantKeys {
  /** RFC 7638. */
  readonly thumbprints: readonly string[]
  /** The key that a JWS names; for `jose`. */
  find(header: JWSHeaderParameters): CryptoKey
  /**
   * Trusts a further key, by the word of one that is trusted.
   *
   * @throws Error where it has no such word, or is no public key of Ed25519
   */
  learn(signed: string): Promise<void>
}

/** @throws ConfigError for a pinned key that is no public key of Ed25519, or when there is none */
export async function pinGrantKeys(pinned: readonly JWK[], source: string): Promise<GrantKeys> {
  if (pinned.length === 0)
    throw badKey(source, 'has no grant key, without which nothing is dialled')
  const keys = new Map<string, CryptoKey>()
  for (const jwk of pinned) {
    const read = await readKey(jwk).catch((cause: unknown) => {
      throw badKey(source, `has a grant key that cannot be used: ${String(cause)}`)
    })
    keys.set(...read)
  }
  const learnt = new Map<string, CryptoKey>()
  const find = ({ kid = '' }: JWSHeaderParameters): CryptoKey => {
    const key = keys.get(kid) ?? learnt.get(kid)
    if (key === undefined) throw new Error('it is not signed by a key that is trusted here')
    return key
  }

  return {
    get thumbprints() {
      return [...keys.keys(), ...learnt.keys()]
    },
    find,
    async learn(signed) {
      const { payload } = await jwtVerify(signed, find, {
        algorithms: ['EdDSA'],
        typ: grantKeyType,
      })
      const [kid, key] = await readKey(payload['jwk'])
      if (keys.has(kid)) return
      learnt.delete(kid)
      learnt.set(kid, key)
      const [oldest] = learnt.keys()
      if (learnt.size > maxLearntKeys && oldest !== undefined) learnt.delete(oldest)
    },
  }
}

/** Its thumbprint, and its public part alone. */
async function readKey(jwk: unknown): Promise<[string, CryptoKey]> {
  const { kty, crv, x } = (jwk ?? {}) as JWK
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') {
    throw new Error('it is no key of Ed25519')
  }
  const key = await importJWK({ kty, crv, x }, 'EdDSA')
  if (key instanceof Uint8Array) throw new Error('it is no public key')
  return [await calculateJwkThumbprint({ kty, crv, x }), key]
}

function badKey(source: string, message: string): ConfigError {
  return new ConfigError([{ source, path: '', message }])
}

import {
  calculateJwkThumbprint,
  importJWK,
  jwtVerify,
  type CryptoKey,
  type JWK,
  type JWSHeaderParameters,
} from 'jose'
import { systemClock, type Clock } from '../clock.ts'
import { ConfigError } from '../errors.ts'
import { oneByOne } from '../one-by-one.ts'
import { grantAudience, grantKeyType, maxClockSkewS } from './grant.ts'
import type { GrantKey } from './tunnel-credential.ts'

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
  /** The keys themselves, those that were learnt last first. */
  readonly publicKeys: readonly GrantKey[]
  /** The key that a JWS names; for `jose`. */
  find(header: JWSHeaderParameters): CryptoKey
  /**
   * Trusts a further key, and forgets those that are none of the gateway's any more, by the word of one that is
   * trusted. Answers whether this changed anything.
   *
   * @throws Error where it has no such word, is not meant, or is no public key of Ed25519
   */
  learn(signed: string): Promise<boolean>
}

export interface PinGrantKeysOptions {
  /** Names where the keys are from. */
  readonly source: string
  readonly tunnelId: string
  /** New for each start of the process. */
  readonly connectorId: string
  readonly clock?: Clock | undefined
}

interface Known {
  readonly key: CryptoKey
  readonly jwk: GrantKey
}

/** @throws ConfigError for a pinned key that is no public key of Ed25519, or when there is none */
export async function pinGrantKeys(
  pinned: readonly JWK[],
  { source, tunnelId, connectorId, clock = systemClock }: PinGrantKeysOptions,
): Promise<GrantKeys> {
  if (pinned.length === 0)
    throw badKey(source, 'has no grant key, without which nothing is dialled')
  const keys = new Map<string, Known>()
  for (const jwk of pinned) {
    const read = await readKey(jwk).catch((cause: unknown) => {
      throw badKey(source, `has a grant key that cannot be used: ${String(cause)}`)
    })
    keys.set(...read)
  }
  const learnt = new Map<string, Known>()
  // One statement holds before the next is judged by it.
  const inTurn = oneByOne()
  const thumbprints = (): string[] => [...keys.keys(), ...learnt.keys()]
  const find = ({ kid = '' }: JWSHeaderParameters): CryptoKey => {
    const known = keys.get(kid) ?? learnt.get(kid)
    if (known === undefined) throw new Error('it is not signed by a key that is trusted here')
    return known.key
  }

  async function read(signed: string) {
    const { payload } = await jwtVerify(signed, find, {
      algorithms: ['EdDSA'],
      typ: grantKeyType,
      requiredClaims: ['exp'],
      currentDate: new Date(clock.now()),
      clockTolerance: maxClockSkewS,
    })
    for (const name of grantAudience(tunnelId, connectorId)) {
      if (![payload.aud].flat().includes(name)) throw new Error(`it is not for "${name}"`)
    }
    if (!Array.isArray(payload['keys'])) throw new Error('it does not say which keys there are')
    return { kept: new Set<unknown>(payload['keys']), read: await readKey(payload['jwk']) }
  }

  async function learn(signed: string): Promise<boolean> {
    const { kept, read: added } = await read(signed)
    const [kid] = added
    const before = thumbprints().join()
    if (!keys.has(kid) && !learnt.has(kid)) learnt.set(...added)
    for (const known of [keys, learnt]) {
      for (const other of known.keys()) if (other !== kid && !kept.has(other)) known.delete(other)
    }
    const [oldest] = learnt.keys()
    if (learnt.size > maxLearntKeys && oldest !== undefined) learnt.delete(oldest)
    return thumbprints().join() !== before
  }

  return {
    get thumbprints() {
      return thumbprints()
    },
    get publicKeys() {
      return [...[...learnt.values()].toReversed(), ...keys.values()].map(({ jwk }) => jwk)
    },
    find,
    learn: (signed) => inTurn(() => learn(signed)),
  }
}

/** Its thumbprint, and its public part alone. */
async function readKey(jwk: unknown): Promise<[string, Known]> {
  const { kty, crv, x } = (jwk ?? {}) as JWK
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') {
    throw new Error('it is no key of Ed25519')
  }
  const publicJwk: GrantKey = { kty: 'OKP', crv: 'Ed25519', x }
  const key = await importJWK(publicJwk, 'EdDSA')
  if (key instanceof Uint8Array) throw new Error('it is no public key')
  return [await calculateJwkThumbprint(publicJwk), { key, jwk: publicJwk }]
}

function badKey(source: string, message: string): ConfigError {
  return new ConfigError([{ source, path: '', message }])
}

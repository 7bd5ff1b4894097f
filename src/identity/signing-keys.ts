import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import type { Clock } from '../clock.ts'
import { SystemError } from '../errors.ts'
import type { SigningKeyRecord, SigningPurpose } from '../store/publish-store.ts'
import type { Store } from '../store/store.ts'

export type { SigningPurpose }

/** A key pair of the gateway's own. */
export interface SigningKey {
  /** The thumbprint of its public part (RFC 7638), base64url. */
  readonly kid: string
  readonly privateKey: KeyObject
  /** A JWK with `kid`, `alg` and `use`. */
  readonly publicJwk: PublicJwk
  readonly createdAtMs: number
  /** When another one took its place; undefined for the current one. */
  readonly retiredAtMs: number | undefined
}

/** RFC 7517, the public members of what we make. */
export interface PublicJwk {
  readonly kty: string
  readonly kid: string
  readonly alg: string
  readonly use: 'sig'
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/** The keys that the gateway signs with, one current for each purpose; made at their first use. */
export interface SigningKeys {
  current(purpose: SigningPurpose): Promise<SigningKey>
  /** Newest first, retired ones too: what was signed with them is still about. */
  all(purpose: SigningPurpose): Promise<readonly SigningKey[]>
  /**
   * Makes another one current, and answers it. `admit` is called in the step in which it is written: it throws where
   * whoever asks may not any more.
   */
  rotate(purpose: SigningPurpose, admit?: () => void): Promise<SigningKey>
  /** Forgets those before the current one, and answers their names. */
  forgetRetired(purpose: SigningPurpose): Promise<readonly string[]>
  /** Calls `listener` when keys of some purpose have changed. */
  onChanged(listener: () => void): Disposable
}

/** RFC 8037 for Ed25519, RFC 7518 for the others. */
const algorithms = {
  'connector-grant': 'EdDSA',
  'ssh-ca': 'EdDSA',
  'application-token': 'RS256',
  'connector-ca': 'ES256',
  audit: 'EdDSA',
} as const satisfies Record<SigningPurpose, string>

const rsaBits = 2048
/** @limit keys of one purpose that somebody else made meanwhile, in a row: the question fails */
const maxAttempts = 3

export function createSigningKeys(
  store: Pick<Store, 'signingKeys' | 'feed'>,
  clock: Clock,
): SigningKeys {
  const known = new Map<SigningPurpose, Promise<readonly SigningKey[]>>()
  const listeners = new Set<() => void>()
  // Whichever it was: they are few, and change once in months.
  store.feed.onChanges((changes) => {
    if (!changes.some(({ kind }) => kind === 'signing-key')) return
    known.clear()
    for (const listener of listeners) listener()
  })

  function read(purpose: SigningPurpose): Promise<readonly SigningKey[]> {
    const reading =
      known.get(purpose) ??
      store.signingKeys.list(purpose).then((records) => records.map(toSigningKey))
    known.set(purpose, reading)
    reading.catch(() => known.get(purpose) === reading && known.delete(purpose))
    return reading
  }

  const currentOf = (keys: readonly SigningKey[]) =>
    keys.find(({ retiredAtMs }) => retiredAtMs === undefined)

  async function make(
    purpose: SigningPurpose,
    replaces: string | undefined,
    admit?: () => void,
  ): Promise<boolean> {
    const key = await drawKey(purpose, clock.now())
    admit?.()
    return store.signingKeys.add(key, replaces)
  }

  async function current(purpose: SigningPurpose): Promise<SigningKey> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const key = currentOf(await read(purpose))
      if (key !== undefined) return key
      await make(purpose, undefined)
    }
    throw new SystemError('signing-key-not-made', `no key could be made for "${purpose}"`)
  }

  return {
    current,
    async all(purpose) {
      await current(purpose)
      return read(purpose)
    },
    async rotate(purpose, admit) {
      // Where somebody else has rotated meanwhile there is another key, which is what was asked for.
      await make(purpose, (await current(purpose)).kid, admit)
      return current(purpose)
    },
    forgetRetired: (purpose) => store.signingKeys.removeRetired(purpose),
    onChanged(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
}

async function drawKey(purpose: SigningPurpose, createdAtMs: number): Promise<SigningKeyRecord> {
  const { privateKey, publicKey } = await drawPair(algorithms[purpose])
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const publicJwk = { ...jwk, kid, alg: algorithms[purpose], use: 'sig' }
  return {
    kid,
    purpose,
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    publicKey: JSON.stringify(publicJwk),
    createdAtMs,
    retiredAtMs: undefined,
  }
}

const generate = promisify(generateKeyPair)

function drawPair(algorithm: (typeof algorithms)[SigningPurpose]) {
  if (algorithm === 'EdDSA') return generate('ed25519')
  if (algorithm === 'RS256') return generate('rsa', { modulusLength: rsaBits })
  return generate('ec', { namedCurve: 'P-256' })
}

function toSigningKey(record: SigningKeyRecord): SigningKey {
  const { kid, createdAtMs, retiredAtMs } = record
  return {
    kid,
    privateKey: createPrivateKey(record.privateKey),
    // Written by `drawKey`.
    publicJwk: JSON.parse(record.publicKey) as PublicJwk,
    createdAtMs,
    retiredAtMs,
  }
}

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { SystemError } from '../errors.ts'

/** A secret that keys are derived from, and the setting that gave it. */
export interface TokenSecret {
  /** As the configuration names it. */
  readonly setting: 'token_encryption_key' | 'shared_secret'
  /** At least 32 bytes. */
  readonly bytes: Uint8Array
}

/** The first encrypts, the others read what was encrypted before. */
export type TokenSecrets = readonly [TokenSecret, ...TokenSecret[]]

/** Where a sealed text stands: it opens nowhere else, so that no two rows or columns can be swapped. */
export interface SealedPlace {
  readonly keyId: string
  readonly rowId: string
  readonly column: string
}

const algorithm = 'aes-256-gcm'
const keyBytes = 32
/** NIST SP 800-38D section 8.2.2: random, so that one key is good for 2^32 texts; a rotation takes another. */
const ivBytes = 12
const tagBytes = 16
const keyIdBytes = 12
const secretIdBytes = 12

/** A name that no other key has; the key is derived from it. */
export function drawKeyId(): string {
  return randomBytes(keyIdBytes).toString('base64url')
}

/** Names a secret in the database, and says nothing of it (HKDF, RFC 5869). */
export function secretIdOf({ bytes }: TokenSecret): string {
  const id = hkdfSync(
    'sha256',
    bytes,
    new Uint8Array(),
    'postern token secret id v1',
    secretIdBytes,
  )
  return Buffer.from(id).toString('base64url')
}

/** The key of one name, by HKDF-SHA256 with the name as its salt. */
export function deriveTokenKey({ bytes }: TokenSecret, keyId: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', bytes, keyId, 'postern stored token v1', keyBytes))
}

/** Encrypts a token: nonce, ciphertext and tag, base64url. */
export function sealToken(key: Uint8Array, text: string, place: SealedPlace): string {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv).setAAD(aadOf(place))
  const parts = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(parts).toString('base64url')
}

/** Throws `SystemError` `stored-token-unreadable` for what was changed, or sealed for another place. */
export function openToken(key: Uint8Array, sealed: string, place: SealedPlace): string {
  const bytes = Buffer.from(sealed, 'base64url')
  try {
    const iv = bytes.subarray(0, ivBytes)
    const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes })
    decipher.setAAD(aadOf(place)).setAuthTag(bytes.subarray(-tagBytes))
    const body = decipher.update(bytes.subarray(ivBytes, -tagBytes))
    return Buffer.concat([body, decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new SystemError('stored-token-unreadable', 'a stored token was changed from outside', {
      hint: 'the database was written by something else than the gateway; this session has to end',
      cause,
    })
  }
}

function aadOf({ keyId, rowId, column }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([keyId, column, rowId]))
}

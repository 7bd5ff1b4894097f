import {
  createPublicKey,
  generateKeyPairSync,
  hash,
  createPrivateKey,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'

// ECDSA with P-256 and SHA-256, as WebCrypto has it: a public key is an uncompressed point (SEC 1 2.3.3), a signature
// its two numbers (RFC 7518 §3.4).

const encoding = 'ieee-p1363'
const pointBytes = 65

/** The key by which the daemon shows that it is itself. */
export interface OwnKey {
  readonly publicKey: string
  /** PKCS #8, for the file. */
  readonly secret: string
  sign(text: string): string
}

/** Reads a key that was kept, or makes one. Throws for what is no key. */
export function ownKey(secret?: string): OwnKey {
  const privateKey =
    secret === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createPrivateKey({ key: Buffer.from(secret, 'base64url'), format: 'der', type: 'pkcs8' })
  const { crv, x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (crv !== 'P-256') throw new Error('this key is of another kind')
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ])
  return {
    publicKey: point.toString('base64url'),
    secret: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url'),
    sign: (text) =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: encoding }).toString(
        'base64url',
      ),
  }
}

/** Whether a text is the secret of such a key. */
export function isOwnKey(secret: string): boolean {
  try {
    ownKey(secret).sign('')
    return true
  } catch {
    return false
  }
}

/** What a browser is known by: the hash of its public key. */
export function idOf(publicKey: string): string {
  return hash('sha256', Buffer.from(publicKey, 'base64url'), 'base64url')
}

export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const key = readPoint(Buffer.from(publicKey, 'base64url'))
  if (key === undefined) return false
  const bytes = Buffer.from(signature, 'base64url')
  return verify('sha256', Buffer.from(text), { key, dsaEncoding: encoding }, bytes)
}

/** Undefined for what is no point of the curve. */
function readPoint(point: Buffer): KeyObject | undefined {
  if (point.length !== pointBytes || point[0] !== 4) return undefined
  const [x, y] = [encode(point.subarray(1, 33)), encode(point.subarray(33))]
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } })
  } catch {
    return undefined
  }
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64url')
}

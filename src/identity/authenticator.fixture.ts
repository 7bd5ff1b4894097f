import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** What a test has an authenticator say otherwise than it should. */
export interface AuthenticatorLies {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  readonly isUserVerified?: boolean
  readonly isUserPresent?: boolean
  readonly counter?: number
  readonly accountId?: string
  readonly id?: string
  /** Of a registration. */
  readonly format?: string
  readonly statement?: Map<string, unknown>
}

/** A security key in software: it makes passkeys of ES256 and signs with them (WebAuthn §6). */
export interface Authenticator {
  /** What a browser sends of a new passkey, as JSON. */
  create(options: CreationOptions, lies?: AuthenticatorLies): string
  /** What it sends of the passkey that was made last. */
  get(options: RequestOptions, lies?: AuthenticatorLies): string
}

interface CreationOptions {
  readonly challenge: string
  readonly rp: { readonly id?: string | undefined }
  readonly user: { readonly id: string }
}

interface RequestOptions {
  readonly challenge: string
  readonly rpId?: string | undefined
}

const flags = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 }

export function createAuthenticator(
  origin: string,
  { counts = false }: { readonly counts?: boolean } = {},
): Authenticator {
  let made: { id: Buffer; accountId: string; key: KeyObject } | undefined
  let counter = 0

  const headOf = (rpId: string, own: number, lies: AuthenticatorLies): Buffer => {
    const head = Buffer.alloc(37)
    createHash('sha256')
      .update(lies.rpId ?? rpId)
      .digest()
      .copy(head)
    const { isUserPresent = true, isUserVerified = true } = lies
    head[32] = own | (isUserPresent ? flags.present : 0) | (isUserVerified ? flags.verified : 0)
    if (counts) counter += 1
    head.writeUInt32BE(lies.counter ?? counter, 33)
    return head
  }
  const clientData = (type: string, challenge: string, lies: AuthenticatorLies): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? origin,
        crossOrigin: lies.crossOrigin ?? false,
      }),
    )

  return {
    create({ challenge, rp, user }, lies = {}) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const id = randomBytes(32)
      made = { id, accountId: user.id, key: privateKey }
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const authData = Buffer.concat([
        headOf(rp.id ?? '', flags.attested | flags.eligible | flags.backedUp, lies),
        Buffer.alloc(16),
        length,
        id,
        coseOf(publicKey),
      ])
      const attestation = new Map<string, unknown>([
        ['fmt', lies.format ?? 'none'],
        ['attStmt', lies.statement ?? new Map()],
        ['authData', Uint8Array.from(authData)],
      ])
      return credential(lies.id ?? text(id), {
        clientDataJSON: text(clientData('webauthn.create', challenge, lies)),
        attestationObject: text(isoCBOR.encode(attestation as never)),
        transports: ['internal'],
      })
    },
    get({ challenge, rpId = '' }, lies = {}) {
      if (made === undefined) throw new Error('no passkey was made')
      const authenticatorData = headOf(rpId, flags.eligible | flags.backedUp, lies)
      const client = clientData('webauthn.get', challenge, lies)
      const signed = Buffer.concat([
        authenticatorData,
        createHash('sha256').update(client).digest(),
      ])
      return credential(lies.id ?? text(made.id), {
        clientDataJSON: text(client),
        authenticatorData: text(authenticatorData),
        signature: text(sign('sha256', signed, made.key)),
        userHandle: lies.accountId ?? made.accountId,
      })
    },
  }
}

function credential(id: string, response: object): string {
  return JSON.stringify({ id, rawId: id, type: 'public-key', response })
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/** An EC2 key of P-256 for ES256 (RFC 9053 §7.1.1). */
function coseOf(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const bytes = (value: string) => Uint8Array.from(Buffer.from(value, 'base64url'))
  const map = new Map<number, number | Uint8Array<ArrayBuffer>>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, bytes(x)],
    [-3, bytes(y)],
  ])
  return isoCBOR.encode(map)
}

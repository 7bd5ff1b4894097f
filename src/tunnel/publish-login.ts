import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK } from 'jose'
import { z } from 'zod'
import { PeerError } from '../errors.ts'

// How a machine gets a publish credential: as `device.ts` has it for a session, but that it sends a public
// key along, to which the credential is sealed (JWE, RFC 7516; ECDH-ES with X25519, RFC 8037): whoever reads
// the answers on the way has nothing.

/** Field of the form that asks for a code: the public key, a JWK as JSON. */
export const publicKeyField = 'public_key'

/** @limit the public key of a machine that asks for a publish credential: `invalid-request` */
const maxPublicKeyLength = 500

const publicKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  /** 32 bytes. */
  x: z.base64url().length(43),
})

/** What is sealed. */
export interface IssuedCredential {
  readonly id: string
  readonly secret: string
  readonly site: string
  /** RFC 3339. */
  readonly expires_at: string
}

const word = z.string().regex(/^[\w.-]{1,253}$/)
const issuedSchema = z.object({
  id: word,
  secret: word,
  site: word,
  expires_at: z.iso.datetime(),
}) satisfies z.ZodType<IssuedCredential>

/** The two halves of a key that is good for one sign-in. */
export interface SealKey {
  /** For the form. */
  readonly publicKey: string
  /** Opens what was sealed to it. Throws `PeerError` `credential-unreadable`. */
  open(sealed: string): Promise<IssuedCredential>
}

const [algorithm, encryption] = ['ECDH-ES', 'A256GCM']

export async function makeSealKey(): Promise<SealKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv: 'X25519' })
  return {
    publicKey: JSON.stringify(await exportJWK(publicKey)),
    async open(sealed) {
      try {
        const { plaintext } = await compactDecrypt(sealed, privateKey, {
          keyManagementAlgorithms: [algorithm],
          contentEncryptionAlgorithms: [encryption],
        })
        return issuedSchema.parse(JSON.parse(new TextDecoder().decode(plaintext)))
      } catch (cause) {
        const text = 'the gateway sent a credential that is not for this machine'
        throw new PeerError('credential-unreadable', text, { cause })
      }
    },
  }
}

/** The key of a form; undefined when it is none. */
export function decodePublicKey(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > maxPublicKeyLength) return undefined
  try {
    return JSON.stringify(publicKeySchema.parse(JSON.parse(value)))
  } catch {
    return undefined
  }
}

/** Seals a credential to a key that `decodePublicKey` has read. */
export async function sealCredential(
  publicKey: string,
  credential: IssuedCredential,
): Promise<string> {
  const key = await importJWK(publicKeySchema.parse(JSON.parse(publicKey)), algorithm)
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(credential)))
    .setProtectedHeader({ alg: algorithm, enc: encryption })
    .encrypt(key)
}

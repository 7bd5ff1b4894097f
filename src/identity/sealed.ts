import { EncryptJWT, errors, jwtDecrypt } from 'jose'
import type { JWTPayload } from 'jose'

/**
 * Browsers keep cookies of up to 4096 bytes; nothing longer can be ours.
 *
 * @limit a cookie, and the `state` of a sign-in: it counts as absent
 */
export const maxSealedBytes = 4096

/** Encrypts and authenticates a value that a browser carries: JWE, `dir` with A256GCM (RFC 7516). */
export function seal(key: Uint8Array, payload: JWTPayload): Promise<string> {
  return new EncryptJWT(payload).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key)
}

/** Opens what `seal` made with the same key; undefined for anything else. */
export async function unseal(key: Uint8Array, text: string): Promise<JWTPayload | undefined> {
  if (text.length > maxSealedBytes) return undefined
  try {
    const { payload } = await jwtDecrypt(text, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

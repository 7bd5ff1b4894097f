import { realpath } from 'node:fs/promises'
import { replaceFile } from '../../reach/replace-file.ts'
import { readSmallFile } from '../../reach/small-file.ts'
import {
  decodeCredentialsFile,
  encodeCredentialsFile,
  type GrantKey,
  type TunnelCredential,
} from '../../tunnel/tunnel-credential.ts'

/**
 * Writes other grant keys into a credentials file, as a whole and for its owner alone, and answers the credential
 * as it stands there then. The rest of it stays as it is now; it is left alone where it holds another
 * credential by now.
 *
 * @throws Error with why it could not, in words
 */
export async function keepGrantKeys(
  path: string,
  { tunnelId, secret }: TunnelCredential,
  grantKeys: readonly GrantKey[],
): Promise<TunnelCredential> {
  // The file itself: a link stays what it is.
  const file = await realpath(path)
  const found = decodeCredentialsFile(await readSmallFile(file), `"${path}"`)
  if (found.tunnelId !== tunnelId || !found.secret.equals(secret))
    throw new Error('it holds another credential now')
  const kept = { ...found, grantKeys }
  await replaceFile(file, encodeCredentialsFile(kept))
  return kept
}

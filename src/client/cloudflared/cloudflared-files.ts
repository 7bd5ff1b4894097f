import { mkdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SystemError } from '../../errors.ts'
import type { ApplicationTokenAnswer } from '../../tunnel/application-token.ts'
import { replaceFile } from '../../reach/replace-file.ts'

/** The files by which cloudflared finds somebody signed in to an application. */
export interface CloudflaredFiles {
  readonly token: string
  /** The keys by which versions since 2026.8 check what the gateway says of the application. */
  readonly keySet: string
}

/**
 * When the keys were written, as cloudflared sees it: it asks Cloudflare for keys that are older than a day, or
 * that do not fit and are older than a minute. A time that does not come makes it do neither.
 */
const keptForever = new Date('2199-01-01T00:00:00Z')

/** How they are named, in the folder of cloudflared's in somebody's home. */
export function cloudflaredFilesIn(
  home: string,
  { hostname, audience, authDomain }: ApplicationTokenAnswer,
): CloudflaredFiles {
  const folder = join(home, '.cloudflared')
  return {
    token: join(folder, `${hostname.replaceAll('*', '-')}-${audience}-token`),
    keySet: join(folder, `${authDomain}-jwks`),
  }
}

/**
 * Writes them for their owner alone. The token comes last: what is there is whole.
 *
 * @throws SystemError `cloudflared-files-unwritable`
 */
export async function writeCloudflaredFiles(
  home: string,
  answer: ApplicationTokenAnswer,
): Promise<CloudflaredFiles> {
  const files = cloudflaredFilesIn(home, answer)
  try {
    await mkdir(join(home, '.cloudflared'), { recursive: true, mode: 0o700 })
    await replaceFile(files.keySet, answer.keySet)
    await utimes(files.keySet, keptForever, keptForever)
    await replaceFile(files.token, answer.token)
    return files
  } catch (cause) {
    const message = `the files of cloudflared cannot be written: ${messageOf(cause)}`
    throw new SystemError('cloudflared-files-unwritable', message, {
      cause,
      hint: 'it keeps them in ".cloudflared" in your home directory',
    })
  }
}

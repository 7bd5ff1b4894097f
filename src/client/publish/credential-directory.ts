import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import { decodePublishCredential, type PublishCredential } from '../../tunnel/publish-credential.ts'
import { createFile, replaceFile } from '../../reach/replace-file.ts'

/**
 * `~/.postern`, where the credentials of publishers and of named tunnels are. Throws `SystemError` `home-missing`
 * for a user without a home.
 */
export function credentialDirectory(home: string | undefined = homeDirectory()): string {
  if (home !== undefined) return join(home, '.postern')
  throw new SystemError('home-missing', 'this user has no home directory to keep credentials in', {
    hint: 'set HOME, or name the files with --origincert and --credentials-file',
  })
}

/** Where `postern tunnel login` keeps its credential. */
export function publishCredentialPath(directory: string = credentialDirectory()): string {
  return join(directory, 'cert.pem')
}

/** Where the credential of a named tunnel is kept, by its id. */
export function tunnelCredentialPath(
  id: string,
  directory: string = credentialDirectory(),
): string {
  return join(directory, `${id}.json`)
}

/** Throws `SystemError` `not-logged-in`, `credential-unusable` or `invalid-publish-credential`. */
export async function readPublishCredential(path: string): Promise<PublishCredential> {
  try {
    return decodePublishCredential(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw new SystemError('not-logged-in', `there is no publish credential "${path}"`, {
        hint: 'make one with "postern tunnel login --gateway URL"',
      })
    if (error instanceof SystemError) throw error
    throw unusable(path, error)
  }
}

/** Writes a credential for its owner alone (0600), whole. Throws `SystemError` `credential-unusable`. */
export async function keepCredential(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text)
  } catch (error) {
    throw unusable(path, error)
  }
}

/**
 * The same where there is none; false, and nothing kept, where there is one, such as another sign-in's. Throws
 * `SystemError` `credential-unusable`.
 */
export async function keepNewCredential(path: string, text: string): Promise<boolean> {
  try {
    return await createFile(path, text).catch(() => createInPlace(path, text))
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Where there are no hard links, as on FAT: a reader may see half of it. */
async function createInPlace(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Makes the directory (0700), so that what cannot be kept is known before it is asked for. */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(directory, error)
  }
}

/** Removes the credential of a tunnel that was deleted. */
export async function forgetCredential(path: string): Promise<void> {
  await rm(path, { force: true })
}

function unusable(path: string, error: unknown): SystemError {
  return new SystemError('credential-unusable', `cannot use "${path}": ${messageOf(error)}`, {
    hint: 'check its owner and its permissions',
    cause: error,
  })
}

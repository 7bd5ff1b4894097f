import { randomBytes } from 'node:crypto'
import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { SystemError, messageOf, systemCode } from '../errors.ts'

/** A file (0600) that is ready for a credential, which is known only once and must not be lost. */
export interface CredentialFile {
  /** Puts the text in its place, whole. */
  keep(text: string): Promise<void>
  /** Leaves nothing behind, unless `keep` was called. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a file beside the one wanted before there is anything to write, so that what can go wrong does
 * so first.
 *
 * @throws SystemError `output-unusable`; `output-exists` where one of that name may not be replaced
 */
export async function openCredentialFile(
  path: string,
  mayReplace: boolean,
): Promise<CredentialFile> {
  if (!mayReplace && (await isThere(path))) throw exists(path)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    throw unusable(path, error)
  })
  return {
    async keep(text) {
      try {
        await file.writeFile(text)
        await file.sync()
        if (mayReplace) await rename(draft, path)
        // Unlike a rename, a link never takes the place of another file.
        else await link(draft, path)
      } catch (error) {
        throw systemCode(error) === 'EEXIST' ? exists(path) : unusable(path, error)
      }
    },
    async [Symbol.asyncDispose]() {
      await file.close()
      await rm(draft, { force: true })
    },
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function unusable(path: string, cause: unknown): SystemError {
  return new SystemError('output-unusable', `cannot write "${path}": ${messageOf(cause)}`, {
    cause,
    hint: 'name a file in a directory that this user may write',
  })
}

function exists(path: string): SystemError {
  return new SystemError('output-exists', `"${path}" is there already`, {
    hint: 'name another file, or remove this one',
  })
}

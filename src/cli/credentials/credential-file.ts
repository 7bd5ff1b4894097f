import { randomBytes } from 'node:crypto'
import { link, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { readSmallFile } from '../../reach/small-file.ts'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { parseIdAndSecret } from './id-and-secret.ts'

/** A file (0600) that is ready for a credential, which is known only once and must not be lost. */
export interface CredentialFile {
  /** Puts the text in its place, whole. */
  keep(text: string): Promise<void>
  /** Leaves nothing behind, unless `keep` was called. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a file beside the one wanted before there is anything to write, so that what can go wrong does
 * so first. A file that is there is replaced only if it holds a credential of `replacedId`, or nothing:
 * every other one would be lost by a slip in its name.
 *
 * @throws SystemError `output-unusable`; `output-exists` where one of that name may not be replaced
 */
export async function openCredentialFile(
  path: string,
  replacedId?: string,
): Promise<CredentialFile> {
  const isReplaced = await isThere(path)
  if (isReplaced && !(await mayReplace(path, replacedId))) throw exists(path, replacedId)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    throw unusable(path, error)
  })
  return {
    async keep(text) {
      try {
        await file.writeFile(text)
        await file.sync()
        if (isReplaced) await rename(draft, path)
        // Unlike a rename, a link never takes the place of another file.
        else await link(draft, path)
      } catch (error) {
        throw systemCode(error) === 'EEXIST' ? exists(path, replacedId) : unusable(path, error)
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

async function mayReplace(path: string, id: string | undefined): Promise<boolean> {
  if (id === undefined) return false
  try {
    // Asked first: reading a pipe would wait.
    if (!(await stat(path)).isFile()) return false
    const text = await readSmallFile(path)
    return text.trim() === '' || idOf(text) === id
  } catch {
    return false
  }
}

/** Whose credential a text is; undefined for any other text. */
function idOf(text: string): unknown {
  const [, claims] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text.trim()) ?? []
  if (claims === undefined) return parseIdAndSecret(text)?.id
  const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti?: unknown }
  return jti
}

function unusable(path: string, cause: unknown): SystemError {
  return new SystemError('output-unusable', `cannot write "${path}": ${messageOf(cause)}`, {
    cause,
    hint: 'name a file in a directory that this user may write',
  })
}

function exists(path: string, replacedId: string | undefined): SystemError {
  const other = replacedId === undefined ? '' : ` and holds no credential of "${replacedId}"`
  return new SystemError('output-exists', `"${path}" already exists${other}`, {
    hint: 'name another file, or remove this one',
  })
}

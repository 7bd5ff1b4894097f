import { randomBytes } from 'node:crypto'
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SystemError, messageOf, systemCode } from '../errors.ts'

/** The one place where a gateway keeps what must survive a restart. */
export interface StateDirectory {
  readonly path: string
  /** The database of sessions. */
  readonly storePath: string
  /** Where commands that change a running gateway speak to it. */
  readonly controlSocketPath: string
  /** The directory of audit entries. */
  readonly auditPath: string
  /** The directory of how far each destination of the audit log has come. */
  readonly forwardPath: string
  /** A key of 32 bytes, made at the first call and the same from then on; former ones may stand in the lines behind it. */
  keys(name: 'shared_secret' | 'cookie_secret'): Promise<readonly [Buffer, ...Buffer[]]>
  /** Lets another gateway have the directory. */
  release(): void
}

const keyBytes = 32

/** Names of the files in a state directory. */
export const stateFiles = {
  store: 'postern.db',
  lock: 'gateway.lock',
  controlSocket: 'control.sock',
  audit: 'audit',
  forward: 'audit-forward',
} as const

/**
 * Makes the directory (0700) when it is not there and takes it for this process.
 *
 * @throws SystemError `state-directory-unusable`, or `state-directory-in-use` when a gateway has it
 */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  await makePrivate(path)
  const lock = takeLock(path)
  await removeDrafts(path)
  return {
    path,
    storePath: join(path, stateFiles.store),
    controlSocketPath: join(path, stateFiles.controlSocket),
    auditPath: join(path, stateFiles.audit),
    forwardPath: join(path, stateFiles.forward),
    keys: (name) => readOrMakeKeys(join(path, name)),
    release() {
      held.delete(lock)
      lock.close()
    },
  }
}

async function makePrivate(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    // It may have been there before, open to others; `mkdir` does not change that.
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o700)
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Files of ours count from the moment when they are renamed: what a kill has left of one before that is nothing. */
async function removeDrafts(path: string): Promise<void> {
  const { audit, forward } = stateFiles
  for (const directory of [path, join(path, audit), join(path, forward)]) {
    const names = await readdir(directory).catch(() => [])
    for (const name of names.filter((it) => draftName.test(it)))
      await rm(join(directory, name), { force: true }).catch(() => undefined)
  }
}

const draftName = /^(?:shared_secret|cookie_secret|dropped\.txt|[\w.-]+\.json)\.new$/

function unusable(path: string, cause: unknown): SystemError {
  const reason = reasons[systemCode(cause) ?? ''] ?? messageOf(cause)
  return new SystemError('state-directory-unusable', `"${path}" cannot be used: ${reason}`, {
    cause,
    hint: 'set "state_directory" to a directory this user may write',
  })
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it is not a directory',
  ENOENT: 'it cannot be made',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'it is not a directory',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}

/** Collecting one as garbage would close it, and with it the lock; Bun does so at once where nobody has it. */
const held = new Set<DatabaseSync>()

/**
 * SQLite's own lock on a file that holds nothing: the system gives it back when the process ends,
 * however it ends, so that no stale lock can be left behind.
 */
function takeLock(path: string): DatabaseSync {
  const lock = openLock(path)
  try {
    lock.exec('BEGIN EXCLUSIVE')
    held.add(lock)
    return lock
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw unusable(path, error)
    throw new SystemError('state-directory-in-use', `"${path}" is in use by another gateway`, {
      cause: error,
      hint: 'stop that one, or give this one a "state_directory" of its own',
    })
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(join(path, stateFiles.lock), { timeout: 0 })
  } catch (error) {
    throw unusable(path, error)
  }
}

/** SQLITE_BUSY (https://sqlite.org/rescode.html#busy): whatever else fails is no other gateway. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}

async function readOrMakeKeys(path: string): Promise<readonly [Buffer, ...Buffer[]]> {
  if (await isFree(path)) await makeKey(path)
  const lines = (await readKeyFile(path)).trim().split(/\s*\n\s*/)
  const [first, ...former] = lines.map((line) => Buffer.from(line, 'base64'))
  if (first !== undefined && [first, ...former].every(({ length }) => length === keyBytes))
    return [first, ...former]
  const what = `holds no key of ${keyBytes} bytes, or a line that is none`
  throw new SystemError('state-directory-unusable', `"${path}" ${what}`, {
    hint: 'put it back from a backup, or remove the file: a new key is made, and everybody signs in again',
  })
}

async function isFree(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return false
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true
    throw unusable(path, error)
  }
}

/** Under its name there is never half a key: a gateway that is killed here starts again. Nobody else writes, who has no lock. */
async function makeKey(path: string): Promise<void> {
  const draft = `${path}.new`
  try {
    await rm(draft, { force: true })
    const key = `${randomBytes(keyBytes).toString('base64')}\n`
    await writeFile(draft, key, { mode: 0o600, flag: 'wx', flush: true })
    await rename(draft, path)
  } catch (error) {
    throw unusable(path, error)
  }
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unusable(path, error)
  }
}

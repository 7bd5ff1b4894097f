import { createWriteStream } from 'node:fs'
import {
  copyFile,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SystemError, messageOf, systemCode } from '../errors.ts'
import { inspectDatabase, snapshotDatabase } from '../store/snapshot.ts'
import { stateFiles } from '../store/state-directory.ts'
import { verifyAudit } from '../telemetry/audit/verify/verify-audit.ts'
import { version } from '../version.ts'
import { digestOf, manifestName, type Manifest } from './manifest.ts'
import { isOfAnother, openOwn } from './own-files.ts'
import { directories, filesBelow, keyFiles } from './state-parts.ts'

export interface BackupOptions {
  readonly stateDirectory: string
  /** A directory that is not there yet. */
  readonly to: string
  readonly nowMs: number
}

export interface BackupReport {
  readonly files: number
  readonly bytes: number
  readonly sessions: number
  /** What the copied audit log is not true in; it is copied as it is. */
  readonly auditFaults: number
}

/**
 * Copies a gateway's state while it runs: the database as of one moment, and then the audit log, which is at least as new.
 * The copy is checked before it has its name; nothing is left of one that fails.
 *
 * @throws SystemError `backup-exists`, `backup-failed`, `no-state`; `database-unusable`
 */
export async function makeBackup({
  stateDirectory,
  to,
  nowMs,
}: BackupOptions): Promise<BackupReport> {
  await requireState(stateDirectory)
  await requireFree(to)
  const draft = `${resolve(to)}.part`
  try {
    await rm(draft, { recursive: true, force: true })
    await mkdir(dirname(draft), { recursive: true })
    await mkdir(draft, { mode: 0o700 })
    await refuseLinks(stateDirectory)
    snapshotDatabase(join(stateDirectory, stateFiles.store), join(draft, stateFiles.store))
    for (const directory of directories) await copyDirectory(stateDirectory, draft, directory)
    for (const name of keyFiles) await copyIfThere(stateDirectory, draft, name)
    const { damage, sessions } = inspectDatabase(join(draft, stateFiles.store))
    if (damage.length > 0) throw new Error(`the database is damaged: ${damage[0]}`)
    const auditFaults = await countAuditFaults(join(draft, stateFiles.audit))
    const files = await digestAll(draft)
    const made: Manifest = {
      format: 1,
      version,
      made_at: new Date(nowMs).toISOString(),
      files,
    }
    await writeFile(join(draft, manifestName), `${JSON.stringify(made, undefined, 2)}\n`, {
      mode: 0o600,
      flush: true,
    })
    await rename(draft, to)
    await syncDirectory(dirname(resolve(to)))
    const all = Object.values(files)
    return {
      files: all.length,
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      sessions,
      auditFaults,
    }
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined)
    if (error instanceof SystemError) throw error
    throw new SystemError('backup-failed', `no backup was made: ${messageOf(error)}`, {
      cause: error,
      hint: "run it as the gateway's own user, into a directory with enough space",
    })
  }
}

async function requireState(directory: string): Promise<void> {
  const database = join(directory, stateFiles.store)
  if (
    await stat(database).then(
      () => true,
      () => false,
    )
  )
    return
  throw new SystemError('no-state', `there is no gateway's state in "${directory}"`, {
    hint: 'name the configuration with "-c", or the directory with "--state-directory"',
  })
}

async function requireFree(to: string): Promise<void> {
  const isThere = await stat(to).then(
    () => true,
    () => false,
  )
  if (!isThere || (await readdir(to).catch(() => ['?'])).length === 0) return
  throw new SystemError('backup-exists', `"${to}" is there already`, {
    hint: 'each backup has a directory of its own',
  })
}

/** Retention may take a file away between the list and the copy. */
async function copyDirectory(from: string, to: string, directory: string): Promise<void> {
  for (const path of await filesBelow(from, directory)) {
    await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 })
    await copyIfThere(from, to, path)
    if (directory === stateFiles.audit) await cutToLines(join(to, path))
  }
}

async function copyIfThere(from: string, to: string, path: string): Promise<void> {
  const source = join(from, path)
  try {
    if (!(await isOfAnother(from))) return await copyFile(source, join(to, path))
    await using file = await openOwn(from, source)
    const target = createWriteStream(join(to, path), { mode: 0o600 })
    await pipeline(file.createReadStream({ autoClose: false }), target)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

/**
 * What root copies comes back as a file of the gateway's own user: a link of that user's must not lead it to what only root
 * may read.
 */
async function refuseLinks(stateDirectory: string): Promise<void> {
  if (!(await isOfAnother(stateDirectory))) return
  for (const name of [stateFiles.store, ...directories]) {
    try {
      await using _own = await openOwn(stateDirectory, join(stateDirectory, name))
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
    }
  }
}

/** @limit none: bytes of the end of an audit file that are looked at for the end of its last line */
const maxLineBytes = 1024 * 1024

/** A line that is being written is none yet. */
async function cutToLines(path: string): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return
  try {
    const { size } = await file.stat()
    const length = Math.min(size, maxLineBytes)
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const end = buffer.lastIndexOf(0x0a)
    if (end >= 0 && end < length - 1) await truncate(path, size - length + end + 1)
  } finally {
    await file.close()
  }
}

async function countAuditFaults(directory: string): Promise<number> {
  const isThere = await stat(directory).then(
    () => true,
    () => false,
  )
  if (!isThere || (await readdir(directory)).length === 0) return 0
  const { faults } = await verifyAudit({ paths: [directory], checkpoints: [], keys: [] })
  return faults.length
}

async function digestAll(directory: string): Promise<Manifest['files']> {
  const below = await Promise.all(directories.map((name) => filesBelow(directory, name)))
  const own = (await readdir(directory, { withFileTypes: true })).filter((it) => it.isFile())
  const files: Record<string, Manifest['files'][string]> = {}
  for (const path of [...own.map(({ name }) => name), ...below.flat()])
    files[path] = await digestOf(join(directory, path))
  return files
}

/** So that the name is there after a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined)
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}

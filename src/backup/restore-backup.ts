import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SystemError, messageOf } from '../errors.ts'
import { recordOffline } from '../control/record-offline.ts'
import { endSessions, inspectDatabase } from '../store/snapshot.ts'
import { openStateDirectory, stateFiles } from '../store/state-directory.ts'
import { digestOf, readManifest, unusable, type Manifest } from './manifest.ts'
import { giveToOwner } from './own-files.ts'
import { stateParts } from './state-parts.ts'

export interface RestoreOptions {
  /** The backup. */
  readonly from: string
  readonly stateDirectory: string
  /** Whether people stay signed in as they were then: also those whose session was ended since. */
  readonly keepsSessions: boolean
  readonly nowMs: number
}

export interface RestoreReport {
  readonly madeAt: string
  readonly version: string
  readonly files: number
  /** Sessions of the backup: they have ended, unless they are kept. */
  readonly sessions: number
  /** Where the state lies that was there before; undefined where there was none. */
  readonly former: string | undefined
  /** Where those lie that earlier calls have moved aside. */
  readonly older: readonly string[]
  /** Whether the audit log tells of it. */
  readonly isRecorded: boolean
}

/**
 * Looks whether a backup is whole, and fit for this release.
 *
 * @throws SystemError `backup-unusable`, `database-too-new`
 */
export async function checkBackup(from: string): Promise<Manifest & { readonly sessions: number }> {
  const manifest = await readManifest(from)
  for (const [path, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const found = await digestOf(join(from, path)).catch((error: unknown) => {
      throw unusable(from, `"${path}" cannot be read`, error)
    })
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw unusable(from, `"${path}" is not what was copied`)
  }
  if (manifest.files[stateFiles.store] === undefined) throw unusable(from, 'it has no database')
  const { damage, isTooNew, sessions } = inspectDatabase(join(from, stateFiles.store))
  if (damage[0] !== undefined) throw unusable(from, `the database is damaged: ${damage[0]}`)
  if (!isTooNew) return { ...manifest, sessions }
  throw new SystemError(
    'database-too-new',
    `"${from}" was made by a later release, ${manifest.version}`,
    {
      hint: 'restore it with that release',
    },
  )
}

/**
 * Puts a backup in the place of a state that no gateway uses. What was there is moved aside, and never removed: nobody else
 * has the audit records since the backup, and a second call, because the first was of the wrong backup, must not cost the
 * state before both. Sessions end, unless they are to be kept: which of them were ended since the backup, nobody knows.
 * Where the whole of it cannot be copied, nothing is changed, and no part of a copy is left.
 *
 * @throws SystemError as `checkBackup`; `state-directory-in-use` while a gateway runs; `restore-failed`
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { from, stateDirectory, keepsSessions, nowMs } = options
  const manifest = await checkBackup(from)
  const state = await openStateDirectory(stateDirectory)
  const staged = join(stateDirectory, 'restore.part')
  let isStaged = false
  try {
    await rm(staged, { recursive: true, force: true })
    await stage(from, staged, manifest)
    if (!keepsSessions) endSessions(join(staged, stateFiles.store))
    isStaged = true
    const older = await formerStates(stateDirectory)
    const former = await moveAside(stateDirectory, nowMs)
    for (const name of await readdir(staged))
      await rename(join(staged, name), join(stateDirectory, name))
    await rm(staged, { recursive: true, force: true })
    await giveToOwner(stateDirectory)
    const isRecorded = await recordOffline(state.auditPath, 'state restored from a backup', {
      'made-at': manifest.made_at,
      sessions: keepsSessions ? 'kept' : 'ended',
    })
    await giveToOwner(stateDirectory)
    return {
      madeAt: manifest.made_at,
      version: manifest.version,
      files: Object.keys(manifest.files).length,
      sessions: manifest.sessions,
      former,
      older,
      isRecorded,
    }
  } catch (error) {
    await rm(staged, { recursive: true, force: true }).catch(() => undefined)
    if (error instanceof SystemError) throw error
    throw new SystemError('restore-failed', `the backup was not restored: ${messageOf(error)}`, {
      cause: error,
      hint: isStaged
        ? `the state of before is in "${stateDirectory}", or in its newest "${formerPrefix}…"`
        : "nothing was changed: run it as the gateway's own user, with room for the backup beside the state that is there",
    })
  } finally {
    state.release()
  }
}

async function stage(from: string, staged: string, { files }: Manifest): Promise<void> {
  await mkdir(staged, { mode: 0o700 })
  for (const path of Object.keys(files)) {
    await mkdir(dirname(join(staged, path)), { recursive: true, mode: 0o700 })
    await copyFile(join(from, path), join(staged, path))
  }
}

/** The files that SQLite keeps beside a database belong to the one that was there. */
const beside = [`${stateFiles.store}-wal`, `${stateFiles.store}-shm`]

const formerPrefix = 'before-restore-'

/** What was moved aside before, oldest first. */
async function formerStates(directory: string): Promise<readonly string[]> {
  const there = await readdir(directory)
  return there
    .filter((name) => name.startsWith(formerPrefix))
    .toSorted()
    .map((name) => join(directory, name))
}

async function moveAside(directory: string, nowMs: number): Promise<string | undefined> {
  const there = new Set(await readdir(directory))
  const parts = [...stateParts, ...beside].filter((name) => there.has(name))
  if (parts.length === 0) return undefined
  const stamp = new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')
  const former = join(directory, formerPrefix + stamp)
  await mkdir(former, { mode: 0o700 })
  for (const name of parts) await rename(join(directory, name), join(former, name))
  return former
}

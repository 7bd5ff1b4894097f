import { basename } from 'node:path'
import { makeBackup } from '../../backup/make-backup.ts'
import { checkBackup, restoreBackup } from '../../backup/restore-backup.ts'
import { sayTime } from '../../say-time.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import type { BackupOptions, RestoreOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

/** Copies the state of a gateway, running or not; resolves to the exit code. */
export async function backupCommand(
  given: string | undefined,
  options: BackupOptions,
): Promise<number> {
  const nowMs = Date.now()
  const to = given ?? `postern-backup-${stampOf(nowMs)}`
  const stateDirectory = await findStateDirectory(options)
  const report = await makeBackup({ stateDirectory, to, nowMs })
  const { files, bytes, sessions, auditFaults } = report
  if (options.json) printJson({ backup: to, files, bytes, sessions, audit_faults: auditFaults })
  else printLine(to)
  note(
    `copied and checked: ${count(files, 'file')}, ${sizeOf(bytes)}, ${count(sessions, 'session')}`,
  )
  if (auditFaults > 0)
    note(
      `warning: the audit log has ${count(auditFaults, 'fault')}, as "postern audit verify" tells`,
    )
  note('guard it as the state itself: it has the keys that sign-ins and connectors rest on')
  return exitCodes.ok
}

/** Puts a backup in the place of a state, or only looks at it; resolves to the exit code. */
export async function restoreCommand(from: string, options: RestoreOptions): Promise<number> {
  if (options.check) {
    const { made_at: madeAt, version, files, sessions } = await checkBackup(from)
    if (options.json)
      printJson({ made_at: madeAt, version, files: Object.keys(files).length, sessions })
    note(
      `"${from}" is whole: of ${sayTime(madeAt)}, by Postern ${version}, ${count(sessions, 'session')}`,
    )
    return exitCodes.ok
  }
  const stateDirectory = await findStateDirectory(options)
  const keepsSessions = options.keepSessions ?? false
  const report = await restoreBackup({ from, stateDirectory, keepsSessions, nowMs: Date.now() })
  const { madeAt, former, older, sessions, isRecorded } = report
  if (options.json)
    printJson({
      made_at: madeAt,
      state_directory: stateDirectory,
      former: former ?? null,
      older,
      sessions,
    })
  else printLine(stateDirectory)
  note(`restored what was there at ${sayTime(madeAt)}`)
  if (former !== undefined)
    note(
      `what was there before is in "${former}": it is yours to remove, once nothing of it is wanted`,
    )
  if (older.length > 0) {
    const are = older.length === 1 ? '1 older one is' : `${older.length} older ones are`
    note(`${are} beside it: ${older.map((path) => JSON.stringify(basename(path))).join(', ')}`)
  }
  if (keepsSessions)
    note(`${count(sessions, 'session')} as they were then, also those that were ended since`)
  else note(`ended ${count(sessions, 'session')}: people sign in again`)
  note(
    'what was changed since is as it was: look at "postern service-account list", "postern gateway blocks list" and stored routes',
  )
  if (!isRecorded) note('warning: the audit log could not be written, and does not tell of it')
  return exitCodes.ok
}

function stampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

function sizeOf(bytes: number): string {
  const kib = bytes / 1024
  return kib < 1024 ? `${Math.ceil(kib)} KiB` : `${(kib / 1024).toFixed(1)} MiB`
}

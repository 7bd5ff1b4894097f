import { rmdirSync } from 'node:fs'
import { createDaemonClient } from '../../desktop/api/ask-daemon.ts'
import { notOurs, ownerOf, putOwnFile, removeOwnFile } from '../../desktop/shortcuts/own-file.ts'
import { SystemError } from '../../errors.ts'
import { environment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { lastingProgram } from '../process/own-program.ts'
import { note, printText } from '../speech/print.ts'
import {
  fileOfStart,
  planInstall,
  requireStartable,
  type InstallPlan,
  type SessionStart,
} from './install-plan.ts'
import { entryPlaces } from './entry-places.ts'
import { desktopPlaces } from './places.ts'
import { isThere } from './start-daemon.ts'
import { beginWithSession, endWithSession, forgetStart, whenItStarts } from './session-start.ts'

/** The options of `postern desktop install` and `uninstall` as they were given. */
export interface InstallOptions {
  readonly autostart?: boolean
  readonly print?: boolean
  readonly dryRun?: boolean
}

/**
 * Writes what starts Postern Desktop for this user; resolves to the exit code. Files of somebody else are found before
 * anything is written.
 *
 * @throws SystemError
 */
export async function installDesktop(options: InstallOptions): Promise<number> {
  const { autostart = true } = options
  const plan = planInstall(entryPlaces(), { program: lastingProgram(), autostart })
  if (options.print === true) {
    printText(plan.files.map(({ path, text }) => `${path}:\n\n${text}\n`).join(''))
    if (plan.start?.kind === 'windows') printText(`${plan.start.line}\n`)
    return exitCodes.ok
  }
  requireStartable(plan.start)
  for (const { path } of plan.files) if (ownerOf(path) === 'somebody') throw notOurs(path)
  if (options.dryRun === true) {
    for (const { path } of plan.files) note(`would write "${path}"`)
    if (plan.start !== undefined) note(`would start the daemon ${whenItStarts(plan.start)}`)
    return exitCodes.ok
  }
  requireOwnSession()
  for (const { path, text, mode } of plan.files) {
    const isChanged = putOwnFile(path, text, mode)
    note(isChanged ? `wrote "${path}"` : `"${path}" is as it should be`)
  }
  await sayStart(plan.start)
  return exitCodes.ok
}

/** Stops the daemon and removes what was written, and nothing else; resolves to the exit code. */
export async function uninstallDesktop(options: InstallOptions): Promise<number> {
  const plan = wholePlan()
  const ours = plan.files.filter(({ path }) => ownerOf(path) === 'us')
  if (options.dryRun === true) {
    for (const { path } of ours) note(`would remove "${path}"`)
    return exitCodes.ok
  }
  requireOwnSession()
  await removeStart(plan.start)
  for (const { path } of ours) if (removeOwnFile(path)) note(`removed "${path}"`)
  removeFolders(plan)
  if (ours.length === 0) note('nothing was installed for this user')
  else await stopDaemon()
  return exitCodes.ok
}

/** One that the session has not started, or that Windows has. */
async function stopDaemon(): Promise<void> {
  const client = createDaemonClient(desktopPlaces().socket)
  if (!(await isThere(client))) return
  const { pid } = await client.ask('POST /quit')
  note(`the daemon (process ${pid}) ends`)
}

/** What an installation may have written, whatever it was told; the texts do not matter. */
function wholePlan(): InstallPlan {
  return planInstall(entryPlaces(), { program: [process.execPath], autostart: true })
}

async function removeStart(start: SessionStart | undefined): Promise<void> {
  const path = fileOfStart(start)
  if (start === undefined || (path !== undefined && ownerOf(path) !== 'us')) return
  await endWithSession(start)
  if (path !== undefined && removeOwnFile(path)) note(`removed "${path}"`)
  await forgetStart(start)
}

async function sayStart(start: SessionStart | undefined): Promise<void> {
  if (start === undefined) {
    await removeStart(wholePlan().start)
    note('the daemon starts when it is needed: "postern desktop" opens the window')
    return
  }
  const isRunning = await isThere(createDaemonClient(desktopPlaces().socket)).catch(() => true)
  const instead = await beginWithSession(start)
  if (instead !== undefined) {
    note(`warning: nothing here starts it with the session: let your session run "${instead}"`)
  } else if (isRunning) {
    note('the daemon starts with each session; the one that runs goes on as it is')
  } else note(`the daemon starts ${whenItStarts(start)}`)
}

/** Empty ones: what somebody has put there stays. */
function removeFolders({ folders }: InstallPlan): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder)
    } catch {
      return
    }
  }
}

/** With sudo, files in a person's home would be root's, and what starts would be too. */
function requireOwnSession(): void {
  if (process.getuid?.() !== 0 || environment['SUDO_UID'] === undefined) return
  throw new SystemError(
    'not-for-root',
    'this is for the person who sits at the desktop, not for root',
    {
      hint: 'run it without "sudo"',
    },
  )
}

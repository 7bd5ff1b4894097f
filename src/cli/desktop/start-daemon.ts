import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createDaemonClient, type DaemonClient } from '../../desktop/api/ask-daemon.ts'
import { AppError, SystemError, messageOf } from '../../errors.ts'
import { ownProgram } from '../process/own-program.ts'
import { desktopPlaces, makeDirectory, type DesktopPlaces } from './places.ts'

/** @limit none: time for the daemon to be ready after it was started; an error that shows what it said */
const readyMs = 20_000
const pollMs = 50
/**
 * Size from which the daemon's log begins anew at its start, in bytes; the one before is kept as `.1`.
 *
 * @limit log of the daemon in the background: it begins anew at the next start, and one old log is kept
 */
const maxLogBytes = 1024 * 1024
/** @limit none: what is shown of the log of a daemon that did not start */
const shownLines = 5

/** The daemon that runs, or one that is started now in the background and ends by itself when nobody needs it. */
export async function runningDaemon(browserCmd?: string): Promise<DaemonClient> {
  const places = desktopPlaces()
  const client = createDaemonClient(places.socket)
  if (await isThere(client)) return client
  const options = browserCmd === undefined ? [] : ['--browser-cmd', browserCmd]
  await start(['up', '--daemon', ...options], places, client)
  return client
}

/** Whether a daemon answers. */
export async function isThere(client: DaemonClient): Promise<boolean> {
  try {
    await client.ask('GET /state')
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'daemon-not-running') return false
    throw error
  }
}

async function start(
  args: readonly string[],
  places: DesktopPlaces,
  client: DaemonClient,
): Promise<void> {
  makeDirectory(places)
  rotate(places.log)
  const log = openSync(places.log, 'a', 0o600)
  const sizeBefore = statSync(places.log).size
  const [program = '', ...own] = ownProgram()
  let ended: string | undefined
  try {
    const child = spawn(program, [...own, ...args], {
      // Of its own session: neither the terminal's end nor its Ctrl-C is its end.
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      windowsHide: true,
    })
    child.once('error', (error) => (ended = messageOf(error)))
    child.once('exit', (code, signal) => (ended ??= signal ?? `exit code ${code}`))
    child.unref()
  } finally {
    closeSync(log)
  }
  for (let waitedMs = 0; waitedMs < readyMs; waitedMs += pollMs) {
    await pause(pollMs)
    if (await isThere(client)) return
    if (ended !== undefined) break
  }
  throw new SystemError(
    'daemon-not-started',
    `the daemon did not start: ${ended ?? 'it is silent'}`,
    {
      hint: lastLines(places.log, sizeBefore) || `see "${places.log}"`,
    },
  )
}

function rotate(path: string): void {
  try {
    if (statSync(path).size > maxLogBytes) renameSync(path, `${path}.1`)
  } catch {
    // There is none yet.
  }
}

function lastLines(path: string, from: number): string {
  try {
    const lines = readFileSync(path).subarray(from).toString().trim().split('\n')
    return lines.slice(-shownLines).map(messageIn).join('; ')
  } catch {
    return ''
  }
}

function messageIn(line: string): string {
  try {
    const value: unknown = JSON.parse(line)
    const message: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, 'message') : undefined
    return typeof message === 'string' ? message : line
  } catch {
    return line
  }
}

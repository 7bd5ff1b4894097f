import { readFile } from 'node:fs/promises'
import { createDaemonClient } from '../../desktop/api/ask-daemon.ts'
import type { ConnectionView, LogEntry } from '../../desktop/wire/view.ts'
import { SystemError, messageOf } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { cleanLine } from '../../terminal-text.ts'
import { untilEndSignal } from '../process/signals.ts'
import { printJsonLine, printRecord } from '../speech/print.ts'
import { saySecond } from '../../say-time.ts'
import { namedOf } from './named.ts'
import { desktopPlaces } from './places.ts'

/** The options of `postern logs` as they were given. */
export interface LogsOptions {
  readonly follow?: true
  readonly json?: true
  readonly daemon?: true
}

/** Runs `postern logs`; resolves to the exit code. */
export async function runLogs(names: readonly string[], options: LogsOptions): Promise<number> {
  const places = desktopPlaces()
  if (options.daemon === true) return printFile(places.log)
  const client = createDaemonClient(places.socket)
  const { connections } = await client.ask('GET /state')
  const known = new Map(connections.map((view) => [view.id, view]))
  const meant = new Set(namedOf(names, connections).map(({ id }) => id))
  const print = (entry: LogEntry): boolean =>
    !meant.has(entry.connection) && names.length > 0 ? true : printEntry(entry, known, options)

  if (options.follow !== true) {
    const { entries } = await client.ask('GET /log')
    for (const entry of entries) if (!print(entry)) break
    return exitCodes.ok
  }
  let last = 0
  const done = await untilEndSignal(async (signal) => {
    for await (const event of client.follow(signal)) {
      if (event.kind === 'state') {
        for (const view of event.state.connections) known.set(view.id, view)
        // What happened before, and what was left out of the events meanwhile.
        const { entries } = await client.ask('GET /log')
        for (const entry of entries.filter(({ number }) => number > last)) {
          last = entry.number
          if (!print(entry)) return {}
        }
      }
      if (event.kind === 'changed') for (const view of event.connections) known.set(view.id, view)
      if (event.kind !== 'log') continue
      for (const entry of event.entries.filter(({ number }) => number > last)) {
        last = entry.number
        if (!print(entry)) return {}
      }
    }
    return {}
  })
  return typeof done === 'number' ? done : exitCodes.ok
}

function printEntry(
  entry: LogEntry,
  known: ReadonlyMap<string, ConnectionView>,
  { json }: LogsOptions,
): boolean {
  const name = known.get(entry.connection)?.settings.name ?? entry.connection
  if (json === true) return printJsonLine({ ...entry, name })
  const { at, level, message, hint } = entry
  const label = { info: 'INF', warn: 'WRN', error: 'ERR' }[level]
  const said = hint === undefined ? message : `${message} (${hint})`
  return printRecord(cleanLine(`${saySecond(at)} ${label} ${name}: ${said}`))
}

async function printFile(path: string): Promise<number> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new SystemError('log-unreadable', `cannot read "${path}": ${messageOf(error)}`, {
      hint: 'it is there once "postern up" has started the daemon in the background',
    })
  }
  for (const line of text.split('\n')) if (line !== '' && !printRecord(line)) break
  return exitCodes.ok
}

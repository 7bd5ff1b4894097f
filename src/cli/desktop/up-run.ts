import { dirname, resolve } from 'node:path'
import { createDaemonClient, type DaemonClient } from '../../desktop/api/ask-daemon.ts'
import type { Which } from '../../desktop/wire/calls.ts'
import type { ConnectionView } from '../../desktop/wire/view.ts'
import { AppError, SystemError } from '../../errors.ts'
import type { ConnectionSettings } from '../../desktop/wire/connection.ts'
import { createFiles } from '../../files.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { processVoice } from '../speech/voice.ts'
import { runDaemon } from './daemon-run.ts'
import { namedOf } from './named.ts'
import { openProxy } from './open-proxy.ts'
import { desktopPlaces } from './places.ts'
import { runningDaemon } from './start-daemon.ts'
import { printConnections, sayNotices, toJson } from './status-run.ts'

/** The options of `postern up` as they were given. */
export interface UpOptions {
  readonly file?: string
  readonly tag?: string
  readonly foreground?: true
  readonly daemon?: true
  readonly proxy?: string
  readonly proxyGateway?: string
  readonly browserCmd?: string
  readonly json?: true
  readonly logFormat: 'human' | 'json'
}

/** Runs `postern up`; resolves to the exit code. */
export async function runUp(names: readonly string[], options: UpOptions): Promise<number> {
  if (options.daemon === true) return serve(names, options, true)
  if (options.foreground === true) return serve(names, options, false)
  const client = await runningDaemon(options.browserCmd)
  if (options.proxy === undefined) return bringUp(client, names, options)
  const code = areNamed(names, options) ? await bringUp(client, names, options) : exitCodes.ok
  await openProxy(client, options.proxy, options)
  return code
}

function areNamed(names: readonly string[], { file, tag }: UpOptions): boolean {
  return names.length > 0 || file !== undefined || tag !== undefined
}

/** The daemon itself; one that starts with the session leaves its work to another that runs already. */
async function serve(
  names: readonly string[],
  options: UpOptions,
  isOnDemand: boolean,
): Promise<number> {
  const voice = processVoice({
    format: isOnDemand ? 'json' : options.logFormat,
    level: 'info',
    component: { human: 'desktop', json: 'desktop' },
  })
  const isAsked = areNamed(names, options)
  const isLaunch = !isAsked && !isOnDemand
  const started = { browserCmd: options.browserCmd, isLaunch, isOnDemand }
  const client = createDaemonClient(desktopPlaces().socket)
  try {
    return await runDaemon(started, voice, async () => {
      if (isAsked) await bringUp(client, names, options)
      if (options.proxy !== undefined) await openProxy(client, options.proxy, options)
    })
  } catch (error) {
    const isSecond = error instanceof AppError && error.code === 'daemon-runs'
    if (!isSecond || !isLaunch || options.proxy !== undefined) throw error
    const { pid } = await client.ask('POST /launch')
    voice.info('a daemon of yours runs already: it stays, and brings up what starts at launch', {
      pid,
    })
    return exitCodes.ok
  }
}

async function bringUp(
  client: DaemonClient,
  names: readonly string[],
  options: UpOptions,
): Promise<number> {
  const which = await whichOf(client, names, options)
  const { connections } = await client.ask('POST /up', which)
  if (connections.length === 0) {
    sayNotices(await client.ask('GET /state'))
    return nothingThere(options)
  }
  if (options.json === true) printJson({ connections: connections.map(toJson) })
  else printConnections(connections)
  const failed = connections.filter(({ state }) => isNotUp(state))
  for (const { settings, trouble } of failed) {
    note(`${settings.name}: ${trouble?.message ?? 'it is not up'}`)
    if (trouble?.hint !== undefined) note(`  hint: ${trouble.hint}`)
  }
  return failed.length === 0 ? exitCodes.ok : exitCodes.system
}

function isNotUp(state: ConnectionView['state']): boolean {
  return state === 'not-listening' || state === 'failed' || state === 'unsupported'
}

/** Of a file its own, however they are named elsewhere. */
async function whichOf(
  client: DaemonClient,
  names: readonly string[],
  { file, tag }: UpOptions,
): Promise<Which> {
  const tagged = tag === undefined ? {} : { tag }
  if (file === undefined) return { ...(names.length > 0 && { connections: [...names] }), ...tagged }
  const connections = await readTeamFile(file)
  const { connections: taken } = await client.ask('POST /files', {
    path: resolve(file),
    connections: [...connections],
  })
  const meant = namedOf(names, taken, file)
  return { connections: meant.map(({ id }) => id), ...tagged }
}

async function readTeamFile(file: string): Promise<readonly ConnectionSettings[]> {
  const path = resolve(file)
  const read = await createFiles(dirname(path)).read(path)
  if (!read.ok) throw new SystemError('connections-unreadable', read.message)
  const { parseTeamFile } = await import('../../desktop/connections/exchange/team-file.ts')
  const { connections, unknownFields } = await parseTeamFile(path, read.text, file)
  for (const field of unknownFields) note(`"${file}": nobody knows ${field}: it is left out`)
  return connections
}

function nothingThere({ file, tag, json }: UpOptions): number {
  if (json === true) printJson({ connections: [] })
  else if (file !== undefined || tag !== undefined) note('no connection is meant by that')
  else {
    note('no connection is saved yet')
    note(
      '  hint: add one in the window, "postern desktop", or give a file, "postern up -f team.yaml"',
    )
  }
  return exitCodes.usage
}

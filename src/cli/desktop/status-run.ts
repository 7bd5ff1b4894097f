import { createDaemonClient } from '../../desktop/api/ask-daemon.ts'
import { sayState } from '../../desktop/running/say-state.ts'
import type { ConnectionView, DaemonView, GatewayView } from '../../desktop/wire/view.ts'
import { AppError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import { untilEndSignal } from '../process/signals.ts'
import { processVoice } from '../speech/voice.ts'
import { knownToJson, lookAtKnown, printKnown, type KnownStatus } from './known-status.ts'
import { namedOf } from './named.ts'
import { printTunnels } from './open-tunnels.ts'
import { desktopPlaces } from './places.ts'

/**
 * Runs `postern status`; resolves to the exit code. With names it is about these connections alone.
 *
 * @throws AppError for what is wrong on this machine
 */
export async function runStatus(
  names: readonly string[],
  { json }: { readonly json?: true },
): Promise<number> {
  const component = { human: 'status', json: 'status' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const found = await untilEndSignal(async (signal) => {
    const [view, known] = await Promise.all([
      stateOrNone(),
      names.length === 0 ? lookAtKnown(voice, signal) : [],
    ])
    return { view, known }
  })
  if (typeof found === 'number') return found
  const { view, known } = found
  const isNothing = view === undefined && known.length === 0 && names.length === 0
  if (json === true) printJson(allToJson(names, view, known))
  else if (isNothing) {
    note('no gateway is remembered, and nothing is up')
    note('  hint: sign in to one: "postern login https://gateway.example.com"')
  } else sayAll(names, view, known)
  return isNothing ? exitCodes.usage : exitCodes.ok
}

function allToJson(
  names: readonly string[],
  view: DaemonView | undefined,
  known: readonly KnownStatus[],
): object {
  const known_gateways = known.map(knownToJson)
  if (view === undefined) {
    return { running: false, connections: [], gateways: [], proxies: [], known_gateways }
  }
  return {
    running: true,
    pid: view.pid,
    version: view.version,
    connections: namedOf(names, view.connections).map(toJson),
    gateways: view.gateways,
    proxies: view.proxies,
    known_gateways,
  }
}

function sayAll(
  names: readonly string[],
  view: DaemonView | undefined,
  known: readonly KnownStatus[],
): void {
  const connections = view && namedOf(names, view.connections)
  if (known.length > 0) {
    printKnown(known)
    printTunnels(known, view)
  }
  if (view === undefined || connections === undefined) {
    note('nothing is up: the daemon does not run')
    note('  hint: "postern up" starts it')
    return
  }
  sayNotices(view)
  if (connections.length === 0) note('no connection is saved yet: add one with "postern desktop"')
  else printConnections(connections)
  const isKnown = new Set(known.map(({ origin }) => origin))
  for (const gateway of view.gateways) if (!isKnown.has(gateway.origin)) note(sayGateway(gateway))
  for (const { address, gateway, tunnels } of view.proxies) {
    note(
      `local proxy on ${address} to ${gateway}: ${tunnels} ${tunnels === 1 ? 'tunnel' : 'tunnels'}`,
    )
  }
}

async function stateOrNone(): Promise<DaemonView | undefined> {
  try {
    return await createDaemonClient(desktopPlaces().socket).ask('POST /look')
  } catch (error) {
    if (error instanceof AppError && error.code === 'daemon-not-running') return undefined
    throw error
  }
}

/** Says what a person should know besides, such as that a damaged file was set aside. */
export function sayNotices({ notices }: DaemonView): void {
  for (const { message, hint } of notices) {
    note(message)
    if (hint !== undefined) note(`  hint: ${hint}`)
  }
}

/** Prints connections as a table. */
export function printConnections(connections: readonly ConnectionView[]): void {
  printTable([
    ['NAME', 'ADDRESS', 'TUNNELS', 'UP', 'DOWN', 'STATE'],
    ...connections.map((view) => [
      view.settings.name,
      view.address,
      String(view.tunnels),
      String(view.bytes.up),
      String(view.bytes.down),
      sayState(view),
    ]),
  ])
}

/** A connection for scripts. */
export function toJson(view: ConnectionView): object {
  const { id, settings, state, address, tunnels, bytes, trouble, gateway, authority } = view
  return {
    id,
    name: settings.name,
    tags: settings.tags,
    destination: authority ?? settings.destination,
    gateway,
    state,
    is_up: view.is_up,
    address,
    tunnels,
    bytes_up: bytes.up,
    bytes_down: bytes.down,
    last_error: trouble,
    file: view.file,
  }
}

function sayGateway({
  origin,
  reach,
  session,
  person,
  session_ends_at: ends,
  trouble,
}: GatewayView): string {
  if (reach === 'unreachable') return `${origin}: ${trouble?.message ?? 'cannot be reached'}`
  if (session === 'wanted')
    return `${origin}: sign-in needed: let a program connect, or run "postern login ${origin}"`
  if (session === 'signed-in') {
    const until = ends === undefined ? '' : ` until ${sayTime(ends)}`
    return `${origin}: signed in${person ? ` as ${person}` : ''}${until}`
  }
  return `${origin}: not asked yet`
}

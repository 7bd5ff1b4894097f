import { createDaemonClient } from '../../desktop/api/ask-daemon.ts'
import { sayState } from '../../desktop/running/say-state.ts'
import type { ConnectionView, DaemonView, GatewayView } from '../../desktop/wire/view.ts'
import { AppError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { sayTime } from '../speech/say-time.ts'
import { printTable } from '../speech/table.ts'
import { namedOf } from './named.ts'
import { desktopPlaces } from './places.ts'

/** Runs `postern status`; resolves to the exit code. */
export async function runStatus(
  names: readonly string[],
  { json }: { readonly json?: true },
): Promise<number> {
  const view = await stateOrNone()
  if (view === undefined) {
    if (json === true) printJson({ running: false, connections: [], gateways: [], proxies: [] })
    else {
      note('nothing is up: the daemon does not run')
      note('  hint: "postern up" starts it')
    }
    return exitCodes.ok
  }
  const connections = namedOf(names, view.connections)
  const { gateways } = view
  if (json === true) {
    printJson({
      running: true,
      pid: view.pid,
      version: view.version,
      connections: connections.map(toJson),
      gateways,
      proxies: view.proxies,
    })
    return exitCodes.ok
  }
  sayNotices(view)
  if (connections.length === 0) note('no connection is saved yet: add one with "postern desktop"')
  else printConnections(connections)
  for (const gateway of gateways) note(sayGateway(gateway))
  for (const { address, gateway, tunnels } of view.proxies) {
    note(
      `local proxy on ${address} to ${gateway}: ${tunnels} ${tunnels === 1 ? 'tunnel' : 'tunnels'}`,
    )
  }
  return exitCodes.ok
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

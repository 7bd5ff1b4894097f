import { createControlClient } from '../../control/client.ts'
import type { TunnelsToCut, TunnelSummary } from '../../control/protocol.ts'
import { SystemError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import { tunnelRows } from '../speech/tunnel-rows.ts'
import type { StateOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

export interface TunnelsOptions extends StateOptions {
  readonly json?: boolean
  readonly user?: string
  readonly route?: string
}

/** Prints the tunnels that are open; resolves to the exit code. */
export async function listTunnels(options: TunnelsOptions): Promise<number> {
  const { json, user, route } = options
  const all = await createControlClient(await findStateDirectory(options)).listTunnels()
  const tunnels = all.tunnels
    .filter((tunnel) => user === undefined || isOf(tunnel, user))
    .filter((tunnel) => route === undefined || isOfRoute(tunnel, route))
  if (json) printJson({ tunnels })
  else if (tunnels.length === 0) note(noneOf(options))
  else printTable(tunnelRows(tunnels))
  return exitCodes.ok
}

/** Cuts one tunnel, those of somebody, or those of a route; resolves to the exit code. */
export async function cutTunnels(which: string, options: StateOptions): Promise<number> {
  const client = createControlClient(await findStateDirectory(options))
  const meant = whatIsMeant(which, (await client.listTunnels()).tunnels)
  const cut: string[] = []
  for (const one of meant) cut.push(...(await client.cutTunnels(one)).cut)
  // They may have ended since the list was made.
  if (cut.length === 0) throw notFound(which)
  for (const id of cut) printLine(id)
  note(`cut ${cut.length === 1 ? '1 tunnel' : `${cut.length} tunnels`}`)
  return exitCodes.ok
}

/**
 * A word is looked for among what is open. Several routes may have one name. A word that names both a route and
 * somebody is nobody's to guess: who has such a user id would end others' tunnels, or be left with their own.
 */
function whatIsMeant(which: string, tunnels: readonly TunnelSummary[]): readonly TunnelsToCut[] {
  if (tunnels.some(({ id }) => id === which)) return [{ id: which }]
  const routes = tunnels.filter((tunnel) => isOfRoute(tunnel, which)).map((it) => it.route_id)
  const isSomebody = tunnels.some((tunnel) => isOf(tunnel, which))
  if (isSomebody && routes.length > 0) throw ambiguous(which)
  if (isSomebody) return [{ user: which }]
  return [...new Set(routes)].map((route_id) => ({ route_id }))
}

/** As the gateway finds whose tunnels are meant. */
function isOf({ user, email, service_account_id: account }: TunnelSummary, who: string): boolean {
  return user === who || account === who || email?.toLowerCase() === who.toLowerCase()
}

function isOfRoute({ route, route_id: id }: TunnelSummary, which: string): boolean {
  return route === which || id === which
}

function noneOf({ user, route }: TunnelsOptions): string {
  const words = [user && `of "${user}"`, route && `of route "${route}"`].filter(Boolean)
  return ['no tunnel', ...words, 'is open'].join(' ')
}

function ambiguous(which: string): SystemError {
  const text = `"${which}" is somebody who has tunnels open, and a route`
  return new SystemError('invalid-option', text, {
    hint: '"postern admin tunnels cut" takes "--user" or "--route"',
  })
}

function notFound(which: string): SystemError {
  const text = `no tunnel of "${which}" is open, nor one with this id`
  return new SystemError('tunnel-not-found', text, {
    hint: '"postern gateway tunnels list" shows those there are',
  })
}

import type { BlockSummary, Blocked, Unblocked } from '../../control/blocks.ts'
import type {
  Revocation,
  SessionSummary,
  TunnelCut,
  TunnelSummary,
} from '../../control/protocol.ts'
import { SystemError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { afterUnblock } from '../speech/after-unblock.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { sessionRows } from '../speech/session-rows.ts'
import { printTable } from '../speech/table.ts'
import { tunnelRows } from '../speech/tunnel-rows.ts'
import { adminOf, listAll, type AdminOptions } from './ask-admin.ts'

/** Prints the tunnels that are open; resolves to the exit code, as all of these do. */
export async function listTunnels(options: AdminOptions): Promise<number> {
  const tunnels = await listAll<TunnelSummary>(await adminOf(options), '/tunnels')
  if (options.json) printJson({ tunnels })
  else if (tunnels.length === 0) note('no tunnel is open')
  else printTable(tunnelRows(tunnels))
  return exitCodes.ok
}

export interface CutOptions extends AdminOptions {
  readonly route?: string
  readonly session?: string
  readonly user?: string
}

/** Cuts one tunnel by its id, or those that an option names. */
export async function cutTunnels(id: string | undefined, options: CutOptions): Promise<number> {
  const { route: route_id, session: session_id, user } = options
  const which = Object.entries({ route_id, session_id, user }).filter(([, it]) => it !== undefined)
  if (which.length + (id === undefined ? 0 : 1) !== 1) {
    throw new SystemError('invalid-option', 'name one tunnel, or whose tunnels are meant', {
      hint: 'give the id of a tunnel, or one of "--route", "--session" and "--user"',
    })
  }
  const ask = await adminOf(options)
  const { cut } =
    id === undefined
      ? await ask<TunnelCut>({
          method: 'POST',
          path: '/tunnels/cut',
          body: Object.fromEntries(which),
        })
      : await ask<TunnelCut>({ method: 'DELETE', path: `/tunnels/${encodeURIComponent(id)}` })
  return ended(cut, { cut }, 'tunnel', options)
}

/** Prints who is signed in. */
export async function listSessions(options: AdminOptions): Promise<number> {
  const sessions = await listAll<SessionSummary>(await adminOf(options), '/sessions')
  if (options.json) printJson({ sessions })
  else if (sessions.length === 0) note('nobody is signed in')
  else printTable(sessionRows(sessions))
  return exitCodes.ok
}

export interface RevokeOptions extends AdminOptions {
  readonly user?: string
}

/** Ends a session by its id, or all of a person. */
export async function revokeSessions(
  id: string | undefined,
  options: RevokeOptions,
): Promise<number> {
  const { user } = options
  if ((id === undefined) === (user === undefined)) {
    throw new SystemError('invalid-option', 'name one session, or one person', {
      hint: 'give the id of a session, or "--user"',
    })
  }
  const path =
    user === undefined
      ? `/sessions/${encodeURIComponent(id ?? '')}`
      : `/sessions?user=${encodeURIComponent(user)}`
  const { revoked } = await (await adminOf(options))<Revocation>({ method: 'DELETE', path })
  return ended(revoked, { revoked }, 'session', options)
}

function ended(
  ids: readonly string[],
  answer: object,
  noun: string,
  { json }: AdminOptions,
): number {
  if (json) printJson(answer)
  else for (const id of ids) printLine(id)
  note(`ended ${ids.length === 1 ? `1 ${noun}` : `${ids.length} ${noun}s`}`)
  return exitCodes.ok
}

export interface BlockOptions extends AdminOptions {
  readonly reason: string
}

/** Keeps a person out. */
export async function blockPerson(who: string, options: BlockOptions): Promise<number> {
  const path = `/blocks/${encodeURIComponent(who)}`
  const body = { reason: options.reason }
  const blocked = await (await adminOf(options))<Blocked>({ method: 'PUT', path, body })
  if (options.json) printJson(blocked)
  else printLine(blocked.block.who)
  note(`blocked: ${blocked.tunnels_cut} tunnels cut, ${blocked.sessions_ended} sessions ended`)
  return exitCodes.ok
}

/** Lets a person in again. */
export async function unblockPerson(who: string, options: AdminOptions): Promise<number> {
  const path = `/blocks/${encodeURIComponent(who)}`
  const unblocked = await (await adminOf(options))<Unblocked>({ method: 'DELETE', path })
  if (options.json) printJson(unblocked)
  else printLine(unblocked.who)
  note(afterUnblock(unblocked))
  return exitCodes.ok
}

/** Prints who is blocked. */
export async function listBlocked(options: AdminOptions): Promise<number> {
  const blocks = await listAll<BlockSummary>(await adminOf(options), '/blocks')
  if (options.json) printJson({ blocks })
  else if (blocks.length === 0) note('nobody is blocked')
  else {
    const rows = blocks.map((it) => [it.who, sayTime(it.blocked_at), it.blocked_by, it.reason])
    printTable([['WHO', 'SINCE', 'BY', 'REASON'], ...rows])
  }
  return exitCodes.ok
}

/** What of a row of `GET /routes` is read. */
interface RouteRow {
  readonly id: string
  readonly name: string
  readonly from: string
  readonly source: { readonly kind: 'store' } | { readonly kind: 'file'; readonly place: string }
  readonly in_use: boolean
  readonly disabled: boolean
  readonly revision: number | null
  readonly tunnels: number
}

/** Prints the routes of the file and of the store. */
export async function listRoutes(options: AdminOptions): Promise<number> {
  const routes = await listAll<RouteRow>(await adminOf(options), '/routes')
  if (options.json) printJson({ routes })
  else if (routes.length === 0) note('there is no route')
  else {
    const rows = routes.map((route) => [
      route.id,
      route.from,
      route.source.kind === 'file' ? route.source.place : 'stored',
      route.disabled ? 'disabled' : route.in_use ? 'in use' : 'at fault',
      String(route.tunnels),
      route.name,
    ])
    printTable([['ROUTE', 'FROM', 'WRITTEN IN', 'STATE', 'TUNNELS', 'NAME'], ...rows])
  }
  return exitCodes.ok
}

/** Enables or disables stored routes; those of the file are changed there. */
export async function changeRoutes(
  action: 'enable' | 'disable',
  ids: readonly string[],
  options: AdminOptions,
): Promise<number> {
  const ask = await adminOf(options)
  const routes = await listAll<RouteRow>(ask, '/routes')
  const documents = ids.map((id) => {
    const route = routes.find((it) => it.id === id)
    if (route === undefined) {
      throw new SystemError('route-not-found', `there is no route "${id}"`, {
        hint: '"postern admin routes list" shows those there are',
      })
    }
    if (route.source.kind === 'file') {
      throw new SystemError('invalid-option', `route "${id}" is written in ${route.source.place}`, {
        hint: 'change it there: only stored routes are enabled and disabled here',
      })
    }
    return { id, revision: route.revision ?? 0 }
  })
  const body = { action, documents }
  const { changed } = await ask<{ changed: readonly string[] }>({
    method: 'POST',
    path: '/routes/bulk',
    body,
  })
  if (options.json) printJson({ changed })
  else for (const id of changed) printLine(id)
  note(`${action}d ${changed.length === 1 ? '1 route' : `${changed.length} routes`}`)
  return exitCodes.ok
}

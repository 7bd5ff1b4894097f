import type { AccessGrant, RouteAsked } from '../access/access-grant.ts'
import type { Clock } from '../clock.ts'
import type { Stored } from '../store/stored.ts'
import type { AccessRequest } from './access-request.ts'

/** In milliseconds. */
const sweepMs = 60_000

type Row = Stored<AccessRequest>

/** The requests in memory that wait for an answer or give access; the others are in the store alone. */
export interface OpenRequests {
  get(id: string): Row | undefined
  /** Of several that give access the one that lasts longest. */
  grantOf(userId: string, route: RouteAsked): AccessGrant | undefined
  /** What somebody waits for. */
  pendingOf(userId: string, route: RouteAsked): Row | undefined
  /** Takes a row as it is now; undefined: there is none. */
  put(id: string, row: Row | undefined): void
}

/** Whether it gives access at that moment. */
export function givesAccess(
  request: AccessRequest,
  nowMs: number,
): request is AccessRequest & { readonly untilMs: number; readonly decidedBy: string } {
  return request.state === 'approved' && (request.untilMs ?? 0) > nowMs
}

/** Whether it waits for an answer at that moment. */
export function isPending({ state, expiresAtMs }: AccessRequest, nowMs: number): boolean {
  return state === 'pending' && expiresAtMs > nowMs
}

export function createOpenRequests(clock: Clock): OpenRequests {
  const byId = new Map<string, Row>()
  const byPair = new Map<string, Map<string, Row>>()
  let sweptAtMs = 0

  function forget(id: string): void {
    const row = byId.get(id)
    if (row === undefined) return
    byId.delete(id)
    const pair = pairOf(row.userId, routeOf(row))
    const rows = byPair.get(pair)
    rows?.delete(id)
    if (rows?.size === 0) byPair.delete(pair)
  }

  function keep(row: Row): void {
    byId.set(row.id, row)
    const pair = pairOf(row.userId, routeOf(row))
    const rows = byPair.get(pair) ?? new Map<string, Row>()
    byPair.set(pair, rows.set(row.id, row))
  }

  /** Those whose time has passed count for nothing already, and are let go now and then. */
  function sweep(): void {
    const nowMs = clock.now()
    // A clock that was set back has swept long ago.
    if (Math.abs(nowMs - sweptAtMs) < sweepMs) return
    sweptAtMs = nowMs
    for (const row of byId.values()) if (!isOpen(row, nowMs)) forget(row.id)
  }

  const ofPair = (userId: string, route: RouteAsked): readonly Row[] => [
    ...(byPair.get(pairOf(userId, route))?.values() ?? []),
  ]
  return {
    get: (id) => byId.get(id),
    grantOf(userId, route) {
      // Asked for each decision that is a no: mostly there is nothing.
      if (!byPair.has(pairOf(userId, route))) return undefined
      const nowMs = clock.now()
      const grants = ofPair(userId, route)
        .filter((row) => givesAccess(row, nowMs))
        .map(toGrant)
      return grants.toSorted((one, other) => other.untilMs - one.untilMs)[0]
    },
    pendingOf: (userId, route) => ofPair(userId, route).find((row) => isPending(row, clock.now())),
    put(id, row) {
      forget(id)
      sweep()
      if (row !== undefined && isOpen(row, clock.now())) keep(row)
    },
  }
}

function isOpen(row: Row, nowMs: number): boolean {
  return isPending(row, nowMs) || givesAccess(row, nowMs)
}

function toGrant(row: Row): AccessGrant {
  const { id, untilMs = 0, decidedBy = '', isBreakGlass } = row
  return { id, untilMs, by: decidedBy, isBreakGlass }
}

function pairOf(userId: string, { id, from }: RouteAsked): string {
  return JSON.stringify([userId, id, from])
}

function routeOf({ routeId, routeFrom }: AccessRequest): RouteAsked {
  return { id: routeId, from: routeFrom }
}

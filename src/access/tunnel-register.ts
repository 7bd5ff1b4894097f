import type { HostPort } from '../address.ts'
import type { TunnelBytes } from '../net/direction.ts'
import type { IdleLimit } from '../net/idle-limit.ts'
import type { Ended } from '../telemetry/ended.ts'
import type { Grant } from './grant.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'

/** Where a tunnel was opened to, as the way that opened it knows the place. */
export interface Destination {
  /** The connector that it goes through; undefined where it goes through none. */
  readonly connector?: { readonly tunnelId: string; readonly connectorId: string }
  /** What of the route's `to` was dialled; undefined where a connector dials. */
  readonly upstream?: HostPort
  /** Whether `way` leads here, another form of `before`, by which the tunnel is here. */
  isReachedBy(way: UpstreamWay, before: UpstreamWay): boolean
}

/** Why a session has ended; undefined when it only changed. */
export type SessionEnded = 'session-revoked' | 'session-expired' | 'provider-logout' | undefined

/** What the gateway keeps of an open tunnel. */
export interface TunnelEntry {
  grant: Grant
  readonly destination: Destination
  readonly openedAtMs: number
  readonly controller: AbortController
  readonly idle: IdleLimit
  /** What it has moved so far. */
  readonly bytes: TunnelBytes
  ended: Ended | undefined
  /** Why its session has ended, from the moment that this is known. */
  sessionEnded: SessionEnded
  /** The policy's, at the last decision. */
  reasons: readonly string[]
  /** The route's `timeout`. */
  lifeTimer: Disposable | undefined
  /** When the decision stops being valid by itself. */
  recheckTimer: Disposable | undefined
  /** The last decision that was asked for. */
  rechecked: Promise<void>
}

/** The open tunnels, found by whose they are without looking at all of them. */
export interface TunnelRegister {
  readonly size: number
  add(entry: TunnelEntry): void
  remove(entry: TunnelEntry): void
  /** Counts a tunnel among those of the route that its grant names now: its own may have another id, or another its target. */
  followRoute(entry: TunnelEntry): void
  has(entry: TunnelEntry): boolean
  all(): readonly TunnelEntry[]
  ofSession(sessionId: string): readonly TunnelEntry[]
  /** The same one by one, oldest first, for whoever needs a few of them; to be gone through at once. */
  eachOfSession(sessionId: string): Iterable<TunnelEntry>
  countOfSession(sessionId: string): number
  countOfUser(userId: string): number
  countOfRoute(routeId: string): number
  /** Resolves when none is left. */
  emptied(): Promise<void>
}

/** Makes an empty register. A tunnel stays under the session and person that it was opened with. */
export function createTunnelRegister(): TunnelRegister {
  /** With the keys that each stands under. */
  const entries = new Map<TunnelEntry, Whose>()
  const bySession = createIndex()
  const byUser = createIndex()
  const byRoute = createIndex()
  const onEmpty: (() => void)[] = []
  return {
    get size() {
      return entries.size
    },
    add(entry) {
      const { caller, route } = entry.grant
      const { session } = caller
      const whose = { sessionId: session?.id, userId: session?.userId, routeId: route.id }
      entries.set(entry, whose)
      bySession.add(whose.sessionId, entry)
      byUser.add(whose.userId, entry)
      byRoute.add(whose.routeId, entry)
    },
    remove(entry) {
      const whose = entries.get(entry)
      if (whose === undefined) return
      entries.delete(entry)
      bySession.remove(whose.sessionId, entry)
      byUser.remove(whose.userId, entry)
      byRoute.remove(whose.routeId, entry)
      if (entries.size > 0) return
      for (const resolve of onEmpty.splice(0)) resolve()
    },
    followRoute(entry) {
      const whose = entries.get(entry)
      const routeId = entry.grant.route.id
      if (whose === undefined || whose.routeId === routeId) return
      byRoute.remove(whose.routeId, entry)
      byRoute.add(routeId, entry)
      entries.set(entry, { ...whose, routeId })
    },
    has: (entry) => entries.has(entry),
    all: () => [...entries.keys()],
    ofSession: (sessionId) => [...bySession.get(sessionId)],
    eachOfSession: (sessionId) => bySession.get(sessionId),
    countOfSession: (sessionId) => bySession.get(sessionId).size,
    countOfUser: (userId) => byUser.get(userId).size,
    countOfRoute: (routeId) => byRoute.get(routeId).size,
    emptied: () =>
      entries.size === 0 ? Promise.resolve() : new Promise((resolve) => onEmpty.push(resolve)),
  }
}

interface Whose {
  readonly sessionId: string | undefined
  readonly userId: string | undefined
  readonly routeId: string
}

interface Index {
  add(key: string | undefined, entry: TunnelEntry): void
  remove(key: string | undefined, entry: TunnelEntry): void
  get(key: string): ReadonlySet<TunnelEntry>
}

const none: ReadonlySet<TunnelEntry> = new Set()

function createIndex(): Index {
  const sets = new Map<string, Set<TunnelEntry>>()
  return {
    add(key, entry) {
      if (key === undefined) return
      const set = sets.get(key)
      if (set === undefined) sets.set(key, new Set([entry]))
      else set.add(entry)
    },
    remove(key, entry) {
      if (key === undefined) return
      const set = sets.get(key)
      set?.delete(entry)
      if (set?.size === 0) sets.delete(key)
    },
    get: (key) => sets.get(key) ?? none,
  }
}

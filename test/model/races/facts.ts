// What is true while tunnels are opened, in plain data, and who may have one by it: each change makes another such
// object, and the reference looks at nothing else.

/** Whom a route lets in. */
export type Who = 'everybody' | 'signed-in' | 'ada' | 'dba' | 'a-while' | 'lent' | 'nobody'

export interface RouteFact {
  readonly id: string
  /** The host of its `from`. */
  readonly host: string
  readonly who: Who
  /** The port of its upstream. */
  readonly place: number
  /** Grows with edits that change nothing for anybody. */
  readonly edits: number
}

export interface SessionFact {
  readonly id: string
  readonly userId: string
  readonly isDba: boolean
  readonly expiresAtMs: number
}

export interface Lent {
  readonly id: string
  readonly userId: string
  readonly routeId: string
  readonly untilMs: number
}

export interface Facts {
  readonly nowMs: number
  /** As the store has them. */
  readonly sessions: ReadonlyMap<string, SessionFact>
  readonly routes: readonly RouteFact[]
  /** People whom the directory has among the DBAs. */
  readonly directory: readonly string[]
  readonly blocked: readonly string[]
  readonly lent: readonly Lent[]
  readonly isLeaving: boolean
}

/** Whoever asks for a tunnel, or has one. */
export interface Holder {
  /** Undefined for somebody who is not signed in. */
  readonly sessionId: string | undefined
  readonly userId: string | undefined
  readonly host: string
  /** The port that it was opened to; undefined before. */
  readonly place: number | undefined
}

/** What can speak against a tunnel. */
export type Against = 'leaving' | 'blocked' | 'no route' | 'another place' | 'policy'

export const startMs = Date.UTC(2026, 0, 1, 12)
/** When `a-while` is over. */
export const whileMs = 30_000

/** The route with this very host, else the one with the wildcard. */
export function routeOf({ routes }: Facts, host: string): RouteFact | undefined {
  return routes.find((route) => route.host === host) ?? routes.find((it) => it.host.includes('*'))
}

/** All that speaks against a tunnel; it may be there where that is nothing. */
export function against(facts: Facts, holder: Holder): readonly Against[] {
  const { sessionId, userId, host, place } = holder
  const route = routeOf(facts, host)
  const session = sessionId === undefined ? undefined : facts.sessions.get(sessionId)
  const caller = session !== undefined && session.expiresAtMs > facts.nowMs ? session : undefined
  const found: Against[] = []
  if (facts.isLeaving) found.push('leaving')
  if (userId !== undefined && facts.blocked.includes(userId)) found.push('blocked')
  if (route === undefined) return [...found, 'no route']
  if (place !== undefined && route.place !== place) found.push('another place')
  if (!letsIn(route, caller, facts)) found.push('policy')
  return found
}

function letsIn({ id, who }: RouteFact, caller: SessionFact | undefined, facts: Facts): boolean {
  const { directory, lent, nowMs } = facts
  if (who === 'everybody') return true
  if (who === 'nobody' || caller === undefined) return false
  const { userId, isDba } = caller
  if (who === 'ada') return userId === 'ada'
  if (who === 'dba') return isDba || directory.includes(userId)
  if (who === 'a-while') return nowMs < startMs + whileMs
  if (who === 'lent')
    return lent.some((it) => it.userId === userId && it.routeId === id && it.untilMs > nowMs)
  return true
}

/** Whether somebody is blocked whose session is over: then nobody knows that a tunnel for everybody is theirs. */
export function isUnknown(facts: Facts, { sessionId, userId }: Holder): boolean {
  if (sessionId === undefined || userId === undefined) return false
  const session = facts.sessions.get(sessionId)
  const isOver = session === undefined || session.expiresAtMs <= facts.nowMs
  return isOver && facts.blocked.includes(userId)
}

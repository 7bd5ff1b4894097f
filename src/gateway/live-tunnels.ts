import type { Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LiveCaller } from '../identity/session.ts'
import type { Logger } from '../log.ts'
import type { Ended } from '../telemetry/ended.ts'
import type { Authorize } from './authorize.ts'
import type { Grant } from './grant.ts'
import { DeniedError } from './refusal.ts'
import type { RouteTable } from './routes/table.ts'

/** A tunnel that is open; disposing takes it off the register. */
export interface LiveTunnel extends Disposable {
  /** Aborted when the tunnel may no longer be. */
  readonly signal: AbortSignal
  /** Why it was cut; undefined while it was not. */
  readonly ended: Ended | undefined
  /** The policy's reasons at the last decision. */
  readonly reasons: readonly string[]
}

/** What a decision about a live tunnel is made from. */
export interface LiveTunnelParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly authorize: Authorize
  routes(): RouteTable
  /** Longest life of any tunnel, in milliseconds; 0 for no limit. */
  timeoutWriteMs(): number
  /** A session with the version it had before it was read; undefined once it has ended. */
  session(id: string): Promise<LiveCaller | undefined>
  /** Changes whenever the session did; undefined once it has ended. */
  sessionVersion(id: string): number | undefined
}

export interface LiveTunnels {
  readonly size: number
  /** How many tunnels a session has open. */
  countOf(sessionId: string): number
  /**
   * Registers a tunnel. When anything moved since its grant was made it is decided again first, so
   * that no change falls between a decision and its registration.
   *
   * @throws AccessError when it may no longer be
   */
  add(grant: Grant): Promise<LiveTunnel>
  /** Decides every tunnel again, or those of one session, and cuts what may no longer be. */
  redecide(filter?: { readonly sessionId: string; readonly ended: SessionEnd }): Promise<void>
  /** Resolves when no tunnel is left. */
  drained(): Promise<void>
  /** Cuts them all. */
  cutAll(ended: Ended): void
}

/** Why a session is no more, or undefined when it only changed. */
export type SessionEnd = 'session-revoked' | 'session-expired' | undefined

interface Entry {
  grant: Grant
  readonly controller: AbortController
  ended: Ended | undefined
  /** The policy's, at the last decision. */
  reasons: readonly string[]
  /** The route's `timeout`. */
  lifeTimer: Disposable | undefined
  /** When the decision stops being valid by itself. */
  recheckTimer: Disposable | undefined
  /** The last decision that was asked for. */
  rechecked: Promise<void>
}

/** Keeps the register of live tunnels. */
export function createLiveTunnels(parts: LiveTunnelParts): LiveTunnels {
  const entries = new Set<Entry>()
  const onEmpty: (() => void)[] = []

  function isFresh({ basis, session, validUntilMs }: Grant): boolean {
    if (validUntilMs !== undefined && validUntilMs <= parts.clock.now()) return false
    if (basis.routes !== parts.routes()) return false
    if (session === undefined) return true
    // A session that has ended has no version; nor may a grant without one be taken for a fresh one.
    return (
      basis.sessionVersion !== undefined &&
      basis.sessionVersion === parts.sessionVersion(session.id)
    )
  }

  /** Decides again, with what holds now; throws when that is no. */
  async function decideAgain({ request, session: old }: Grant, find: FindSession): Promise<Grant> {
    const routes = parts.routes()
    const route = routes.match(request.target)
    if (route === undefined) throw new DeniedError('this route is no more', [], routeRemovedHint)
    const found = old === undefined ? undefined : await find(old.id)
    const circumstances = { session: found?.session, sessionVersion: found?.version }
    return parts.authorize(request, { ...circumstances, routes, route, isRecheck: true })
  }

  async function freshGrant(grant: Grant, find: FindSession = parts.session): Promise<Grant> {
    let current = grant
    // What `find` remembers may be old by now; a second look goes to the source.
    for (let look = find; !isFresh(current); look = parts.session) {
      current = await decideAgain(current, look)
    }
    return current
  }

  /** One at a time for each tunnel: what changes meanwhile is seen by the next. */
  function recheck(entry: Entry, sessionEnd: SessionEnd, find?: FindSession): Promise<void> {
    entry.rechecked = entry.rechecked.then(async () => {
      if (!entries.has(entry) || entry.ended !== undefined) return
      try {
        entry.grant = await freshGrant(entry.grant, find)
        entry.reasons = entry.grant.decision.allow.reasons
        if (entries.has(entry)) armRecheck(entry)
      } catch (error) {
        // Whatever the failure is, a tunnel that cannot be decided may not stay.
        if (!(error instanceof AppError)) {
          parts.logger.error('cannot decide a tunnel again', { error: messageOf(error) })
        }
        entry.reasons = error instanceof DeniedError ? error.reasons : []
        cut(entry, endedBy(entry.grant, sessionEnd))
      }
    })
    return entry.rechecked
  }

  function endedBy({ request, session, validUntilMs }: Grant, sessionEnd: SessionEnd): Ended {
    if (parts.routes().match(request.target) === undefined) return 'route-removed'
    if (sessionEnd !== undefined) return sessionEnd
    const endMs = session?.expiresAtMs
    const hasExpired = endMs !== undefined && endMs <= parts.clock.now()
    return hasExpired && validUntilMs === endMs ? 'session-expired' : 'policy-changed'
  }

  function cut(entry: Entry, ended: Ended): void {
    if (!entries.has(entry)) return
    entry.ended ??= ended
    entry.controller.abort()
  }

  function armRecheck(entry: Entry): void {
    const { validUntilMs } = entry.grant
    entry.recheckTimer?.[Symbol.dispose]()
    if (validUntilMs === undefined) return
    const delayMs = Math.max(validUntilMs - parts.clock.now(), 1)
    entry.recheckTimer = parts.clock.schedule(delayMs, () => void recheck(entry, undefined))
  }

  function remove(entry: Entry): void {
    entry.lifeTimer?.[Symbol.dispose]()
    entry.recheckTimer?.[Symbol.dispose]()
    entries.delete(entry)
    if (entries.size > 0) return
    for (const resolve of onEmpty.splice(0)) resolve()
  }

  function longestLifeMs({ route }: Grant): number {
    const limits = [route.timeoutMs, parts.timeoutWriteMs()].filter((limitMs) => limitMs > 0)
    return limits.length === 0 ? 0 : Math.min(...limits)
  }

  function register(grant: Grant): LiveTunnel {
    const controller = new AbortController()
    const entry: Entry = {
      grant,
      controller,
      ended: undefined,
      reasons: grant.decision.allow.reasons,
      lifeTimer: undefined,
      recheckTimer: undefined,
      rechecked: Promise.resolve(),
    }
    entries.add(entry)
    const lifeMs = longestLifeMs(grant)
    if (lifeMs > 0) entry.lifeTimer = parts.clock.schedule(lifeMs, () => cut(entry, 'timeout'))
    armRecheck(entry)
    return {
      signal: controller.signal,
      get ended() {
        return entry.ended
      },
      get reasons() {
        return entry.reasons
      },
      [Symbol.dispose]: () => remove(entry),
    }
  }

  return {
    get size() {
      return entries.size
    },
    countOf: (sessionId) =>
      [...entries].filter(({ grant }) => grant.session?.id === sessionId).length,
    add: async (grant) => register(await freshGrant(grant)),
    async redecide(filter) {
      const touched = [...entries].filter(
        ({ grant }) => filter === undefined || grant.session?.id === filter.sessionId,
      )
      const find = rememberSessions(parts.session)
      for (let start = 0; start < touched.length; start += tunnelsPerTurn) {
        const batch = touched.slice(start, start + tunnelsPerTurn)
        await Promise.all(batch.map((entry) => recheck(entry, filter?.ended, find)))
        // The bytes of all the others go on in between.
        await nextTurn()
      }
    },
    drained: () =>
      entries.size === 0 ? Promise.resolve() : new Promise((resolve) => onEmpty.push(resolve)),
    cutAll(ended) {
      for (const entry of entries) cut(entry, ended)
    },
  }
}

/** Tunnels that are decided again before others get their turn. */
const tunnelsPerTurn = 50

type FindSession = LiveTunnelParts['session']

/** Asks for each session once: people have many tunnels. */
function rememberSessions(find: FindSession): FindSession {
  const found = new Map<string, ReturnType<FindSession>>()
  return (id) => {
    const known = found.get(id) ?? find(id)
    found.set(id, known)
    return known
  }
}

const routeRemovedHint = 'ask whoever runs this gateway which route replaces it'

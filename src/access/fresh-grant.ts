import type { Clock } from '../clock.ts'
import { SystemError } from '../errors.ts'
import type { LiveCaller } from '../identity/session.ts'
import type { Authorize } from './authorize.ts'
import type { Grant } from './grant.ts'
import { RouteNotFoundError } from '../routes/match-route.ts'
import type { RouteTable } from '../routes/table.ts'

/** What a decision that is made again is made from. */
export interface FreshGrantParts {
  readonly clock: Clock
  readonly authorize: Authorize
  routes(): RouteTable
  /**
   * Grows whenever a setting has changed that decisions rest on and that is no route's: who is in which
   * group, and which client certificates are trusted.
   */
  settingsRevision(): number
  /** A session with the version it had before it was read; undefined once it has ended. */
  session(id: string): Promise<LiveCaller | undefined>
  /** Changes whenever the session did; undefined once it has ended. */
  sessionVersion(id: string): number | undefined
}

export type FindSession = FreshGrantParts['session']

export interface FreshGrants {
  /**
   * Calls `act` with the grant, or with a new one where something has moved since it was made. Between
   * the last look and `act` nothing else runs: no change falls between the two.
   *
   * @throws AccessError when policy says no by now; SystemError `decision-unsettled`
   */
  withFresh<Value>(grant: Grant, act: (grant: Grant) => Value, find?: FindSession): Promise<Value>
}

/**
 * How often one decision is made again because something moved while it was made.
 *
 * @limit decisions about one tunnel in a row, each overtaken by a change: 503 `decision_unsettled`; an open tunnel is cut
 */
const maxDecisions = 20

/** Makes what decides a grant again. */
export function createFreshGrants(parts: FreshGrantParts): FreshGrants {
  function isFresh(grant: Grant): boolean {
    const { request, route, validUntilMs } = grant
    const { session, sessionVersion } = grant.caller
    if (validUntilMs !== undefined && validUntilMs <= parts.clock.now()) return false
    if (grant.settingsRevision !== parts.settingsRevision()) return false
    if (session !== undefined) {
      // A session that has ended has no version; nor may a grant without one be taken for a fresh one.
      if (sessionVersion === undefined) return false
      if (sessionVersion !== parts.sessionVersion(session.id)) return false
    }
    // The same object is the same revision. Another route may have taken the target over.
    return parts.routes().match(request.target) === route
  }

  /** Decides again, with what holds now; throws when that is no. */
  async function decideAgain({ request, caller: old }: Grant, find: FindSession): Promise<Grant> {
    const found = old.session === undefined ? undefined : await find(old.session.id)
    const route = parts.routes().match(request.target)
    if (route === undefined) throw new RouteNotFoundError(request.target, [])
    const caller = { client: old.client, session: found?.session, sessionVersion: found?.version }
    return parts.authorize(request, caller, { route, isRecheck: true })
  }

  return {
    async withFresh(grant, act, find = parts.session) {
      let current = grant
      for (let decisions = 0; !isFresh(current); decisions += 1) {
        if (decisions === maxDecisions) throw unsettled()
        // What `find` remembers may be old by now; a second look goes to the source.
        current = await decideAgain(current, decisions === 0 ? find : parts.session)
      }
      return act(current)
    },
  }
}

function unsettled(): SystemError {
  const message = 'sessions or routes keep changing, so no decision could be made'
  return new SystemError('decision-unsettled', message, { hint: 'try again in a moment' })
}

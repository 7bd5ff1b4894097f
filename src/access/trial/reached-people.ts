import type { NewRoute, Route } from '../../routes/route.ts'
import { anyValidCertificate, type Decide } from '../decide.ts'
import { inTurns } from './in-turns.ts'
import type { KnownCaller } from './known-callers.ts'
import type { RouteChange } from './route-changes.ts'
import { noNetwork } from './supposed-caller.ts'

/** Somebody for whom a change of a route decides otherwise. */
export interface ReachedPerson {
  readonly caller: KnownCaller
  readonly change: RouteChange
}

export interface ReachedPeople {
  readonly gained: readonly ReachedPerson[]
  readonly lost: readonly ReachedPerson[]
  /** Routes that anybody may use without signing in, and could not before. */
  readonly openedToEverybody: readonly RouteChange[]
  /** Whether there were more decisions to compare than are. */
  readonly isCut: boolean
}

export interface PeopleReach {
  readonly changes: readonly RouteChange[]
  readonly decide: Pick<Decide, 'supposed'>
  readonly nowMs: number
  /** Where somebody came from last; undefined where nobody knows. */
  ipOf(userId: string, routeId: string): string | undefined
}

/**
 * Each of them decides twice, as it is and as it would be.
 *
 * @limit people times changed routes that the reach of a change compares: it says that there are more
 */
const maxComparisons = 200_000

/** Who gains and who loses access by a change, of those that are known, each with a valid client certificate. */
export async function reachedPeople(
  callers: readonly KnownCaller[],
  reach: PeopleReach,
  limit = maxComparisons,
): Promise<ReachedPeople> {
  const gained: ReachedPerson[] = []
  const lost: ReachedPerson[] = []
  for await (const { caller, change } of inTurns(pairs(callers, reach.changes, limit))) {
    const before = mayUse(caller, change.before, reach)
    const after = mayUse(caller, change.after, reach)
    if (before === after) continue
    const list = after ? gained : lost
    list.push({ caller, change })
  }
  return {
    gained,
    lost,
    openedToEverybody: reach.changes.filter(
      ({ before, after }) => mayUse(undefined, after, reach) && !mayUse(undefined, before, reach),
    ),
    isCut: callers.length * reach.changes.length > limit,
  }
}

function* pairs(
  callers: readonly KnownCaller[],
  changes: readonly RouteChange[],
  limit: number,
): Generator<ReachedPerson, void, undefined> {
  let left = limit
  for (const change of changes)
    for (const caller of callers) {
      if ((left -= 1) < 0) return
      yield { caller, change }
    }
}

function mayUse(
  caller: KnownCaller | undefined,
  route: NewRoute | undefined,
  { decide, nowMs, ipOf }: PeopleReach,
): boolean {
  if (route === undefined) return false
  const subject = caller?.subject
  const ip = (subject && ipOf(subject.userId, route.id)) ?? noNetwork
  const supposed = { subject, ip, clientCertificate: anyValidCertificate, nowMs }
  // A decision asks for no revision.
  const judged: Route = { ...route, revision: 0 }
  return decide.supposed(supposed, judged).outcome === 'allow'
}

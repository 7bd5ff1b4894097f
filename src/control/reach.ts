import { z } from 'zod'
import { seesAll } from '../access/administrators.ts'
import type { Decide } from '../access/decide.ts'
import type { LiveTunnels, OpenTunnel } from '../access/live-tunnels.ts'
import { knownCallers } from '../access/trial/known-callers.ts'
import { reachedPeople } from '../access/trial/reached-people.ts'
import { reachedTunnels } from '../access/trial/reached-tunnels.ts'
import { changedRoutes, type RouteChange } from '../access/trial/route-changes.ts'
import { noNetwork } from '../access/trial/supposed-caller.ts'
import { PeerError, SystemError } from '../errors.ts'
import { toldTo } from '../routes/route-findings.ts'
import type { KeptEntry } from '../telemetry/audit/read-audit.ts'
import type { Actor } from './change.ts'
import type { DocumentParts } from './document-writes.ts'
import { foresee, proposedChanges, requireForeseen, type Foreseen } from './foresee.ts'
import { noPastUse, readPastUse, type PastUse } from './past-use.ts'
import { parseInput } from './protocol.ts'
import type { ReachAnswer, ReachRequest } from './reach-protocol.ts'
import { peopleView, tunnelsView, warningsIn } from './reach-view.ts'
import { isBlocked, knownFrom, type TrialParts } from './trials.ts'

/** What the reach of a change looks at inside the running gateway. */
export interface ReachParts extends DocumentParts, Omit<TrialParts, 'authority' | 'decide'> {
  readonly decide: TrialParts['decide'] & Pick<Decide, 'now'>
  readonly liveTunnels: Pick<LiveTunnels, 'open'>
  /** Entries of the audit log back to a moment, newest first; undefined where none is kept. */
  readonly auditSince: ((sinceMs: number) => AsyncIterable<KeptEntry>) | undefined
}

/** What changes would do, before they are made. */
export interface ReachOperations {
  /**
   * Which tunnels changes of routes and policies would cut now, and who would gain and lose access. Nothing is
   * changed. Administrators of a namespace are told of those who use its routes, and of nobody who would gain access:
   * they could ask a policy that is never made about each claim of everybody. Throws what making the changes throws,
   * and SystemError `decision-unsettled`.
   */
  reach(by: Actor, request: ReachRequest): Promise<ReachAnswer>
}

const defaultDays = 7
const dayMs = 86_400_000

const reachInput = z.strictObject({
  changes: proposedChanges,
  days: z.int().min(0).max(90).default(defaultDays),
})

/**
 * One at a time, and few that wait: each may judge hundreds of thousands of decisions.
 *
 * @limit changes whose reach is asked for at once: `reach-busy`
 */
const maxAtOnce = 4

export function reachOperations(parts: ReachParts): ReachOperations {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  /** Two at once would be slower each, and take twice as many turns from tunnels. */
  async function alone<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= maxAtOnce) throw busy()
    waiting += 1
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      waiting -= 1
    }
  }

  return {
    async reach(by, input) {
      const { changes, days } = parseInput(reachInput, input)
      const foreseen = foresee(parts, by, changes)
      return alone(() => look(parts, by, { ...foreseen, days }))
    },
  }
}

async function look(
  parts: ReachParts,
  by: Actor,
  { before, after, planned, days }: Foreseen & { readonly days: number },
): Promise<ReachAnswer> {
  const { clock, decide, liveTunnels, authority } = parts
  const changes = changedRoutes(before.routes, after.routes)
  const past = await pastUse(parts, days)
  const known = await knownCallers(knownFrom(parts))
  const use = past ?? noPastUse
  const sees = authority.sees(by)
  const seesPeople = seesAll(authority.roleOf(by))
  const open = liveTunnels.open().filter(({ grant }) => sees(grant.route.namespace))
  const isUser = usersOf(open, use)
  const callers = known.callers
    // Who is blocked gains and loses nothing.
    .filter(({ subject }) => !isBlocked(subject, parts))
    .filter(({ subject }) => seesPeople || changes.some(({ id }) => isUser(subject.userId, id)))
  const tunnels = await reachedTunnels(open, { after: after.routes, changes, decide })
  const ipOf = (id: string, routeId: string): string | undefined =>
    use.ipOf(id, seesPeople ? undefined : routeId)
  const people = await reachedPeople(callers, { changes, decide, nowMs: clock.now(), ipOf })
  const lost = people.lost.filter(
    ({ caller, change }) => seesPeople || isUser(caller.subject.userId, change.id),
  )
  // It took its time, and roles go.
  requireForeseen(parts, by, { before, planned })
  if (seesPeople && !seesAll(authority.roleOf(by))) throw roleChanged()
  return {
    routes: changes.map(routeChangeView),
    tunnels: { open: open.length, ...tunnelsView(tunnels) },
    gained: seesPeople ? peopleView(people.gained, use) : null,
    lost: peopleView(lost, use),
    opened_to_everybody: people.openedToEverybody.map(({ id, after: route }) => route?.name ?? id),
    judged_on: {
      people: callers.length,
      decisions:
        past === undefined ? null : seesPeople ? past.decisions : decisionsOn(changes, past),
      days,
    },
    assumed: [
      'everybody shows a client certificate that the gateway trusts',
      `whoever came from nowhere in these days comes from ${noNetwork}, which is in nobody's network`,
      ...(past === undefined ? ['there is no audit log to be asked who used what'] : []),
      ...(known.isCut || people.isCut
        ? ['there are more people and routes than were looked at']
        : []),
      ...(use.cutAt === undefined
        ? []
        : [`there are more decisions than were looked at, which are those since ${use.cutAt}`]),
      ...signedOut(
        changes,
        callers.map(({ subject }) => subject.userId),
        use,
      ),
    ],
    warnings: warningsIn(after, planned, toldTo(sees)),
  }
}

/** Tells who uses a route, or did: by their id, and that of the route. */
function usersOf(
  open: readonly OpenTunnel[],
  past: PastUse,
): (userId: string, routeId: string) => boolean {
  const now = new Set(
    open.map(({ grant: { caller, route } }) => JSON.stringify([caller.session?.userId, route.id])),
  )
  return (userId, routeId) =>
    now.has(JSON.stringify([userId, routeId])) || past.lastUse(userId, routeId) !== undefined
}

function decisionsOn(changes: readonly RouteChange[], past: PastUse): number {
  return changes.reduce((sum, { id }) => sum + past.decisionsOn(id), 0)
}

/** Of those who used a route and are signed out nobody knows whether a policy would still let them in. */
function signedOut(
  changes: readonly RouteChange[],
  known: readonly string[],
  past: PastUse,
): readonly string[] {
  const here = new Set(known)
  const users = new Set(changes.flatMap(({ id }) => past.users(id)))
  const gone = [...users].filter((id) => !here.has(id)).length
  if (gone === 0) return []
  const who = gone === 1 ? '1 person who used these routes is' : `${gone} who used these routes are`
  return [`${who} signed out now, and not judged`]
}

async function pastUse(
  { auditSince, clock }: ReachParts,
  days: number,
): Promise<PastUse | undefined> {
  if (auditSince === undefined) return undefined
  return readPastUse(auditSince(clock.now() - days * dayMs))
}

function routeChangeView({ id, before, after }: RouteChange): ReachAnswer['routes'][number] {
  const name = (after ?? before)?.name ?? id
  if (before === undefined) return { id, name, change: 'added' }
  return { id, name, change: after === undefined ? 'removed' : 'changed' }
}

function roleChanged(): SystemError {
  const message = 'your role has changed while this was asked for'
  return new SystemError('decision-unsettled', message, { hint: 'try again' })
}

function busy(): PeerError {
  return new PeerError('reach-busy', 'others ask for the reach of their changes right now', {
    hint: 'try again in a moment',
  })
}

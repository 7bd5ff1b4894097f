import type { Clock } from '../clock.ts'
import type { LiveCaller, Session } from '../identity/session.ts'
import type { Target } from '../net/target.ts'
import type { Decision } from '../policy/decision.ts'
import type { Reason } from '../policy/explain.ts'
import type { Route } from '../routes/route.ts'
import type { Caller } from './caller.ts'
import type { Decide } from './decide.ts'

/**
 * Whoever asks, as the provider knows them now where a "no" would rest on what it said a while ago: so
 * nobody who was just added to a group is told no until the next refresh.
 */
export type AskAgain = (caller: Caller, target: Target, signal: AbortSignal) => Promise<Caller>

/** A "no" that rests on what the provider said not longer ago stands, in milliseconds. */
const freshClaimsMs = 30_000
/**
 * @limit wait for the identity provider when a refusal rests on old claims: the refusal stands, and
 * what the provider says counts for the next attempt
 */
const maxWaitMs = 5_000

/** Who knows people, and their provider. */
export interface AskableIdentity {
  /** Asks the provider of a session about its person now, within limits; false when it was not asked. */
  askProvider(session: Session): Promise<boolean>
  session(id: string): Promise<LiveCaller | undefined>
}

export interface AskAgainParts {
  readonly clock: Clock
  readonly identity: AskableIdentity
  readonly decide: Pick<Decide, 'foreseen'>
  matchRoute(target: Target): Route | undefined
}

export function createAskAgain({ clock, identity, decide, matchRoute }: AskAgainParts): AskAgain {
  return async (caller, target, signal) => {
    const { client, session } = caller
    if (session?.kind !== 'person') return caller
    if (clock.now() - session.refreshedAtMs < freshClaimsMs) return caller
    const route = matchRoute(target)
    if (route === undefined || !restsOnClaims(decide.foreseen(caller, route))) return caller
    if (!(await inTime(identity.askProvider(session), clock, signal))) return caller
    // Gone when the provider no longer stands by it: then they are asked to sign in.
    const found = await identity.session(session.id)
    return { client, session: found?.session, sessionVersion: found?.version }
  }
}

/** False when the answer takes too long, or when nobody waits for it any more. */
function inTime(answer: Promise<boolean>, clock: Clock, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(false)
    const timer = clock.schedule(maxWaitMs, giveUp)
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    answer.then(resolve, reject).finally(() => {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', giveUp)
    })
  })
}

/** Reasons that another word of the provider could turn. */
const claimReasons: ReadonlySet<string> = new Set([
  'claim-ok',
  'claim-unauthorized',
  'domain-ok',
  'domain-unauthorized',
  'email-ok',
  'email-unauthorized',
  'email-unverified',
  'groups-ok',
  'groups-unauthorized',
] satisfies readonly Reason[])

function restsOnClaims(decision: Decision): boolean {
  if (decision.outcome !== 'deny') return false
  const { reasons } = decision.deny.value ? decision.deny : decision.allow
  return reasons.some((reason) => claimReasons.has(reason))
}

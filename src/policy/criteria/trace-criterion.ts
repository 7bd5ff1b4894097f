import type { Verdict } from '../decision.ts'
import { explainReason } from '../explain.ts'
import type { RequestFacts } from '../facts.ts'
import type { CriterionTrace } from '../trace.ts'
import type { Stance, WrittenCriterion } from './criterion.ts'

/** Puts into words what a criterion said where it stands. */
export function traceCriterion(
  criterion: WrittenCriterion,
  facts: RequestFacts,
  stance: Stance,
  { value, reasons }: Verdict,
): CriterionTrace {
  const { name, data, subPath, words } = criterion
  // Each criterion gives one reason.
  const [reason = ''] = reasons
  const isWanted = (stance.side === 'allow') !== stance.isTurned
  const helps = value === isWanted && !alwaysInTheWay.has(reason)
  const need = (wanted: string): string => needOf(reason, isWanted ? wanted : otherThan(wanted))
  const wanted = words.wanted(data, subPath)
  return {
    criterion: name,
    asks: data,
    found: words.found(facts, subPath, data),
    value,
    reason,
    sentence: explainReason(reason),
    needed: helps ? undefined : need(wanted),
    neededBriefly: helps ? undefined : need(words.wantedBriefly?.(data, subPath) ?? wanted),
  }
}

/** It leads to a sign-in whichever way the criterion is turned. */
const alwaysInTheWay: ReadonlySet<string> = new Set(['user-unauthenticated'])

function needOf(reason: string, wanted: string): string {
  switch (reason) {
    case 'user-unauthenticated':
      return `a sign-in, and then ${wanted}`
    case 'email-unverified':
      return 'an email address that the identity provider says is verified'
    case 'service-account-unauthorized':
      return 'a person who is signed in: a service account cannot satisfy it'
    default:
      return wanted
  }
}

function otherThan(wanted: string): string {
  return `anything but ${wanted}`
}

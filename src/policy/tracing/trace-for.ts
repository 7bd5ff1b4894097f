import type { CriterionTrace, OperatorTrace, PolicyTrace, RuleTrace } from '../trace.ts'

/**
 * Of a policy so many rules are told to whoever it refuses.
 *
 * @limit rules told to whoever is refused: only that there are more
 */
const maxRules = 10

/** What stands in somebody's way, in words that name nobody else. */
export interface OwnTrace {
  readonly outcome: PolicyTrace['decision']['outcome']
  /** Those that keep them out, or of which one would have to hold. */
  readonly rules: readonly OwnRule[]
  /** Whether there are more rules than those. */
  readonly hasMore: boolean
}

export interface OwnRule {
  /** `deny`: it must not hold, and does. `allow`: it must hold, and does not. */
  readonly side: 'allow' | 'deny'
  /** The how-manieth of its side, from 1 on. */
  readonly number: number
  /** Each with what is needed of it. */
  readonly operators: readonly OwnOperator[]
}

export interface OwnOperator {
  /** Whether one of the criteria is enough, or all are needed. */
  readonly needs: 'one' | 'all'
  readonly criteria: readonly OwnCriterion[]
}

/** A criterion that stands in the way: its own facts only. */
export interface OwnCriterion extends Pick<
  CriterionTrace,
  'criterion' | 'found' | 'value' | 'reason' | 'sentence'
> {
  readonly needed: string
}

/**
 * The part of a trace that whoever asked may read: the rules and criteria in their way, what was found of
 * themselves, and what would be needed, without people, networks and claims that the policy names. Nothing to
 * somebody who is not signed in: no page tells a stranger about policy.
 */
export function traceFor({ decision, allow, deny }: PolicyTrace, isKnown: boolean): OwnTrace {
  const { outcome } = decision
  if (!isKnown || outcome === 'allow') return { outcome, rules: [], hasMore: false }
  const denying = ownRules(deny.rules, ({ state }) => state === 'holds')
  const all = denying.length > 0 ? denying : ownRules(allow.rules, ({ state }) => state === 'fails')
  return { outcome, rules: all.slice(0, maxRules), hasMore: all.length > maxRules }
}

function ownRules(
  rules: readonly RuleTrace[],
  isInTheWay: (rule: RuleTrace) => boolean,
): readonly OwnRule[] {
  return rules
    .map((rule, index) => ({ rule, number: index + 1 }))
    .filter(({ rule }) => isInTheWay(rule))
    .map(({ rule: { side, operators }, number }) => ({
      side,
      number,
      operators: operators
        .map((operator) => ownOperator(operator, side))
        .filter(({ criteria }) => criteria.length > 0),
    }))
}

function ownOperator({ operator, criteria }: OperatorTrace, side: RuleTrace['side']): OwnOperator {
  const isAny = operator === 'or' || operator === 'nor'
  // An alternative that must hold needs one, one that must not hold needs all of them otherwise.
  const needs = isAny === (side === 'allow') ? 'one' : 'all'
  return { needs, criteria: criteria.flatMap(ownCriterion) }
}

function ownCriterion(trace: CriterionTrace): readonly OwnCriterion[] {
  const { criterion, found, value, reason, sentence, neededBriefly } = trace
  if (neededBriefly === undefined) return []
  return [{ criterion, found, value, reason, sentence, needed: neededBriefly }]
}

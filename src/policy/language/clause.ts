import type { CompiledCriterion, WrittenCriterion } from '../criteria/criterion.ts'
import type { Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import type { PolicyProblem } from '../policy.ts'
import type { Operator } from './verdict.ts'

/** One operator of a rule with its criteria, of which there is at least one. */
export interface Clause {
  readonly side: 'allow' | 'deny'
  /** Of the rule that it stands in; empty for settings that stand for a rule. */
  readonly path: PolicyProblem['path']
  readonly operator: Operator
  readonly criteria: readonly WrittenCriterion[]
}

/**
 * What a criterion says where it stands. Of a service account there is nothing to know but its id, so
 * on the side of `allow` not knowing never lets it in: not by what it is not (`not` and `nor` turn the
 * value), and by no criterion but those that `admit`. On the side of `deny` it is judged as somebody
 * without email address, groups and claims, so that a `deny` of all but some holds for it as well.
 */
export function judgeIn(
  clause: Clause,
  criterion: CompiledCriterion,
  facts: RequestFacts,
): Verdict {
  const { subject } = facts
  const turned = isTurned(clause.operator)
  if (!criterion.readsSubject || subject?.kind !== 'service-account' || clause.side === 'deny') {
    return criterion.judge(facts, { side: clause.side, isTurned: turned })
  }
  return (
    (turned ? undefined : criterion.admit?.(subject)) ?? {
      value: turned,
      reasons: ['service-account-unauthorized'],
    }
  )
}

/** Whether an operator turns the values of its criteria. */
export function isTurned(operator: Operator): boolean {
  return operator === 'not' || operator === 'nor'
}

import type { CompiledCriterion } from './criteria/criterion.ts'
import type { Verdict } from './decision.ts'
import type { RequestFacts } from './facts.ts'
import type { Policy } from './policy.ts'
import { mergeOr, type Operator, operators, outcomeOf } from './verdict.ts'

/** One operator of a rule with its criteria, of which there is at least one. */
export interface Clause {
  readonly side: 'allow' | 'deny'
  readonly operator: Operator
  readonly criteria: readonly CompiledCriterion[]
}

/** A policy of clauses; those of one side are OR-ed, whichever rule they stood in. */
export function compilePolicy(clauses: readonly Clause[]): Policy {
  const criteria = clauses.flatMap((clause) => clause.criteria)
  const sides = Object.groupBy(clauses, ({ side }) => side)
  return {
    readsSubject: criteria.some(({ readsSubject }) => readsSubject),
    evaluate(facts) {
      const allow = judgeSide(sides.allow ?? [], facts)
      const deny = judgeSide(sides.deny ?? [], facts)
      const validUntilMs = nextChangeOf(criteria, facts.nowMs)
      return { outcome: outcomeOf(allow, deny), allow, deny, validUntilMs }
    },
  }
}

function judgeSide(clauses: readonly Clause[], facts: RequestFacts): Verdict {
  return mergeOr(
    clauses.map(({ operator, criteria }) =>
      operators[operator](criteria.map((criterion) => criterion.judge(facts))),
    ),
  )
}

function nextChangeOf(criteria: readonly CompiledCriterion[], nowMs: number): number | undefined {
  const changes = criteria
    .map((criterion) => criterion.nextChangeMs?.(nowMs))
    .filter((atMs) => atMs !== undefined)
  return changes.length === 0 ? undefined : Math.min(...changes)
}

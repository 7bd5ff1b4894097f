import type { CompiledCriterion } from '../criteria/criterion.ts'
import type { Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import type { Policy } from '../policy.ts'
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
    needsProvider: criteria.some(({ needsProvider }) => needsProvider === true),
    readsClientCertificate: criteria.some(({ readsClientCertificate }) => readsClientCertificate),
    evaluate(facts) {
      const allow = judgeSide(sides.allow ?? [], facts)
      const deny = judgeSide(sides.deny ?? [], facts)
      const validUntilMs = nextChangeOf(criteria, facts)
      return { outcome: outcomeOf(allow, deny), allow, deny, validUntilMs }
    },
  }
}

function judgeSide(clauses: readonly Clause[], facts: RequestFacts): Verdict {
  return mergeOr(
    clauses.map((clause) =>
      operators[clause.operator](
        clause.criteria.map((criterion) => judgeIn(clause, criterion, facts)),
      ),
    ),
  )
}

/**
 * What a criterion says where it stands. Of a service account there is nothing to know but its id, so
 * on the side of `allow` not knowing never lets it in: not by what it is not (`not` and `nor` turn the
 * value), and by no criterion but those that `admit`. On the side of `deny` it is judged as somebody
 * without email address, groups and claims, so that a `deny` of all but some holds for it as well.
 */
function judgeIn(clause: Clause, criterion: CompiledCriterion, facts: RequestFacts): Verdict {
  const { subject } = facts
  const isTurned = clause.operator === 'not' || clause.operator === 'nor'
  if (!criterion.readsSubject || subject?.kind !== 'service-account' || clause.side === 'deny') {
    return criterion.judge(facts, { side: clause.side, isTurned })
  }
  return (
    (isTurned ? undefined : criterion.admit?.(subject)) ?? {
      value: isTurned,
      reasons: ['service-account-unauthorized'],
    }
  )
}

function nextChangeOf(
  criteria: readonly CompiledCriterion[],
  facts: RequestFacts,
): number | undefined {
  const changes = criteria
    .map((criterion) => criterion.nextChangeMs?.(facts.nowMs, facts))
    .filter((atMs) => atMs !== undefined)
  return changes.length === 0 ? undefined : Math.min(...changes)
}

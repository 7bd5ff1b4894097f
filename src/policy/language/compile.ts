import type { CompiledCriterion } from '../criteria/criterion.ts'
import type { Decision, Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import type { Policy } from '../policy.ts'
import { type Clause, judgeIn } from './clause.ts'
import { traceSide } from './trace-side.ts'
import { mergeOr, operators, outcomeOf } from './verdict.ts'

/** A policy of clauses; those of one side are OR-ed, whichever rule they stood in. */
export function compilePolicy(clauses: readonly Clause[]): Policy {
  const criteria = clauses.flatMap((clause) => clause.criteria)
  const sides = Object.groupBy(clauses, ({ side }) => side)
  const evaluate = (facts: RequestFacts): Decision => {
    const allow = judgeSide(sides.allow ?? [], facts)
    const deny = judgeSide(sides.deny ?? [], facts)
    const validUntilMs = nextChangeOf(criteria, facts)
    return { outcome: outcomeOf(allow, deny), allow, deny, validUntilMs }
  }
  return {
    readsSubject: criteria.some(({ readsSubject }) => readsSubject),
    needsProvider: criteria.some(({ needsProvider }) => needsProvider === true),
    readsClientCertificate: criteria.some(({ readsClientCertificate }) => readsClientCertificate),
    evaluate,
    trace: (facts) => ({
      decision: evaluate(facts),
      allow: traceSide('allow', sides.allow ?? [], facts),
      deny: traceSide('deny', sides.deny ?? [], facts),
    }),
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

function nextChangeOf(
  criteria: readonly CompiledCriterion[],
  facts: RequestFacts,
): number | undefined {
  const changes = criteria
    .map((criterion) => criterion.nextChangeMs?.(facts.nowMs, facts))
    .filter((atMs) => atMs !== undefined)
  return changes.length === 0 ? undefined : Math.min(...changes)
}

import { traceCriterion } from '../criteria/trace-criterion.ts'
import type { Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import type { OperatorTrace, RuleTrace, SideTrace } from '../trace.ts'
import { type Clause, isTurned, judgeIn } from './clause.ts'
import { mergeOr, operators } from './verdict.ts'

/** What each rule of one side says, in their order. */
export function traceSide(
  side: Clause['side'],
  clauses: readonly Clause[],
  facts: RequestFacts,
): SideTrace {
  const rules = [...Map.groupBy(clauses, ({ path }) => path).values()]
  const traced = rules.map((rule) => traceRule(side, rule, facts))
  const { value, reasons } = mergeOr(traced.map(({ verdict }) => verdict))
  return { value, reasons, rules: traced.map(({ rule }) => rule) }
}

interface TracedRule {
  readonly verdict: Verdict
  readonly rule: RuleTrace
}

/** One rule of several operators, which are alternatives. */
function traceRule(
  side: Clause['side'],
  clauses: readonly Clause[],
  facts: RequestFacts,
): TracedRule {
  const traced = clauses.map((clause) => traceClause(clause, facts))
  const verdict = mergeOr(traced.map((clause) => clause.verdict))
  const state = verdict.value ? 'holds' : 'fails'
  const trace = traced.map((clause) => clause.operator)
  return { verdict, rule: { side, path: clauses[0]?.path ?? [], state, operators: trace } }
}

interface TracedClause {
  readonly verdict: Verdict
  readonly operator: OperatorTrace
}

function traceClause(clause: Clause, facts: RequestFacts): TracedClause {
  const { side, operator } = clause
  const judged = clause.criteria.map((criterion) => {
    const verdict = judgeIn(clause, criterion, facts)
    const stance = { side, isTurned: isTurned(operator) }
    return { verdict, trace: traceCriterion(criterion, facts, stance, verdict) }
  })
  const verdict = operators[operator](judged.map((one) => one.verdict))
  const criteria = judged.map(({ trace }) => trace)
  return { verdict, operator: { operator, value: verdict.value, criteria } }
}

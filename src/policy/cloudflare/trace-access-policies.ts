import type { Stance, WrittenCriterion } from '../criteria/criterion.ts'
import { traceCriterion } from '../criteria/trace-criterion.ts'
import type { Decision, Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { operators } from '../language/verdict.ts'
import type { OperatorTrace, PolicyTrace, RuleState, RuleTrace } from '../trace.ts'
import { sideOf, type AccessPolicy } from './access-policy.ts'
import type { NotePolicy, OrderedPolicies } from './decide.ts'

const parts = [
  { part: 'include', operator: 'or' },
  { part: 'require', operator: 'and' },
  { part: 'exclude', operator: 'not' },
] as const

/** Each policy with what became of it as `decide` went through them. */
export function traceAccessPolicies(
  { first, forPeople }: OrderedPolicies,
  facts: RequestFacts,
  decide: (note: NotePolicy) => Decision,
): PolicyTrace {
  const states = new Map<AccessPolicy, RuleState>()
  const decision = decide((policy, state) => states.set(policy, state))
  const rules = [...first, ...forPeople].map((policy) =>
    traceAccessPolicy(policy, states.get(policy) ?? 'not-asked', facts),
  )
  const onSide = (side: RuleTrace['side']) => rules.filter((rule) => rule.side === side)
  return {
    decision,
    allow: { ...decision.allow, rules: onSide('allow') },
    deny: { ...decision.deny, rules: onSide('deny') },
  }
}

/** Before all others stands the rule of a gateway that lets in nobody without a trusted certificate. */
export function traceCertificate(
  criterion: WrittenCriterion,
  facts: RequestFacts,
  trace: PolicyTrace,
): PolicyTrace {
  const operator = traceOperator('or', [criterion], { side: 'deny', isTurned: false }, facts)
  const state = operator.value ? 'holds' : 'fails'
  const rule: RuleTrace = { side: 'deny', path: ['downstream_mtls'], state, operators: [operator] }
  return { ...trace, deny: { ...trace.deny, rules: [rule, ...trace.deny.rules] } }
}

function traceAccessPolicy(policy: AccessPolicy, state: RuleState, facts: RequestFacts): RuleTrace {
  const { path, name, action } = policy
  const side = sideOf(policy)
  const operators = parts
    .filter(({ part }) => policy[part].length > 0)
    .map(({ part, operator }) => ({
      part,
      ...traceOperator(operator, policy[part], { side, isTurned: part === 'exclude' }, facts),
    }))
  return { side, path, ...(name === undefined ? {} : { name }), action, state, operators }
}

function traceOperator(
  operator: OperatorTrace['operator'],
  criteria: readonly WrittenCriterion[],
  stance: Stance,
  facts: RequestFacts,
): OperatorTrace {
  const verdicts: readonly Verdict[] = criteria.map((one) => one.judge(facts, stance))
  return {
    operator,
    value: operators[operator](verdicts).value,
    criteria: criteria.map((one, index) =>
      traceCriterion(one, facts, stance, verdicts[index] ?? one.judge(facts, stance)),
    ),
  }
}

import type { CompiledCriterion, Stance } from '../criteria/criterion.ts'
import type { Decision, Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { mergeOr, operators } from '../language/verdict.ts'
import type { RuleState } from '../trace.ts'
import { sideOf, type AccessPolicy } from './access-policy.ts'

/** Is told what became of each policy that was asked. */
export type NotePolicy = (policy: AccessPolicy, state: RuleState) => void

/** The policies of one application, in the order in which they are asked. */
export interface OrderedPolicies {
  /** For `bypass` and `service_auth`. */
  readonly first: readonly AccessPolicy[]
  readonly forPeople: readonly AccessPolicy[]
}

/** What the first policy that matches says, or that none does. */
export function decide(
  { first, forPeople }: OrderedPolicies,
  facts: RequestFacts,
  note: NotePolicy,
): Decision {
  const failed: Verdict[] = []
  for (const policy of first) {
    if (policy.action === 'service_auth' && facts.subject?.kind === 'person') continue
    const match = judge(policy, facts)
    const isKnown = policy.action === 'bypass' || facts.subject !== undefined
    note(policy, match.value && isKnown ? 'holds' : 'fails')
    if (match.value && isKnown) return decision('allow', { allow: match })
    failed.push(match)
  }
  const { subject } = facts
  if (subject === undefined) return decideForNobody(forPeople, facts, note)
  if (subject.kind === 'service-account') return refusal(failed, 'service-account-unauthorized')
  for (const policy of forPeople) {
    const match = judge(policy, facts)
    note(policy, match.value ? 'holds' : 'fails')
    if (match.value && policy.action === 'block') return decision('deny', { deny: match })
    if (match.value) return decision('allow', { allow: match })
    if (policy.action === 'allow') failed.push(match)
  }
  return refusal(failed)
}

/**
 * Whoever signed in might be anybody: what asks who they are is left open, in favour of signing in. A `block` that is
 * open changes nothing by itself; other policies of the same route let in nobody before it is known whom it is about.
 */
function decideForNobody(
  policies: readonly AccessPolicy[],
  facts: RequestFacts,
  note: NotePolicy,
): Decision {
  let deny = silent
  for (const policy of policies) {
    if (policy.action === 'block' && surelyMatches(policy, facts)) {
      note(policy, 'holds')
      return decision('deny', { deny: judge(policy, facts) })
    }
    const isOpen = mayMatch(policy, facts)
    note(policy, isOpen ? 'open' : 'fails')
    if (isOpen && policy.action === 'allow') return decision('sign-in', { allow: unknown, deny })
    if (isOpen) deny = unknown
  }
  return { ...refusal([]), deny }
}

function mayMatch({ include, require, exclude }: AccessPolicy, facts: RequestFacts): boolean {
  const may = (criterion: CompiledCriterion): boolean =>
    criterion.readsSubject || criterion.judge(facts, asAllow).value
  const isOut = (criterion: CompiledCriterion): boolean =>
    !criterion.readsSubject && criterion.judge(facts, asAllow).value
  return include.some(may) && require.every(may) && !exclude.some(isOut)
}

function surelyMatches({ include, require, exclude }: AccessPolicy, facts: RequestFacts): boolean {
  const does = (criterion: CompiledCriterion): boolean =>
    !criterion.readsSubject && criterion.judge(facts, asBlock).value
  const mayBeOut = (criterion: CompiledCriterion): boolean =>
    criterion.readsSubject || criterion.judge(facts, asBlock).value
  return include.some(does) && require.every(does) && !exclude.some(mayBeOut)
}

const asAllow: Stance = { side: 'allow', isTurned: false }
const asBlock: Stance = { side: 'deny', isTurned: false }

/** Where something about somebody can be read in two ways, a policy reads it in the one that keeps them out. */
function judge(policy: AccessPolicy, facts: RequestFacts): Verdict {
  const side = sideOf(policy)
  const { include, require, exclude } = policy
  const all = (criteria: readonly CompiledCriterion[], isTurned: boolean): readonly Verdict[] =>
    criteria.map((criterion) => criterion.judge(facts, { side, isTurned }))
  return operators.and([
    operators.or(all(include, false)),
    operators.and(all(require, false)),
    operators.not(all(exclude, true)),
  ])
}

/** Nothing matched. */
function refusal(failed: readonly Verdict[], ...more: readonly string[]): Decision {
  const { reasons } = mergeOr([...failed, { value: false, reasons: more }])
  return decision('deny', { allow: { value: false, reasons } })
}

const silent: Verdict = { value: false, reasons: [] }
const unknown: Verdict = { value: false, reasons: ['user-unauthenticated'] }

/** A decision of one side. */
export function decision(
  outcome: Decision['outcome'],
  { allow = silent, deny = silent, validUntilMs }: Partial<Decision>,
): Decision {
  return { outcome, allow, deny, validUntilMs }
}

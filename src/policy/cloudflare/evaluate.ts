import type { CompiledCriterion, Stance } from '../criteria/criterion.ts'
import { invalidClientCertificate } from '../criteria/invalid-client-certificate.ts'
import type { Decision, Verdict } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { mergeOr, operators } from '../language/verdict.ts'
import { documentRoot } from '../place.ts'
import type { Policy } from '../policy.ts'
import type { Action } from './selectors.ts'

/** One policy of an application (reference 3.2). */
export interface AccessPolicy {
  readonly action: Action
  /** One of these holds, */
  readonly include: readonly CompiledCriterion[]
  /** all of these, */
  readonly require: readonly CompiledCriterion[]
  /** and none of these. */
  readonly exclude: readonly CompiledCriterion[]
}

/**
 * Compiles the policies of one application: those for `bypass` and `service_auth` first, then `allow` and
 * `block`, each from top to bottom. The first that matches decides, and where none does nobody gets in.
 *
 * `bypass` is for everybody, `service_auth` for service accounts alone, `allow` and `block` for people: whoever is
 * not signed in is asked to, where an `allow` could match them then.
 */
export function compileAccessPolicies(
  policies: readonly AccessPolicy[],
  { deniesInvalidCertificates }: { readonly deniesInvalidCertificates: boolean },
): Policy {
  const isFirst = ({ action }: AccessPolicy): boolean =>
    action === 'bypass' || action === 'service_auth'
  const first = policies.filter(isFirst)
  const forPeople = policies.filter((policy) => !isFirst(policy))
  const certificate = deniesInvalidCertificates ? invalidCertificates : undefined
  return {
    readsSubject: policies.some(({ action }) => action !== 'bypass'),
    needsProvider: policies.some(({ action }) => action === 'allow'),
    readsClientCertificate: certificate !== undefined,
    evaluate(facts) {
      const refused = certificate?.judge(facts, asBlock)
      const validUntilMs = certificate?.nextChangeMs?.(facts.nowMs, facts)
      if (refused?.value === true) {
        return decision('client-certificate', { deny: refused, validUntilMs })
      }
      return { ...decide(first, forPeople, facts), validUntilMs }
    },
  }
}

const invalidCertificates = invalidClientCertificate.parse(true, documentRoot([]), '')

function decide(
  first: readonly AccessPolicy[],
  forPeople: readonly AccessPolicy[],
  facts: RequestFacts,
): Decision {
  const failed: Verdict[] = []
  for (const policy of first) {
    if (policy.action === 'service_auth' && facts.subject?.kind === 'person') continue
    const match = judge(policy, facts)
    const isKnown = policy.action === 'bypass' || facts.subject !== undefined
    if (match.value && isKnown) return decision('allow', { allow: match })
    failed.push(match)
  }
  const { subject } = facts
  if (subject === undefined) return decideForNobody(forPeople, facts)
  if (subject.kind === 'service-account') return refusal(failed, 'service-account-unauthorized')
  for (const policy of forPeople) {
    const match = judge(policy, facts)
    if (match.value && policy.action === 'block') return decision('deny', { deny: match })
    if (match.value) return decision('allow', { allow: match })
    if (policy.action === 'allow') failed.push(match)
  }
  return refusal(failed)
}

/** Whoever signed in might be anybody: what asks who they are is left open, in favour of signing in. */
function decideForNobody(policies: readonly AccessPolicy[], facts: RequestFacts): Decision {
  for (const policy of policies) {
    if (policy.action === 'allow' && mayMatch(policy, facts)) {
      return decision('sign-in', { allow: { value: false, reasons: ['user-unauthenticated'] } })
    }
    if (policy.action === 'block' && surelyMatches(policy, facts)) {
      return decision('deny', { deny: judge(policy, facts) })
    }
  }
  return refusal([])
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
function judge({ action, include, require, exclude }: AccessPolicy, facts: RequestFacts): Verdict {
  const side = action === 'block' ? 'deny' : 'allow'
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

function decision(
  outcome: Decision['outcome'],
  { allow = silent, deny = silent, validUntilMs }: Partial<Decision>,
): Decision {
  return { outcome, allow, deny, validUntilMs }
}

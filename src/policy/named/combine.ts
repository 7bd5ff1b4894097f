import type { Advice, Decision } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { mergeOr, outcomeOf } from '../language/verdict.ts'
import type { Policy } from '../policy.ts'
import type { PolicyTrace, RuleTrace, SideTrace } from '../trace.ts'
import type { NamedPolicy } from './parse-named-policy.ts'

/**
 * The policy of a route that names some: one lets in where any of them does, and none says no. Two of the policy
 * language are what all their rules in one document are; one in Cloudflare's words decides by its own order first.
 */
export function combinePolicies(own: Policy, named: readonly NamedPolicy[]): Policy {
  if (named.length === 0) return own
  const all = [own, ...named.map(({ policy }) => policy)]
  const evaluate = (facts: RequestFacts): Decision => {
    const decisions = all.map((policy) => policy.evaluate(facts))
    const allow = mergeOr(decisions.map((decision) => decision.allow))
    const deny = mergeOr(decisions.map((decision) => decision.deny))
    const outcome = outcomeOf(allow, deny)
    const combined = { outcome, allow, deny, validUntilMs: earliest(decisions) }
    if (outcome !== 'deny') return combined
    return { ...combined, advice: adviceOf(named, decisions.slice(1), deny.value) }
  }
  return {
    readsSubject: all.some(({ readsSubject }) => readsSubject),
    needsProvider: all.some(({ needsProvider }) => needsProvider),
    readsClientCertificate: all.some(({ readsClientCertificate }) => readsClientCertificate),
    evaluate,
    trace(facts) {
      const decision = evaluate(facts)
      const traces = [own.trace(facts), ...named.map((it) => tracedAs(it, facts))]
      const side = (of: 'allow' | 'deny'): SideTrace => ({
        ...decision[of],
        rules: traces.flatMap((trace) => trace[of].rules),
      })
      return { decision, allow: side('allow'), deny: side('deny') }
    },
  }
}

/** Its rules under its name, and where a route names it. */
function tracedAs({ name, namespace, policy }: NamedPolicy, facts: RequestFacts): PolicyTrace {
  const trace = policy.trace(facts)
  const own = (rule: RuleTrace): RuleTrace => ({
    ...rule,
    of: { name, namespace },
    name: rule.name === undefined ? name : `${name}: ${rule.name}`,
    path: ['policy_names', name, ...rule.path],
  })
  const side = ({ rules, ...rest }: SideTrace): SideTrace => ({ ...rest, rules: rules.map(own) })
  return { ...trace, allow: side(trace.allow), deny: side(trace.deny) }
}

function earliest(decisions: readonly Decision[]): number | undefined {
  const times = decisions
    .map(({ validUntilMs }) => validUntilMs)
    .filter((atMs) => atMs !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Of those that keep somebody out, or else of all: none of them lets in. */
function adviceOf(
  named: readonly NamedPolicy[],
  decisions: readonly Decision[],
  isDenied: boolean,
): readonly Advice[] {
  return named
    .filter((_, index) => !isDenied || decisions[index]?.deny.value === true)
    .map(({ advice }) => advice)
    .filter(({ explanation, remediation }) => explanation !== '' || remediation !== '')
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { arbitraryAccessPolicies, arbitraryFacts, arbitraryPolicy } from './arbitrary.fixture.ts'
import { parseApplicationPolicy } from '../cloudflare/parse.ts'
import { policyOf } from '../language/policy.suite.ts'
import { parseRoutePolicy } from '../language/shorthand.ts'
import { mergeOr, operators } from '../language/verdict.ts'
import type { OperatorTrace, PolicyTrace, RuleTrace } from '../trace.ts'

const uses = fc.constantFrom('policy' as const, 'default-deny' as const)

test('a trace of the policy language adds up to the decision, for any policy and facts', () => {
  fc.assert(
    fc.property(arbitraryPolicy, uses, arbitraryFacts, (document, use, facts) => {
      const policy = policyOf(parseRoutePolicy(document, {}, use))
      const trace = policy.trace(facts)
      assert.deepEqual(trace.decision, policy.evaluate(facts))
      for (const side of ['allow', 'deny'] as const) {
        const { rules, ...verdict } = trace[side]
        assert.deepEqual(verdict, trace.decision[side])
        assert.deepEqual(mergeOr(rules.map(addedUp)), verdict)
        for (const rule of rules) assert.equal(rule.state, addedUp(rule).value ? 'holds' : 'fails')
      }
    }),
    { numRuns: 700 },
  )
})

test("a trace in Cloudflare's words adds up to the decision, for any policies and facts", () => {
  fc.assert(
    fc.property(arbitraryAccessPolicies, uses, arbitraryFacts, (document, use, facts) => {
      const policy = policyOf(parseApplicationPolicy(document, { clientCertificates: use }))
      const trace = policy.trace(facts)
      assert.deepEqual(trace.decision, policy.evaluate(facts))
      assert.equal(outcomeOfTree(trace), trace.decision.outcome)
    }),
    { numRuns: 700 },
  )
})

test('what a criterion needs is told exactly where it stands in the way', () => {
  fc.assert(
    fc.property(arbitraryPolicy, arbitraryFacts, (document, facts) => {
      const trace = policyOf(parseRoutePolicy(document, {}, 'policy')).trace(facts)
      for (const { side, operators: list } of [...trace.allow.rules, ...trace.deny.rules]) {
        for (const { operator, criteria } of list) {
          const isTurned = operator === 'not' || operator === 'nor'
          for (const { value, reason, needed } of criteria) {
            const helps = value === ((side === 'allow') !== isTurned)
            assert.equal(needed === undefined, helps && reason !== 'user-unauthenticated')
          }
        }
      }
    }),
  )
})

/** What the criteria of a rule lead to by the operators that they stand under. */
function addedUp({ operators: list }: RuleTrace) {
  return mergeOr(list.map(addedUpOperator))
}

function addedUpOperator({ operator, criteria, value }: OperatorTrace) {
  const verdict = operators[operator](
    criteria.map((criterion) => ({ value: criterion.value, reasons: [criterion.reason] })),
  )
  assert.equal(verdict.value, value)
  return verdict
}

/** The outcome that the states of the policies show: at most one decides, and its parts all hold. */
function outcomeOfTree({ allow, deny }: PolicyTrace): string {
  const rules = [...allow.rules, ...deny.rules]
  // A "block" that is open decides nothing by itself.
  const [decisive, ...others] = rules.filter(
    ({ state, side }) => state === 'holds' || (state === 'open' && side === 'allow'),
  )
  assert.deepEqual(others, [])
  if (decisive === undefined) return 'deny'
  const holding = decisive.operators.map(addedUpOperator).every(({ value }) => value)
  if (decisive.state === 'open') return 'sign-in'
  assert.ok(holding, 'a policy that holds has parts that do not')
  if (decisive.side === 'allow') return 'allow'
  return decisive.action === undefined ? 'client-certificate' : 'deny'
}

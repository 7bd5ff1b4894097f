import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseApplicationPolicy } from '../cloudflare/parse.ts'
import type { Decision } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { policyOf } from '../language/policy.suite.ts'
import { parsePolicy } from '../language/parse.ts'
import {
  arbitraryAccessPolicies,
  arbitraryFacts,
  arbitraryPolicy,
  arbitrarySharedPolicy,
} from '../tracing/arbitrary.fixture.ts'
import { toAccessPolicies } from './to-access-policies.ts'
import { toPolicyLanguage } from './to-language.ts'

const rules = { clientCertificates: 'none' } as const

/** The two decide alike: who is let in, and whoever is signed in is told the same. */
function assertAlike(one: Decision, other: Decision, { subject }: RequestFacts): void {
  const seen = ({ outcome }: Decision): unknown =>
    subject === undefined ? outcome === 'allow' : outcome
  assert.equal(seen(one), seen(other))
}

describe('a policy in its two views', () => {
  test('what sends strangers to the sign-in, whom another rule lets in, has no equal', () => {
    const open = { allow: { or: [{ accept: true }] } }
    for (const rule of [
      { deny: { not: [{ authenticated_user: true }] } },
      { deny: { and: [{ reject: true }, { email: { is: 'ann@corp.example' } }] } },
      { allow: { nor: [{ authenticated_user: true }] } },
      { allow: { not: [{ groups: { has: 'dba' } }] } },
    ])
      assert.ok('problems' in toAccessPolicies([open, rule]), JSON.stringify(rule))
    const harmless = { deny: { and: [{ reject: true }, { source_ip: '192.0.2.0/24' }] } }
    assert.deepEqual(toAccessPolicies([open, harmless]), {
      document: [{ action: 'bypass', include: [{ everyone: true }] }],
    })
  })

  test("Cloudflare's words decide in the policy language as they did", () => {
    let converted = 0
    let allowed = 0
    fc.assert(
      fc.property(
        arbitraryAccessPolicies,
        fc.array(arbitraryFacts, { minLength: 10 }),
        (policies, all) => {
          const before = policyOf(parseApplicationPolicy(policies, rules))
          const result = toPolicyLanguage(policies)
          if ('problems' in result) return assert.ok(result.problems.length > 0)
          converted += 1
          const after = policyOf(parsePolicy(result.document))
          for (const facts of all) {
            const decision = before.evaluate(facts)
            if (decision.outcome === 'allow') allowed += 1
            assertAlike(decision, after.evaluate(facts), facts)
          }
        },
      ),
      { numRuns: 3000 },
    )
    assert.ok(converted > 800 && allowed > 500, `${converted} converted, ${allowed} allowed`)
  })

  test("the policy language decides in Cloudflare's words as it did", () => {
    let converted = 0
    let allowed = 0
    fc.assert(
      fc.property(
        fc.oneof(arbitrarySharedPolicy, arbitrarySharedPolicy, arbitraryPolicy),
        fc.array(arbitraryFacts, { minLength: 10 }),
        (document, all) => {
          const before = policyOf(parsePolicy(document))
          const result = toAccessPolicies(document)
          if ('problems' in result) return assert.ok(result.problems.length > 0)
          converted += 1
          const after = policyOf(parseApplicationPolicy(result.document, rules))
          for (const facts of all) {
            const decision = before.evaluate(facts)
            if (decision.outcome === 'allow') allowed += 1
            assertAlike(decision, after.evaluate(facts), facts)
          }
        },
      ),
      { numRuns: 3000 },
    )
    assert.ok(converted > 200 && allowed > 100, `${converted} converted, ${allowed} allowed`)
  })
})

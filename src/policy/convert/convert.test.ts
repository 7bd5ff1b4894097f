import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseApplicationPolicy } from '../cloudflare/parse.ts'
import type { Decision } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { policyOf } from '../language/policy.suite.ts'
import { combinePolicies } from '../named/combine.ts'
import type { Policy } from '../policy.ts'
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

/** A route of its own policy for everybody, or for everybody who is signed in, that names one. */
function besideOpenOnes(policy: Policy): readonly Policy[] {
  const advice = { policy: 'it', explanation: '', remediation: '' }
  const named = {
    name: 'it',
    policy,
    advice,
    namespace: undefined,
    definition: {},
    fingerprint: '',
  }
  return [{ accept: true }, { authenticated_user: true }].map((criterion) =>
    combinePolicies(policyOf(parsePolicy([{ allow: { or: [criterion] } }])), [named]),
  )
}

/** Whom one keeps out, or does not let in before it knows them, the other does not let in, whatever else does. */
function assertKeepsOut(one: Policy, other: Policy, all: readonly RequestFacts[]): void {
  const others = besideOpenOnes(other)
  for (const [index, combined] of besideOpenOnes(one).entries()) {
    for (const facts of all) {
      const { deny } = combined.evaluate(facts)
      const keepsOut = deny.value || deny.reasons.includes('user-unauthenticated')
      if (keepsOut) assert.notEqual(others[index]?.evaluate(facts).outcome, 'allow')
    }
  }
}

describe('a policy in its two views', () => {
  test('keeps out the same where another one beside it lets them in', () => {
    const block = { action: 'block', include: [{ email: 'ann@corp.example' }] }
    assert.deepEqual(toPolicyLanguage([block]), {
      document: [{ deny: { or: [{ email: { is: 'ann@corp.example' } }] } }],
    })
    const allow = { action: 'allow', include: [{ group: 'dba' }] }
    const last = { action: 'block', include: [{ everyone: true }] }
    assert.ok('problems' in toPolicyLanguage([allow, last]))
    for (const rule of [
      { deny: { or: [{ source_ip: '192.0.2.0/24' }] } },
      { deny: { nor: [{ domain: { is: 'corp.example' } }] } },
      { deny: { not: [{ authenticated_user: true }] } },
      { deny: { and: [{ source_ip: '192.0.2.0/24' }, { groups: 'dba' }] } },
    ])
      assert.ok('problems' in toAccessPolicies(rule), JSON.stringify(rule))
  })

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
          assertKeepsOut(before, after, all)
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
          assertKeepsOut(before, after, all)
        },
      ),
      { numRuns: 3000 },
    )
    assert.ok(converted > 200 && allowed > 100, `${converted} converted, ${allowed} allowed`)
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicy } from '../language/parse.ts'
import { alice, factsWith, policyOf } from '../language/policy.suite.ts'
import type { Policy } from '../policy.ts'
import { combinePolicies } from './combine.ts'
import { parseNamedPolicy, type NamedPolicy } from './parse-named-policy.ts'

function named(plain: object): NamedPolicy {
  const parsed = parseNamedPolicy({ name: 'it', ...plain }, { clientCertificates: 'policy' })
  return parsed.named ?? assert.fail(JSON.stringify(parsed.faults))
}

const own = (document?: unknown): Policy => policyOf(parsePolicy(document))
const allow = (criterion: object) => ({ allow: { or: [criterion] } })
const deny = (criterion: object) => ({ deny: { or: [criterion] } })

test('a route that names none has its own policy', () => {
  const policy = own()
  assert.equal(combinePolicies(policy, []), policy)
})

test('a decision holds until the first of all that any of them depends on', () => {
  const until = (...dates: readonly string[]) => {
    const policies = dates.map((before) => named({ policy: allow({ date: { before } }) }))
    return combinePolicies(own(), policies).evaluate(factsWith()).validUntilMs
  }
  assert.equal(until('2027-01-02', '2027-01-01', '2027-01-03'), Date.UTC(2027, 0, 1))
  const timeless = combinePolicies(own(), [named({ policy: allow({ user: 'x' }) })])
  assert.equal(timeless.evaluate(factsWith()).validUntilMs, undefined)
})

test('it asks for whatever one of them asks for', () => {
  const asks = (...criteria: readonly object[]) => {
    const policies = criteria.map((it) => named({ policy: allow(it) }))
    const { readsSubject, needsProvider, readsClientCertificate } = combinePolicies(own(), policies)
    return [readsSubject, needsProvider, readsClientCertificate]
  }
  const network = { source_ip: '10.0.0.0/8' }
  assert.deepEqual(asks(network), [false, false, false])
  assert.deepEqual(asks(network, { user: 'x' }), [true, false, false])
  assert.deepEqual(asks({ groups: 'x' }, network), [true, true, false])
  assert.deepEqual(asks(network, { invalid_client_certificate: true }), [false, false, true])
})

test('a rule is traced under the name of its policy, and where the route names it', () => {
  const plain = named({ policy: [allow({ user: 'x' })], namespace: 'lab' })
  const words = named({
    policies: [{ name: 'staff', action: 'allow', include: [{ everyone: true }] }],
  })
  const policy = combinePolicies(own(allow({ user: 'y' })), [plain, words])
  const trace = policy.trace(factsWith())
  assert.deepEqual(
    trace.allow.rules.map(({ name, path, of }) => ({ name, path, of })),
    [
      { name: undefined, path: [], of: undefined },
      {
        name: 'it',
        path: ['policy_names', 'it', 'policy', 0],
        of: { name: 'it', namespace: 'lab' },
      },
      {
        name: 'it: staff',
        path: ['policy_names', 'it', 'policies', 0],
        of: { name: 'it', namespace: undefined },
      },
    ],
  )
  assert.deepEqual(trace.decision, policy.evaluate(factsWith()))
  assert.equal(trace.allow.value, true)
  assert.deepEqual(trace.allow.reasons, trace.decision.allow.reasons)
})

test('whoever is refused is told by those that keep them out, or else by all that say anything', () => {
  const isAlice = { user: alice.userId }
  const blocks = named({ name: 'blocks', policy: deny(isAlice), explanation: 'why' })
  const others = named({ name: 'others', policy: deny({ user: 'x' }), remediation: 'how' })
  const silent = named({ name: 'silent', policy: deny(isAlice) })
  const told = (policies: readonly NamedPolicy[], route = own()) =>
    combinePolicies(route, policies)
      .evaluate(factsWith())
      .advice?.map(({ policy }) => policy)
  assert.deepEqual(told([others, blocks, silent]), ['blocks'])
  assert.deepEqual(told([others, silent].slice(0, 1)), ['others'])
  const lets = named({ name: 'lets', policy: allow({ user: 'x' }), explanation: 'why' })
  assert.deepEqual(told([lets, others]), ['lets', 'others'])
  assert.equal(told([lets], own(allow(isAlice))), undefined)
})

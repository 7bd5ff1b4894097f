import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Decision } from '../decision.ts'
import type { RequestFacts, Subject } from '../facts.ts'
import { parsePolicy } from '../language/parse.ts'
import type { Policy } from '../policy.ts'
import { combinePolicies } from './combine.ts'
import { parseNamedPolicy, type NamedPolicy } from './parse-named-policy.ts'

const rules = { clientCertificates: 'none' } as const

function named(plain: object): NamedPolicy {
  const { faults, named } = parseNamedPolicy({ name: 'it', ...plain }, rules)
  assert.deepEqual(faults, [])
  assert.ok(named)
  return named
}

function policyOf(document: unknown): Policy {
  const parsed = parsePolicy(document)
  assert.ok('policy' in parsed)
  return parsed.policy
}

const alice: Subject = {
  kind: 'person',
  userId: 'u-alice',
  email: 'alice@example.com',
  emailVerified: true,
  groups: ['dba'],
  claims: {},
}

function decide(policy: Policy, who: Subject | 'nobody' = alice): Decision {
  const facts: RequestFacts = {
    subject: who === 'nobody' ? undefined : who,
    method: 'CONNECT',
    path: '',
    sourceIp: '192.0.2.1',
    clientCertificate: undefined,
    nowMs: 0,
  }
  return policy.evaluate(facts)
}

const nobody = policyOf([])
const allow = (criterion: object): object => ({ allow: { or: [criterion] } })
const deny = (criterion: object): object => ({ deny: { or: [criterion] } })
const isAlice = { email: { is: 'alice@example.com' } }
const isBob = { email: { is: 'bob@example.com' } }

describe('named policies of a route', () => {
  test('let in whom one of them allows, and nobody whom one of them denies', () => {
    const [forAlice, forBob] = [isAlice, isBob].map((it) => named({ policy: allow(it) }))
    assert.ok(forAlice && forBob)
    assert.equal(decide(combinePolicies(nobody, [forBob, forAlice])).outcome, 'allow')
    assert.equal(decide(combinePolicies(nobody, [forBob])).outcome, 'deny')
    const notAlice = named({ policy: deny(isAlice) })
    assert.equal(decide(combinePolicies(policyOf(allow(isAlice)), [notAlice])).outcome, 'deny')
    assert.equal(decide(combinePolicies(nobody, [forAlice]), 'nobody').outcome, 'sign-in')
  })

  test('may be written in either language, and a block of one is a no for all', () => {
    const cloudflare = (action: string): NamedPolicy =>
      named({ policies: [{ action, include: [{ email: 'alice@example.com' }] }] })
    assert.equal(decide(combinePolicies(nobody, [cloudflare('allow')])).outcome, 'allow')
    const own = policyOf(allow(isAlice))
    assert.equal(decide(combinePolicies(own, [cloudflare('block')])).outcome, 'deny')
    assert.equal(decide(combinePolicies(own, [cloudflare('block')]), 'nobody').outcome, 'sign-in')
  })

  test('of which one blocks people ask whoever comes who they are, also where another lets in all', () => {
    const block = { action: 'block', include: [{ email: 'alice@example.com' }] }
    const elsewhere = { ...block, require: [{ ip: '198.51.100.0/24' }] }
    const everybody = policyOf(allow({ accept: true }))
    const beside = (...policies: readonly object[]): Policy =>
      combinePolicies(everybody, [named({ policies })])
    const open = { action: 'allow', include: [{ everyone: true }] }
    for (const policies of [[block], [block, open]]) {
      assert.equal(decide(beside(...policies), 'nobody').outcome, 'sign-in')
      assert.equal(decide(beside(...policies)).outcome, 'deny')
    }
    for (const policies of [[elsewhere], [open, block]])
      assert.equal(decide(beside(...policies), 'nobody').outcome, 'allow')
  })

  test('decide as all their rules in one document do', () => {
    const criterion = fc.constantFrom<object>(
      isAlice,
      isBob,
      { groups: { has: 'dba' } },
      { authenticated_user: true },
      { accept: true },
      { source_ip: '192.0.2.0/24' },
      { day_of_week: 'Thu' },
    )
    const operator = fc.constantFrom('and', 'or', 'not', 'nor')
    const rule = fc
      .tuple(fc.constantFrom('allow', 'deny'), operator, fc.array(criterion, { maxLength: 2 }))
      .map(([side, operator, criteria]) => ({ [side]: { [operator]: criteria } }))
    const documents = fc.array(fc.array(rule, { maxLength: 2 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(documents, fc.constantFrom(alice, 'nobody' as const), (all, who) => {
        const [own, ...others] = all
        const combined = combinePolicies(
          policyOf(own),
          others.map((policy) => named({ policy })),
        )
        const { advice: _advice, ...decision } = decide(combined, who)
        assert.deepEqual(decision, decide(policyOf(all.flat()), who))
      }),
    )
  })

  test('tell those whom they refuse why, and what to do', () => {
    const advised = (name: string, policy: object): NamedPolicy =>
      named({ name, policy, explanation: `why ${name}`, remediation: `do ${name}` })
    const [forBob, notAlice] = [advised('bob', allow(isBob)), advised('no', deny(isAlice))]
    const adviceOf = (own: Policy, policies: readonly NamedPolicy[]) =>
      decide(combinePolicies(own, policies)).advice?.map(({ policy }) => policy)
    const quiet = named({ policy: allow(isBob) })
    assert.deepEqual(adviceOf(nobody, [forBob, quiet]), ['bob'])
    assert.deepEqual(adviceOf(nobody, [forBob, notAlice]), ['no'])
    assert.equal(adviceOf(policyOf(allow(isAlice)), [forBob]), undefined)
    const strangers = decide(combinePolicies(nobody, [forBob]), 'nobody')
    assert.equal(strangers.advice, undefined)
  })

  test('are traced under their names', () => {
    const policy = combinePolicies(policyOf(allow(isBob)), [named({ policy: allow(isAlice) })])
    const facts = { subject: alice, method: 'CONNECT', path: '', sourceIp: '192.0.2.1', nowMs: 0 }
    const trace = policy.trace({ ...facts, clientCertificate: undefined })
    assert.equal(trace.decision.outcome, 'allow')
    assert.deepEqual(
      trace.allow.rules.map(({ name, path, state }) => [name, path[0], state]),
      [
        [undefined, undefined, 'fails'],
        ['it', 'policy_names', 'holds'],
      ],
    )
  })
})

test('what is wrong with a named policy is told at its place, all of it', () => {
  const faultsOf = (plain: unknown) =>
    parseNamedPolicy(plain, rules).faults.map(({ path, message }) => [path.join('.'), message])
  assert.deepEqual(
    faultsOf({ name: 'a b', polcy: [], policy: { allow: { or: [{ emial: 1 }] } } }),
    [
      ['polcy', 'unknown key'],
      ['name', 'must be a name such as database-admins, not "a b"'],
      ['policy.allow.or.0.emial', 'unknown criterion "emial"'],
    ],
  )
  assert.deepEqual(faultsOf({ explanation: 'two\nlines', policy: [], policies: [] }).slice(0, 3), [
    ['explanation', 'must be one line, without control characters'],
    ['name', 'is required: text of at most 64 characters'],
    ['policies', 'cannot be given together with "policy": it says the same in other words'],
  ])
  assert.deepEqual(faultsOf({ name: 'it' }), [
    ['policy', 'is required, or "policies" in its place'],
  ])
  assert.deepEqual(
    faultsOf('staff')[0]?.[1],
    'must be a policy with "name" and "policy", not "staff"',
  )
})

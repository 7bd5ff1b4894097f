import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicy } from '../language/parse.ts'
import { parseApplicationPolicy } from '../cloudflare/parse.ts'
import { alice, backup, factsWith, policyOf } from '../language/policy.suite.ts'
import type { RequestFacts } from '../facts.ts'
import { traceFor } from './trace-for.ts'

function told(document: unknown, changes: Partial<RequestFacts> = {}) {
  const facts = factsWith(changes)
  return traceFor(policyOf(parsePolicy(document)).trace(facts), facts.subject !== undefined)
}

test('whoever is refused reads what failed, what was found of them and what is needed', () => {
  const document = {
    allow: { and: [{ domain: { is: 'corp.example' } }, { groups: { has: 'dba' } }] },
  }
  assert.deepEqual(told(document), {
    outcome: 'deny',
    hasMore: false,
    rules: [
      {
        side: 'allow',
        number: 1,
        operators: [
          {
            needs: 'all',
            criteria: [
              {
                criterion: 'groups',
                found: '"engineering", "on-call"',
                value: false,
                reason: 'groups-unauthorized',
                sentence: 'you are not in the groups this route names',
                needed: 'groups with "dba"',
              },
            ],
          },
        ],
      },
    ],
  })
})

test('people, networks, claims and certificates that a policy names are told to nobody it refuses', () => {
  const document = {
    allow: {
      or: [
        { email: { in: ['bob@corp.example', 'carol@corp.example'] } },
        { user: { is: 'secret-user' } },
        { 'claim/manager': 'secret-manager' },
        { 'claim/email': 'dave@corp.example' },
        { source_ip: ['203.0.113.0/24'] },
        { client_certificate: { san_email: 'erin@corp.example' } },
      ],
    },
  }
  const { rules } = told(document)
  assert.equal(rules[0]?.operators[0]?.criteria.length, 6)
  const text = JSON.stringify(rules)
  for (const secret of ['bob', 'carol', 'dave', 'erin', 'secret', '203.0.113'])
    assert.ok(!text.includes(secret), `${secret} in ${text}`)
  const access = [
    { action: 'allow', name: 'for bob', include: [{ email: 'bob@corp.example' }] },
    { action: 'service_auth', include: [{ service_token: 'secret-account' }] },
  ]
  const policy = policyOf(parseApplicationPolicy(access, { clientCertificates: 'none' }))
  for (const subject of [alice, backup]) {
    const trace = JSON.stringify(traceFor(policy.trace(factsWith({ subject })), true))
    assert.doesNotMatch(trace, /bob|secret/)
  }
})

test('a deny that holds is told, not what an allow would have needed', () => {
  const document = [
    { allow: { or: [{ groups: { has: 'dba' } }] } },
    { deny: { or: [{ groups: { has: 'on-call' } }, { groups: { has: 'absent' } }] } },
  ]
  const { rules } = told(document)
  assert.deepEqual(
    rules.map(({ side, operators }) => [side, operators.map((one) => one.needs)]),
    [['deny', ['all']]],
  )
  assert.deepEqual(
    rules[0]?.operators[0]?.criteria.map(({ needed }) => needed),
    ['anything but groups with "on-call"'],
  )
})

test('somebody who is not signed in is told nothing of a policy', () => {
  const document = { allow: { and: [{ source_ip: '203.0.113.1' }, { groups: { has: 'dba' } }] } }
  assert.deepEqual(told(document, { subject: undefined }).rules, [])
})

test('rules beyond the bound are told as there being more', () => {
  const document = Array.from({ length: 12 }, () => ({
    allow: { or: [{ groups: { has: 'dba' } }] },
  }))
  const { rules, hasMore } = told(document)
  assert.deepEqual([rules.length, hasMore], [10, true])
})

test("a rule that lets in, or that is in nobody's way, is not told, and the others keep their numbers", () => {
  const fails = { allow: { or: [{ groups: 'dba' }] } }
  const denies = (group: string) => ({ deny: { or: [{ groups: group }] } })
  const numbers = (document: unknown) =>
    told(document).rules.map(({ side, number }) => `${side} ${number}`)
  assert.deepEqual(numbers([{ allow: { or: [{ accept: true }] } }]), [])
  assert.deepEqual(numbers([fails, fails]), ['allow 1', 'allow 2'])
  assert.deepEqual(numbers([fails, denies('absent'), denies('on-call')]), ['deny 2'])
})

test('an alternative needs one of its criteria, what must not hold all of them otherwise', () => {
  const needs = (operator: string, side: string) => {
    const all = [{ groups: 'dba' }, { groups: 'on-call' }]
    const document = [{ [side]: { [operator]: all } }]
    return told(document).rules[0]?.operators.map((one) => one.needs)
  }
  assert.deepEqual(needs('and', 'allow'), ['all'])
  assert.deepEqual(needs('not', 'allow'), ['all'])
  assert.deepEqual(needs('or', 'deny'), ['all'])
  assert.deepEqual(needs('nor', 'deny'), ['all'])
  const or = [{ allow: { or: [{ groups: 'dba' }], and: [{ groups: 'on-call' }, { groups: 'x' }] } }]
  assert.deepEqual(
    told(or).rules[0]?.operators.map((one) => [one.needs, one.criteria.length]),
    [
      ['all', 1],
      ['one', 1],
    ],
  )
  const nor = [{ allow: { nor: [{ groups: 'on-call' }] } }]
  assert.deepEqual(
    told(nor).rules[0]?.operators.map((one) => one.needs),
    ['one'],
  )
})

test('an operator of which nothing stands in the way is not told', () => {
  const document = [{ deny: { or: [{ groups: 'on-call' }], and: [{ groups: 'absent' }] } }]
  assert.equal(told(document).rules[0]?.operators.length, 1)
})

test('ten rules are told, and that there are no more', () => {
  const document = Array.from({ length: 10 }, () => ({ allow: { or: [{ groups: 'dba' }] } }))
  const { rules, hasMore } = told(document)
  assert.deepEqual([rules.length, hasMore], [10, false])
})

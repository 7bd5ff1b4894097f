import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestFacts } from '../facts.ts'
import { alice, backup, factsWith, policyOf } from '../language/policy.suite.ts'
import type { ClientCertificateUse } from '../language/shorthand.ts'
import type { RuleTrace } from '../trace.ts'
import { parseApplicationPolicy } from './parse.ts'

const isAlice = { email: 'alice@corp.example' }
const office = { ip: '192.0.2.0/24' }

function traceOf(
  policies: readonly unknown[],
  changes: Partial<RequestFacts> = {},
  clientCertificates: ClientCertificateUse = 'none',
) {
  const policy = policyOf(parseApplicationPolicy(policies, { clientCertificates }))
  const facts = factsWith(changes)
  const trace = policy.trace(facts)
  assert.deepEqual(trace.decision, policy.evaluate(facts))
  return trace
}

const inShort = ({ side, path, name, action, state }: RuleTrace) => ({
  side,
  path: path.join('.'),
  ...(name === undefined ? {} : { name }),
  action,
  state,
})

const policies = [
  { name: 'no mallory', action: 'block', include: [{ email: 'mallory@corp.example' }] },
  { action: 'allow', include: [isAlice, { group: 'ops' }], require: [office] },
  { action: 'allow', include: [{ everyone: true }] },
  { action: 'service_auth', include: [{ service_token: 'backup' }] },
]

test('each policy is traced on its side with what became of it, the first asked first', () => {
  const { allow, deny } = traceOf(policies)
  assert.deepEqual(deny.rules.map(inShort), [
    { side: 'deny', path: 'policies.0', name: 'no mallory', action: 'block', state: 'fails' },
  ])
  assert.deepEqual(allow.rules.map(inShort), [
    { side: 'allow', path: 'policies.3', action: 'service_auth', state: 'not-asked' },
    { side: 'allow', path: 'policies.1', action: 'allow', state: 'holds' },
    { side: 'allow', path: 'policies.2', action: 'allow', state: 'not-asked' },
  ])
  assert.deepEqual([allow.value, deny.value], [true, false])
  const account = traceOf(policies, { subject: backup })
  assert.deepEqual(
    account.allow.rules.map(({ state }) => state),
    ['holds', 'not-asked', 'not-asked'],
  )
})

test('what might match somebody who signs in is open', () => {
  const { allow, deny } = traceOf(policies, { subject: undefined })
  assert.deepEqual(
    [...deny.rules, ...allow.rules].map(({ state }) => state),
    ['open', 'fails', 'open', 'not-asked'],
  )
})

test('a part is traced as the operator that it is, and not where it is empty', () => {
  const all = [
    { action: 'allow', include: [isAlice], require: [office], exclude: [{ group: 'on-call' }] },
    { action: 'allow', include: [{ group: 'ops' }, isAlice] },
  ]
  const [first, second] = traceOf(all).allow.rules
  assert.deepEqual(
    first?.operators.map(({ part, operator, value }) => [part, operator, value]),
    [
      ['include', 'or', true],
      ['require', 'and', true],
      ['exclude', 'not', false],
    ],
  )
  const [include, , exclude] = first?.operators ?? []
  assert.deepEqual(
    include?.criteria.map(({ criterion, value, needed }) => [criterion, value, needed]),
    [['email', true, undefined]],
  )
  assert.deepEqual(
    exclude?.criteria.map(({ criterion, value, needed }) => [criterion, value, needed]),
    [['group', true, 'anything but groups with "on-call"']],
  )
  assert.deepEqual(
    second?.operators.map(({ part, criteria }) => [part, criteria.length]),
    [['include', 2]],
  )
})

test('a service account is traced by its id, and a person by their address', () => {
  const of = (changes: Partial<RequestFacts>) => {
    const policy = [
      { action: 'service_auth', include: [{ service_token: 'deploy' }] },
      { action: 'service_auth', include: [{ any_valid_service_token: true }] },
    ]
    return traceOf(policy, changes).allow.rules.map(({ operators }) => {
      const found = operators[0]?.criteria[0]
      return [found?.found, found?.needed, found?.neededBriefly]
    })
  }
  const [named, any] = of({ subject: alice })
  assert.deepEqual(named, [
    'a person, "alice@corp.example"',
    'the credential of service account "deploy"',
    'the credential of a service account that this route names',
  ])
  const credential = 'the credential of a service account'
  assert.deepEqual(any, ['a person, "alice@corp.example"', credential, credential])
  const nameless = of({ subject: { ...alice, email: undefined } })
  assert.equal(nameless[0]?.[0], 'a person, "u-alice"')
  assert.equal(of({ subject: backup })[0]?.[0], 'service account "backup"')
})

test('before all others stands the rule about certificates, where the gateway has it', () => {
  const open = [
    { action: 'bypass', include: [{ everyone: true }] },
    { action: 'block', include: [isAlice] },
  ]
  const { decision, deny } = traceOf(open, {}, 'default-deny')
  assert.equal(decision.outcome, 'client-certificate')
  assert.deepEqual(
    deny.rules.map(({ path, state, side }) => [path.join('.'), state, side]),
    [
      ['downstream_mtls', 'holds', 'deny'],
      ['policies.1', 'not-asked', 'deny'],
    ],
  )
  const [operator] = deny.rules[0]?.operators ?? []
  assert.equal(operator?.operator, 'or')
  assert.deepEqual(
    operator?.criteria.map(({ criterion, asks, value, needed }) => [
      criterion,
      asks,
      value,
      needed,
    ]),
    [
      [
        'invalid_client_certificate',
        true,
        true,
        'anything but no client certificate that this gateway trusts',
      ],
    ],
  )
  const clientCertificate = {
    isValid: true,
    fingerprint: '',
    spkiHash: '',
    dnsNames: [],
    emailAddresses: [],
    uris: [],
    validUntilMs: 7,
  }
  const trusted = traceOf(open, { clientCertificate }, 'default-deny')
  assert.equal(trusted.deny.rules[0]?.state, 'fails')
  assert.deepEqual([trusted.decision.outcome, trusted.decision.validUntilMs], ['allow', 7])
  const without = traceOf(open)
  assert.deepEqual(
    without.deny.rules.map(({ path }) => path.join('.')),
    ['policies.1'],
  )
})

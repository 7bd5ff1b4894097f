import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision } from '../decision.ts'
import type { RequestFacts } from '../facts.ts'
import { alice, backup, factsWith, policyOf, verdict } from '../language/policy.suite.ts'
import type { ClientCertificateUse } from '../language/shorthand.ts'
import { parseApplicationPolicy } from './parse.ts'

function policy(policies: readonly unknown[], clientCertificates: ClientCertificateUse = 'none') {
  return policyOf(parseApplicationPolicy(policies, { clientCertificates }))
}

function decide(policies: readonly unknown[], changes: Partial<RequestFacts> = {}): Decision {
  return policy(policies).evaluate(factsWith(changes))
}

const nobody = { subject: undefined }
const everyone = { everyone: true }
const isAlice = { email: 'alice@corp.example' }
const isBob = { email: 'bob@corp.example' }
const [office, elsewhere] = [{ ip: '192.0.2.0/24' }, { ip: '198.51.100.0/24' }]
const silent = verdict(false)
const untold = { validUntilMs: undefined }

test('a decision says why: what has let somebody in, or kept them out', () => {
  assert.deepEqual(decide([{ action: 'allow', include: [isAlice], require: [office] }]), {
    outcome: 'allow',
    allow: verdict(true, 'email-ok', 'source-ip-ok'),
    deny: silent,
    ...untold,
  })
  assert.deepEqual(decide([{ action: 'block', include: [isAlice] }]), {
    outcome: 'deny',
    allow: silent,
    deny: verdict(true, 'email-ok'),
    ...untold,
  })
  assert.deepEqual(decide([{ action: 'bypass', include: [office] }], nobody), {
    outcome: 'allow',
    allow: verdict(true, 'source-ip-ok'),
    deny: silent,
    ...untold,
  })
})

test('where nothing matches it says what each of those that let in has missed', () => {
  const policies = [
    { action: 'bypass', include: [elsewhere] },
    { action: 'allow', include: [isBob] },
    { action: 'block', include: [{ group: 'dba' }] },
  ]
  assert.deepEqual(decide(policies), {
    outcome: 'deny',
    allow: verdict(false, 'email-unauthorized', 'source-ip-unauthorized'),
    deny: silent,
    ...untold,
  })
  const account = decide(policies, { subject: backup })
  assert.deepEqual(
    account.allow,
    verdict(false, 'service-account-unauthorized', 'source-ip-unauthorized'),
  )
})

test('whoever is not signed in is asked to where an allow could match them, and told nothing', () => {
  const open = { action: 'allow', include: [isAlice] }
  const signIn = { outcome: 'sign-in', allow: verdict(false, 'user-unauthenticated'), ...untold }
  assert.deepEqual(decide([open], nobody), { ...signIn, deny: silent })
  const block = { action: 'block', include: [isBob] }
  const unknown = verdict(false, 'user-unauthenticated')
  assert.deepEqual(decide([block, open], nobody), { ...signIn, deny: unknown })
  assert.deepEqual(decide([{ ...block, require: [elsewhere] }, open], nobody), {
    ...signIn,
    deny: silent,
  })
  assert.deepEqual(decide([block], nobody), {
    outcome: 'deny',
    allow: silent,
    deny: unknown,
    ...untold,
  })
  assert.deepEqual(
    decide([{ action: 'allow', include: [isAlice], require: [elsewhere] }], nobody),
    {
      outcome: 'deny',
      allow: silent,
      deny: silent,
      ...untold,
    },
  )
})

test('a block of everybody from somewhere is one before it is known who they are', () => {
  const open = { action: 'allow', include: [isAlice] }
  const block = { action: 'block', include: [everyone], require: [office] }
  assert.deepEqual(decide([block, open], nobody), {
    outcome: 'deny',
    allow: silent,
    deny: verdict(true, 'accept', 'source-ip-ok'),
    ...untold,
  })
  for (const unsure of [
    { ...block, exclude: [isAlice] },
    { ...block, exclude: [office] },
    { ...block, require: [elsewhere] },
    { ...block, require: [isAlice] },
    { action: 'block', include: [isAlice] },
  ])
    assert.equal(decide([unsure, open], nobody).outcome, 'sign-in', JSON.stringify(unsure))
  const notElsewhere = { ...block, exclude: [elsewhere] }
  assert.equal(decide([notElsewhere, open], nobody).outcome, 'deny')
})

test('a policy for service accounts lets in nobody else, and no person is asked by it', () => {
  const policies = [
    { action: 'service_auth', include: [office] },
    { action: 'allow', include: [isBob] },
  ]
  assert.equal(decide(policies, { subject: backup }).outcome, 'allow')
  assert.deepEqual(decide(policies).allow, verdict(false, 'email-unauthorized'))
  assert.equal(decide(policies, { subject: alice }).outcome, 'deny')
  assert.equal(decide(policies, nobody).outcome, 'sign-in')
})

test('one policy of several is enough to ask who somebody is, or for a provider', () => {
  const needs = (...actions: readonly string[]) => {
    const made = policy(actions.map((action) => ({ action, include: [everyone] })))
    return [made.readsSubject, made.needsProvider, made.readsClientCertificate]
  }
  assert.deepEqual(needs('bypass'), [false, false, false])
  assert.deepEqual(needs('bypass', 'service_auth'), [true, false, false])
  assert.deepEqual(needs('bypass', 'allow', 'block'), [true, true, false])
})

test('without a trusted certificate nobody gets in where the gateway wants one, and it says why', () => {
  const open = policy([{ action: 'bypass', include: [everyone] }], 'default-deny')
  assert.deepEqual(open.evaluate(factsWith()), {
    outcome: 'client-certificate',
    allow: silent,
    deny: verdict(true, 'client-certificate-required'),
    ...untold,
  })
})

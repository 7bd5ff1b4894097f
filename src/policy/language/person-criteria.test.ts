import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '../decision.ts'
import type { Subject } from '../facts.ts'
import { alice, ask, criterionProblems, decide, verdict } from './policy.suite.ts'

/** What a criterion says of alice, with what a test says otherwise of her. */
function askOf(criterion: unknown, changes: Partial<Subject> = {}): Verdict {
  return ask(criterion, { subject: { ...alice, ...changes } })
}

test('criteria about a person are false of nobody, and lead to a sign-in', () => {
  for (const criterion of [
    { authenticated_user: true },
    { user: { not: 'x' } },
    { email: { not: 'x' } },
    { domain: { not_in: ['x'] } },
    { 'claim/department': { exclude: 'x' } },
    { groups: { exclude: 'x' } },
    { provider: { not: 'x' } },
  ]) {
    assert.deepEqual(ask(criterion, { subject: undefined }), verdict(false, 'user-unauthenticated'))
    const signedIn = [...ask(criterion).reasons, ...askOf(criterion, { email: undefined }).reasons]
    assert.ok(!signedIn.includes('user-unauthenticated'))
  }
})

test('accept and reject ask nobody', () => {
  for (const subject of [alice, undefined]) {
    assert.deepEqual(ask({ accept: true }, { subject }), verdict(true, 'accept'))
    assert.deepEqual(ask({ reject: true }, { subject }), verdict(false, 'reject'))
  }
})

test('authenticated_user is whoever is signed in, whatever its data', () => {
  for (const data of [true, '', null, {}]) {
    assert.deepEqual(askOf({ authenticated_user: data }), verdict(true, 'user-ok'))
  }
})

test('user is the identifier, with its case, and never the email address', () => {
  assert.deepEqual(askOf({ user: 'u-alice' }), verdict(true, 'user-ok'))
  assert.deepEqual(askOf({ user: 'U-alice' }), verdict(false, 'user-unauthorized'))
  assert.deepEqual(askOf({ user: 'alice@corp.example' }), verdict(false, 'user-unauthorized'))
  assert.deepEqual(askOf({ user: 'u-alice' }, { emailVerified: false }), verdict(true, 'user-ok'))
})

test('email compares without case on both sides', () => {
  assert.deepEqual(askOf({ email: 'ALICE@Corp.example' }), verdict(true, 'email-ok'))
  const shouting = { email: 'ALICE@CORP.EXAMPLE' }
  for (const data of [
    { in: ['Alice@corp.example'] },
    { contains: 'CE@co' },
    { starts_with: 'aL' },
    { ends_with: '.EXAMPLE' },
  ]) {
    assert.deepEqual(askOf({ email: data }, shouting), verdict(true, 'email-ok'))
  }
  assert.deepEqual(
    askOf({ email: { not: 'alice@corp.example' } }, shouting),
    verdict(false, 'email-unauthorized'),
  )
  assert.deepEqual(
    askOf({ email: { not_in: ['alice@corp.example'] } }, shouting),
    verdict(false, 'email-unauthorized'),
  )
})

test('domain is what follows the first at sign, without case', () => {
  const says = (email: string | undefined, data: unknown): boolean =>
    askOf({ domain: data }, { email }).value
  assert.equal(says('a@Corp.Example', 'corp.example'), true)
  assert.deepEqual(askOf({ domain: 'corp.example' }, {}), verdict(true, 'domain-ok'))
  assert.equal(says('a@corp.example', { is: 'CORP.EXAMPLE' }), true)
  assert.equal(says('a@sub.corp.example', 'corp.example'), false)
  assert.equal(says('corp.example', 'corp.example'), false)
  assert.equal(says('"x@corp.example"@evil.example', 'corp.example'), false)
  assert.equal(says('x@evil.example@corp.example', 'corp.example'), false)
  assert.deepEqual(
    askOf({ domain: 'x' }, { email: undefined }),
    verdict(false, 'domain-unauthorized'),
  )
})

test('an unverified email address satisfies no criterion that reads it', () => {
  const claims = { ...alice.claims, email: 'alice@corp.example', emails: ['alice@corp.example'] }
  for (const criterion of [
    { email: 'alice@corp.example' },
    { email: { not: 'mallory@corp.example' } },
    { domain: 'corp.example' },
    { domain: { not: 'other.example' } },
    { 'claim/email': 'alice@corp.example' },
    { 'claim/email': { exclude: 'mallory@corp.example' } },
  ]) {
    assert.equal(askOf(criterion, { claims }).value, true)
    const unverified = askOf(criterion, { claims, emailVerified: false })
    assert.deepEqual(unverified, verdict(false, 'email-unverified'))
  }
})

test("a deny takes an unverified address for theirs, and for nobody's", () => {
  const subject = { ...alice, emailVerified: false }
  const denied = { deny: { or: [{ email: 'alice@corp.example' }] } }
  assert.deepEqual(decide(denied, { subject }).deny, verdict(true, 'email-ok'))
  const outsiders = { allow: { or: [{ accept: 1 }] }, deny: { not: [{ domain: 'corp.example' }] } }
  assert.equal(decide(outsiders).outcome, 'allow')
  assert.equal(decide(outsiders, { subject }).outcome, 'deny')
  assert.deepEqual(decide(outsiders, { subject }).deny, verdict(true, 'email-unverified'))
  const others = { allow: { or: [{ accept: 1 }] }, deny: { or: [{ email: 'bob@corp.example' }] } }
  assert.equal(decide(others, { subject }).outcome, 'allow')
})

test('an allow of all but some lets no unverified address in', () => {
  const allButBob = { allow: { not: [{ email: 'bob@corp.example' }] } }
  assert.equal(decide(allButBob).outcome, 'allow')
  const unverified = decide(allButBob, { subject: { ...alice, emailVerified: false } })
  assert.deepEqual(unverified.allow, verdict(false, 'email-unverified'))
})

test('a deny holds for every spelling of an address, and an allow for the exact one', () => {
  const denied = (email: string, criterion: unknown): string =>
    decide([{ allow: { or: [{ accept: 1 }] } }, { deny: { or: [criterion] } }], {
      subject: { ...alice, email },
    }).outcome
  for (const email of [
    'mallory@corp.test',
    ' mallory@corp.test',
    'mallory@corp.test\u00a0',
    'mallory@corp.test.',
    '.MALLORY.@.Corp.Test..',
    'mallory @ corp.test',
    'mal\u200blory@corp.test',
    '\uff4dallory\uff20corp\uff0etest',
    'mallory@corp\u3002test',
  ]) {
    assert.equal(denied(email, { email: 'mallory@corp.test' }), 'deny', email)
    assert.equal(denied(email, { domain: 'corp.test' }), 'deny', email)
    assert.equal(denied(email, { email: { starts_with: 'mallory@' } }), 'deny', email)
    assert.equal(denied(email, { email: { in: ['MALLORY@corp.test.'] } }), 'deny', email)
    const byAddress = askOf({ email: 'mallory@corp.test' }, { email }).value
    assert.equal(byAddress, email === 'mallory@corp.test', email)
    assert.equal(
      askOf({ domain: 'corp.test' }, { email }).value,
      email.endsWith('@corp.test'),
      email,
    )
  }
  assert.equal(denied('kim@b\u00fccher.test', { domain: 'xn--bcher-kva.test' }), 'deny')
  assert.equal(denied('kim@xn--bcher-kva.test', { domain: 'b\u00fccher.test' }), 'deny')
  assert.equal(denied('\u212aim@corp.test', { email: 'kim@corp.test' }), 'deny')
  assert.equal(denied('"a@b.test"@corp.test', { domain: 'corp.test' }), 'deny')
  for (const innocent of ['alice@corp.test', 'mallory@other.test', 'mallory@evilcorp.test'])
    assert.equal(denied(innocent, { email: 'mallory@corp.test' }), 'allow', innocent)
  assert.equal(denied('x@evilcorp.test', { domain: { ends_with: '.corp.test' } }), 'allow')
})

test('groups that an unverified address would have keep out, and let nobody in', () => {
  const subject = { ...alice, groups: [], claimedGroups: ['contractors'] }
  const inside = { groups: 'contractors' }
  const all = { allow: { or: [{ accept: 1 }] } }
  assert.equal(decide({ allow: { or: [inside] } }, { subject }).outcome, 'deny')
  assert.equal(decide({ allow: { not: [inside] } }, { subject }).outcome, 'deny')
  assert.equal(decide([all, { deny: { or: [inside] } }], { subject }).outcome, 'deny')
  assert.equal(decide([all, { deny: { not: [inside] } }], { subject }).outcome, 'deny')
})

test('groups match by has, is and exclude', () => {
  assert.deepEqual(askOf({ groups: { has: 'on-call' } }), verdict(true, 'groups-ok'))
  assert.deepEqual(askOf({ groups: 'ON-CALL' }), verdict(false, 'groups-unauthorized'))
  assert.deepEqual(askOf({ groups: { is: 'on-call' } }), verdict(false, 'groups-unauthorized'))
  assert.deepEqual(askOf({ groups: { is: 'x' } }, { groups: ['x'] }), verdict(true, 'groups-ok'))
  assert.deepEqual(askOf({ groups: { exclude: 'on-call' } }), verdict(false, 'groups-unauthorized'))
})

test('a claim may be a string, number, boolean or a list of these', () => {
  const claims = { name: 'Doe', level: 3, admin: true, roles: ['a', 7, null, { b: 1 }] }
  for (const [path, data] of Object.entries({ name: 'Doe', level: 3, admin: true, roles: 7 })) {
    assert.deepEqual(askOf({ [`claim/${path}`]: data }, { claims }), verdict(true, 'claim-ok'))
  }
  assert.equal(askOf({ 'claim/name': 'doe' }, { claims }).value, false)
  assert.equal(askOf({ 'claim/roles': { is: 'a' } }, { claims }).value, false)
  assert.deepEqual(askOf({ 'claim/none': 'x' }, { claims }), verdict(false, 'claim-unauthorized'))
  assert.equal(askOf({ 'claim/none': { exclude: 'x' } }, { claims }).value, true)
  assert.equal(askOf({ 'claim/roles': '[object Object]' }, { claims }).value, false)
  assert.equal(askOf({ 'claim/roles': 'null' }, { claims }).value, false)
})

test('a path leads into nested claims by slash or dot, up to five levels, literal names first', () => {
  const claims = {
    a: { b: { c: { d: { e: 'five', f: { g: 'six' } } } } },
    'x/y': 'literal',
    x: { y: 'nested' },
    'https://corp.example/the/very/long/groups': ['ops'],
  }
  const says = (path: string, value: string): boolean =>
    askOf({ [`claim/${path}`]: value }, { claims }).value
  assert.equal(says('a/b/c/d/e', 'five'), true)
  assert.equal(says('a.b.c.d.e', 'five'), true)
  assert.equal(says('a/b.c/d.e', 'five'), true)
  assert.equal(says('a/b/c/d/f/g', 'six'), false)
  assert.equal(says('x/y', 'literal'), true)
  assert.equal(says('x/y', 'nested'), false)
  assert.equal(says('x.y', 'nested'), true)
  assert.equal(says('https://corp.example/the/very/long/groups', 'ops'), true)
})

test('a claim path sees own properties only, and no list positions', () => {
  const claims = { list: ['a'], text: 'abc', nothing: null }
  for (const path of [
    'constructor/name',
    '__proto__/constructor/name',
    'toString',
    'list/0',
    'list/length',
    'text/length',
    'nothing/x',
    'list/',
  ]) {
    const says = askOf({ [`claim/${path}`]: { has: 'x' } }, { claims })
    assert.deepEqual(says, verdict(false, 'claim-unauthorized'), path)
    assert.equal(askOf({ [`claim/${path}`]: 'Object' }, { claims }).value, false, path)
    assert.equal(askOf({ [`claim/${path}`]: 'a' }, { claims }).value, false, path)
  }
})

test('a claim that is only inherited is none', () => {
  const claims: Record<string, unknown> = Object.create({ role: 'admin', deep: { role: 'admin' } })
  claims['own'] = Object.create({ role: 'admin' })
  for (const path of ['role', 'deep/role', 'own/role']) {
    assert.equal(askOf({ [`claim/${path}`]: 'admin' }, { claims }).value, false, path)
  }
})

test('the email claim compares without case, like the address it is', () => {
  const claims = { email: 'Alice@Corp.example', department: 'R&D' }
  assert.equal(askOf({ 'claim/email': 'alice@corp.EXAMPLE' }, { claims }).value, true)
  assert.equal(askOf({ 'claim/department': 'r&d' }, { claims }).value, false)
})

test('each criterion refuses data of another type', () => {
  for (const name of ['user', 'email', 'domain', 'claim/x', 'groups', 'http_method', 'http_path']) {
    for (const data of [null, [], ['x'], {}, { is: {} }, { has: null }, '', { is: '' }]) {
      const problems = criterionProblems({ [name]: data })
      assert.equal(problems.length, 1, `${name}: ${JSON.stringify(data)}`)
    }
  }
})

test('provider is the id of the one that somebody has signed in with', () => {
  const partner = { provider: 'partner' }
  assert.deepEqual(askOf({ provider: 'partner' }, partner), verdict(true, 'provider-ok'))
  assert.deepEqual(askOf({ provider: 'partner' }), verdict(false, 'provider-unauthorized'))
  assert.deepEqual(askOf({ provider: { in: ['default', 'okta'] } }), verdict(true, 'provider-ok'))
  assert.deepEqual(askOf({ provider: { not: 'default' } }, partner), verdict(true, 'provider-ok'))
  // Where it is not known it is none.
  const unknown = { provider: undefined }
  assert.deepEqual(askOf({ provider: 'default' }, unknown), verdict(false, 'provider-unauthorized'))
})

test('of several addresses in a claim a deny holds for each, and an allow for none', () => {
  const claims = { email: ['mallory@x.example', 7, 'bob@x.example'] }
  const subject = { ...alice, email: undefined, claims }
  const outcome = (...rules: readonly unknown[]) => decide(rules, { subject }).outcome
  const open = { allow: { or: [{ accept: 1 }] } }
  for (const email of ['mallory@x.example', 'bob@x.example']) {
    assert.equal(outcome(open, { deny: { or: [{ email }] } }), 'deny')
    assert.equal(outcome({ allow: { or: [{ email }] } }), 'deny')
    assert.equal(outcome({ allow: { not: [{ email }] } }), 'deny')
  }
  assert.equal(outcome({ allow: { not: [{ email: 'ann@x.example' }] } }), 'allow')
  assert.equal(outcome(open, { deny: { or: [{ email: '7' }] } }), 'allow')
})

test('a claim that is one address is none where the provider has named none', () => {
  const subject = { ...alice, email: undefined, claims: { email: 'bob@x.example' } }
  const document = [
    { allow: { or: [{ accept: 1 }] } },
    { deny: { or: [{ email: 'bob@x.example' }] } },
  ]
  assert.equal(decide(document, { subject }).outcome, 'allow')
})

test('nothing stands in an address or a domain that somebody does not have', () => {
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    const part = { contains: letter }
    assert.equal(askOf({ email: part }, { email: undefined }).value, false, letter)
    assert.equal(askOf({ domain: part }, { email: letter }).value, false, letter)
    assert.equal(askOf({ provider: part }, { provider: undefined }).value, false, letter)
    const nameless = { ...alice, email: undefined }
    const denied = decide({ deny: { or: [{ email: part }] } }, { subject: nameless })
    assert.equal(denied.deny.value, false, letter)
    const subject = { ...alice, email: `${letter}@x.example`, emailVerified: false }
    const others = decide({ deny: { not: [{ email: part }] } }, { subject })
    assert.equal(others.deny.value, true, letter)
  }
})

test('what a provider says of a person besides their address needs no verified one', () => {
  for (const criterion of [{ 'claim/department': 'r&d' }, { 'claim/emails': 'x' }])
    assert.equal(
      askOf(criterion, { emailVerified: false, claims: { department: 'r&d', emails: 'x' } }).value,
      true,
    )
})

test('a deny by the claim of an address holds for every spelling of it', () => {
  const document = { deny: { or: [{ 'claim/email': 'mallory@x.example' }] } }
  const subject = { ...alice, claims: { email: ' MALLORY@x.example.' } }
  assert.equal(decide(document, { subject }).deny.value, true)
})

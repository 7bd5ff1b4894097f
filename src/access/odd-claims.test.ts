import assert from 'node:assert/strict'
import { test } from 'node:test'
import { personOf } from '../identity/person.ts'
import { decide } from '../policy/language/policy.suite.ts'

/**
 * Who is let in by a criterion in an `allow`, in an `allow` that turns it, in a `deny` and in a `deny` that
 * turns it; each as + or -.
 */
function lettersOf(criterion: unknown, claims: Readonly<Record<string, unknown>>): string {
  const names = { groupsClaim: 'groups', emailClaim: 'email', trustsMissingEmailVerified: true }
  const subject = { kind: 'person' as const, userId: 'u-1', ...personOf(claims, names) }
  const anybody = { allow: { or: [{ authenticated_user: true }] } }
  const policies = [
    { allow: { or: [criterion] } },
    { allow: { not: [criterion] } },
    [anybody, { deny: { or: [criterion] } }],
    [anybody, { deny: { not: [criterion] } }],
  ]
  return policies
    .map((policy) => (decide(policy, { subject }).outcome === 'allow' ? '+' : '-'))
    .join('')
}

const named = '+--+'
const another = '-++-'
/** What keeps out wherever it stands. */
const never = '----'
const nothing = [undefined, null, true, {}, [], [[]], [null], ''] as const

function checkTable(
  criterion: unknown,
  claim: string,
  rows: readonly (readonly [unknown, string])[],
) {
  for (const [value, letters] of rows) {
    const claims = value === undefined ? {} : { [claim]: value }
    assert.equal(lettersOf(criterion, claims), letters, JSON.stringify(value))
  }
}

test('groups: what is no group is none, however it comes', () => {
  checkTable({ groups: { has: 'ops' } }, 'groups', [
    ...nothing.map((value) => [value, another] as const),
    [{ ops: true }, another],
    [[['ops']], another],
    [[{ id: 'ops' }], another],
    ['ops', named],
    [['ops'], named],
    [['dev', 7, null, 'ops'], named],
    [[{ value: 'ops' }], named],
    [[{ name: 'ops' }], named],
    [[{ value: 'dev', name: 'ops' }], another],
    [['Ops'], another],
  ])
  checkTable({ groups: { has: '7' } }, 'groups', [
    [7, named],
    [[7], named],
    [['7'], named],
    [[true], another],
  ])
})

test('claim: texts, numbers, booleans and lists of these, and nothing else', () => {
  checkTable({ 'claim/dept': 'ops' }, 'dept', [
    ...nothing.map((value) => [value, another] as const),
    [{ ops: true }, another],
    [[['ops']], another],
    [[{ value: 'ops' }], another],
    ['ops', named],
    [['ops'], named],
    [['dev', 7, null, 'ops'], named],
    [' ops', another],
  ])
  checkTable({ 'claim/level': 7 }, 'level', [
    [7, named],
    ['7', named],
    [[7], named],
    [7.5, another],
    [{ level: 7 }, another],
  ])
  checkTable({ 'claim/admin': true }, 'admin', [
    [true, named],
    ['true', named],
    [false, another],
    [null, another],
  ])
})

for (const [criterion, ofBlank] of [
  [{ email: 'mallory@corp.test' }, never],
  [{ domain: 'corp.test' }, named],
] as const) {
  test(`${Object.keys(criterion)[0]}: a list of several is no address, and any of them to a deny`, () => {
    checkTable(criterion, 'email', [
      ...nothing.map((value) => [value, another] as const),
      [7, another],
      ['mallory@corp.test', named],
      ['Mallory@CORP.test', named],
      ['alice@other.test', another],
      [['mallory@corp.test'], named],
      [['alice@other.test', 'mallory@corp.test'], never],
      [['alice@other.test', 7], another],
      [{ email: 'mallory@corp.test' }, another],
      [' mallory@corp.test', ofBlank],
      ['mallory@corp.test.', never],
    ])
  })

  test(`${Object.keys(criterion)[0]}: an unverified address keeps out whoever it is`, () => {
    const unverified = (email: unknown): string =>
      lettersOf(criterion, { email, email_verified: false })
    assert.equal(unverified('mallory@corp.test'), never)
    assert.equal(unverified('mallory@corp.test.'), never)
    assert.equal(unverified('alice@other.test'), '--+-')
    for (const none of nothing) assert.equal(unverified(none), '--+-', JSON.stringify(none))
    assert.equal(unverified(['mallory@corp.test', 'x@y.test']), never)
    for (const no of [0, 'no', [], {}, 'False'])
      assert.equal(lettersOf(criterion, { email: 'mallory@corp.test', email_verified: no }), never)
  })
}

test('claim/email: the same for an unverified one', () => {
  const criterion = { 'claim/email': 'mallory@corp.test' }
  checkTable(criterion, 'email', [
    ...nothing.map((value) => [value, another] as const),
    ['mallory@corp.test', named],
    [['alice@other.test', 'mallory@corp.test'], named],
    ['mallory@corp.test.', never],
  ])
  const unverified = (email: unknown) => lettersOf(criterion, { email, email_verified: false })
  assert.equal(unverified('mallory@corp.test'), never)
  assert.equal(unverified(' MALLORY@corp.test'), never)
  assert.equal(unverified('alice@other.test'), '--+-')
})

test('user and authenticated_user do not look at claims', () => {
  for (const claims of [{}, { sub: 7, email: [], groups: 'x', email_verified: false }]) {
    assert.equal(lettersOf({ user: 'u-1' }, claims), named)
    assert.equal(lettersOf({ user: 'u-2' }, claims), another)
    assert.equal(lettersOf({ authenticated_user: true }, claims), named)
  }
})

test('criteria about the request alone do not look at claims either', () => {
  for (const [criterion, letters] of [
    [{ accept: true }, named],
    [{ reject: true }, another],
    [{ source_ip: '192.0.2.0/24' }, named],
    [{ source_ip: '10.0.0.0/8' }, another],
    [{ http_method: 'CONNECT' }, named],
    [{ http_path: '/x' }, another],
    [{ day_of_week: 'wed' }, named],
    [{ date: { after: '2027-01-01' } }, another],
    [{ time_of_day: { timezone: 'UTC', after: '11:00', before: '13:00' } }, named],
  ] as const) {
    for (const claims of [{}, { email: 7, groups: {}, method: [], ip: null }])
      assert.equal(lettersOf(criterion, claims), letters, JSON.stringify(criterion))
  }
})

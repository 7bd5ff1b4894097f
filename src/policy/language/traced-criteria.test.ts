import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestFacts, Subject } from '../facts.ts'
import { parsePolicy } from './parse.ts'
import { alice, backup, factsWith, policyOf } from './policy.suite.ts'
import type { CriterionTrace } from '../trace.ts'
import { allCriteria } from '../criteria/all.ts'
import { listed, matching, matchingList, quoted } from '../criteria/words.ts'

type Changes = Partial<RequestFacts>

/** What a trace says of one criterion of a policy. */
function traceOf(criterion: unknown, changes: Changes = {}, operator = 'or', side = 'allow') {
  const policy = policyOf(parsePolicy({ [side]: { [operator]: [criterion] } }))
  const trace = policy.trace(factsWith(changes))
  const found = trace[side as 'allow'].rules[0]?.operators[0]?.criteria[0]
  return found ?? assert.fail('nothing was traced')
}

const person = (changes: Partial<Subject>): Changes => ({ subject: { ...alice, ...changes } })
const certificate = {
  isValid: true,
  fingerprint: 'ab'.repeat(32),
  spkiHash: '',
  dnsNames: ['laptop.corp.example'],
  emailAddresses: ['ann@corp.example'],
  uris: ['spiffe://corp.example/ann'],
  validUntilMs: undefined,
}
const nameless = { ...certificate, dnsNames: [], emailAddresses: [], uris: [] }
const other = { fingerprint: 'cd'.repeat(32) }

type Row = readonly [criterion: unknown, facts: Changes, found: string, needed: string, ...string[]]

/** The last text is what is said to whoever is refused, where that is another one. */
const rows: readonly Row[] = [
  [{ reject: true }, {}, 'anything', 'what nobody has: it never holds'],
  [{ user: 'u-bob' }, {}, 'id "u-alice"', 'an id that is "u-bob"', 'an id that this route names'],
  [{ provider: 'partner' }, {}, 'provider "default"', 'a provider that is "partner"'],
  [
    { provider: 'partner' },
    person({ provider: undefined }),
    'no known provider',
    'a provider that is "partner"',
  ],
  [
    { email: 'bob@corp.example' },
    {},
    '"alice@corp.example"',
    'an email address that is "bob@corp.example"',
    'an email address that this route names',
  ],
  [
    { email: 'bob@corp.example' },
    person({ email: undefined }),
    'no email address',
    'an email address that is "bob@corp.example"',
    'an email address that this route names',
  ],
  [
    { email: 'bob@corp.example' },
    person({ email: undefined, claims: { email: ['a@x.example', 'b@x.example'] } }),
    'several email addresses',
    'an email address that is "bob@corp.example"',
    'an email address that this route names',
  ],
  [
    { domain: 'x.example' },
    person({ emailVerified: false }),
    '"alice@corp.example", unverified',
    'an email address that the identity provider says is verified',
  ],
  [
    { domain: { ends_with: '.x.example' } },
    {},
    '"alice@corp.example"',
    'an email address at a domain that ends with ".x.example"',
  ],
  [
    { 'claim/department': 'ops' },
    {},
    'claim "department": "r&d"',
    'values of claim "department" with "ops"',
    'a value of claim "department" that this route names',
  ],
  [
    { 'claim/flags': 'ops' },
    person({ claims: { flags: [1, true, 'a', {}, null] } }),
    'claim "flags": "1", "true", "a"',
    'values of claim "flags" with "ops"',
    'a value of claim "flags" that this route names',
  ],
  [{ groups: { has: 'ops' } }, {}, '"engineering", "on-call"', 'groups with "ops"'],
  [
    { groups: 'ops' },
    person({ groups: [], claimedGroups: ['admins'] }),
    'none, and perhaps "admins"',
    'groups with "ops"',
  ],
  [
    { source_ip: '10.0.0.0/8' },
    {},
    '"192.0.2.7"',
    'a network address within "10.0.0.0/8"',
    'a network address that this route names',
  ],
  [
    { source_ip: ['10.0.0.0/8', '::1'] },
    {},
    '"192.0.2.7"',
    'a network address within "10.0.0.0/8", "::1"',
    'a network address that this route names',
  ],
  [{ http_method: 'GET' }, {}, '"CONNECT"', 'an HTTP method that is "GET"'],
  [{ http_path: '/x' }, {}, '""', 'a path that is "/x"'],
  [
    { client_certificate: other },
    {},
    'no client certificate',
    `a trusted client certificate with fingerprint "${other.fingerprint}"`,
    'a trusted client certificate that this route names',
  ],
  [
    { client_certificate: { ...other, san_dns: 'x' } },
    { clientCertificate: certificate },
    'a trusted client certificate: "laptop.corp.example", "ann@corp.example", "spiffe://corp.example/ann"',
    `a trusted client certificate with fingerprint "${other.fingerprint}" and san_dns "x"`,
    'a trusted client certificate that this route names',
  ],
  [
    { client_certificate: other },
    { clientCertificate: nameless },
    `a trusted client certificate: fingerprint ${certificate.fingerprint}`,
    `a trusted client certificate with fingerprint "${other.fingerprint}"`,
    'a trusted client certificate that this route names',
  ],
  [
    { invalid_client_certificate: true },
    { clientCertificate: certificate },
    'a trusted client certificate: "laptop.corp.example", "ann@corp.example", "spiffe://corp.example/ann"',
    'no client certificate that this gateway trusts',
  ],
  [
    { client_certificate: other },
    { clientCertificate: { ...certificate, isValid: false } },
    'a client certificate that is not trusted',
    `a trusted client certificate with fingerprint "${other.fingerprint}"`,
    'a trusted client certificate that this route names',
  ],
  [{ date: { after: '2027-01-01' } }, {}, '2026-03-04T12:00:00.000Z', 'a moment from 2027-01-01'],
  [
    { date: { after: '2025-01-01', before: '2026-01-01' } },
    {},
    '2026-03-04T12:00:00.000Z',
    'a moment from 2025-01-01 until 2026-01-01',
  ],
  [{ day_of_week: 'mon' }, {}, 'Wednesday in UTC', 'a day of "mon" in UTC'],
  [
    { day_of_week: { days: 'mon', timezone: 'Asia/Tokyo' } },
    { nowMs: Date.UTC(2026, 2, 4, 16) },
    'Thursday in Asia/Tokyo',
    'a day of "mon" in Asia/Tokyo',
  ],
  [{ day_of_week: { days: 'mon' } }, {}, 'Wednesday in UTC', 'a day of "mon" in UTC'],
  [
    { time_of_day: { timezone: 'Asia/Tokyo', before: '9 AM' } },
    {},
    '21:00:00 in Asia/Tokyo',
    'a time of day until 9 AM in Asia/Tokyo',
  ],
]

for (const [criterion, facts, found, needed, neededBriefly = needed] of rows)
  test(`a trace says what ${JSON.stringify(criterion).slice(0, 60)} found, and needs`, () => {
    const trace = traceOf(criterion, facts)
    const [name] = trace.criterion.split('/')
    const { reasons } = allCriteria.find((one) => one.name === name) ?? { reasons: [] }
    assert.ok((reasons as readonly string[]).includes(trace.reason), trace.reason)
    assert.deepEqual(
      { found: trace.found, needed: trace.needed, neededBriefly: trace.neededBriefly },
      { found, needed, neededBriefly },
    )
  })

const neededOf = ({ needed, neededBriefly }: CriterionTrace) => [needed, neededBriefly]

test('what helps whoever asks needs nothing more', () => {
  assert.deepEqual(neededOf(traceOf({ accept: true })), [undefined, undefined])
  assert.deepEqual(neededOf(traceOf({ user: 'u-bob' }, {}, 'not')), [undefined, undefined])
  const denied = traceOf({ user: 'u-bob' }, {}, 'or', 'deny')
  assert.deepEqual(neededOf(denied), [undefined, undefined])
})

test('what is in the way where it is turned needs anything but that', () => {
  const briefly = 'anything but an id that this route names'
  const named = ['anything but an id that is "u-alice"', briefly]
  assert.deepEqual(neededOf(traceOf({ user: 'u-alice' }, {}, 'not')), named)
  assert.deepEqual(neededOf(traceOf({ user: 'u-alice' }, {}, 'nor')), named)
  assert.deepEqual(neededOf(traceOf({ user: 'u-alice' }, {}, 'or', 'deny')), named)
  const everybody = 'anything but nothing: it holds for everybody'
  assert.deepEqual(neededOf(traceOf({ accept: true }, {}, 'not')), [everybody, everybody])
  assert.equal(traceOf({ accept: true }).found, 'anything')
})

test('nobody needs to sign in, and a service account to be a person', () => {
  const signIn = traceOf({ authenticated_user: true }, { subject: undefined })
  assert.equal(signIn.found, 'nobody who is signed in')
  assert.equal(signIn.sentence, 'you are not signed in')
  assert.equal(signIn.needed, 'a sign-in, and then somebody who is signed in')
  const turned = traceOf({ user: 'u-bob' }, { subject: undefined }, 'not')
  assert.equal(turned.needed, 'a sign-in, and then anything but an id that is "u-bob"')
  const account = traceOf({ groups: 'ops' }, { subject: backup })
  assert.equal(account.found, 'service account "backup"')
  assert.equal(account.needed, 'a person who is signed in: a service account cannot satisfy it')
})

test('whoever is signed in is named by their address, or else by their id', () => {
  const of = (changes: Changes) => traceOf({ authenticated_user: true }, changes).found
  assert.equal(of({}), '"alice@corp.example"')
  assert.equal(of(person({ email: undefined })), '"u-alice"')
})

test('a trace has the criterion as it is written', () => {
  const { criterion, asks } = traceOf({ 'claim/department': { has: 'ops' } })
  assert.deepEqual([criterion, asks], ['claim/department', { has: 'ops' }])
})

test('operators are put in words', () => {
  assert.equal(
    matching('x', {
      is: 'a',
      not: 'b',
      contains: 'c',
      starts_with: 'd',
      ends_with: 'e',
      in: ['f', 'g'],
      not_in: ['h'],
      like: 'i',
    }),
    'x that is "a" and is not "b" and contains "c" and begins with "d" and ends with "e" and is one of "f", "g" and is none of "h" and like "i"',
  )
  assert.equal(
    matchingList('xs', { has: 'a', is: 'b', exclude: 'c', like: 'd' }),
    'xs with "a" and that are only "b" and without "c" and like "d"',
  )
  assert.equal(matchingList('xs', 'a'), 'xs with "a"')
})

test('long texts are cut, and of long lists the first are named', () => {
  assert.equal(quoted('x'.repeat(100)), `"${'x'.repeat(100)}"`)
  assert.equal(quoted('x'.repeat(101)), `"${'x'.repeat(100)}…"`)
  assert.deepEqual([quoted(7), quoted(undefined)], ['"7"', '"nothing"'])
  assert.equal(listed([]), 'none')
  const eight = '"1", "2", "3", "4", "5", "6", "7", "8"'
  assert.equal(listed([1, 2, 3, 4, 5, 6, 7, 8]), eight)
  assert.equal(listed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), `${eight} and 2 more`)
})

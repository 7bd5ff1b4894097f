import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ScimFault } from './fault.ts'
import { readGroup } from './group.ts'
import { applyPatch, type Draft } from './patch.ts'
import { readUser, type ScimUser } from './user.ts'

const alice: Draft = {
  userName: 'alice',
  externalId: 'e-1',
  active: true,
  name: { givenName: 'Alice', familyName: 'Adams' },
  emails: [
    { value: 'a@example.com', type: 'work', primary: true },
    { value: 'a@example.org', type: 'home' },
  ],
}

function patched(...Operations: readonly unknown[]): ScimUser {
  return readUser(applyPatch(alice, { Operations }))
}
const addresses = (user: ScimUser) => user.emails.map(({ value }) => value)

test('an attribute is set and removed, whatever its case and its schema', () => {
  const path = 'urn:ietf:params:scim:schemas:core:2.0:User:DISPLAYNAME'
  assert.equal(patched({ op: 'Add', path, value: 'Al' }).displayName, 'Al')
  assert.equal(patched({ op: 'remove', path: 'externalId' }).externalId, undefined)
  assert.equal(patched({ OP: 'REPLACE', PATH: 'active', VALUE: 'FALSE' }).active, false)
  assert.equal(patched({ op: 'replace', value: { ACTIVE: false } }).active, false)
})

test('parts of the name are set one by one, and removed', () => {
  const set = patched({ op: 'replace', path: 'name.GIVENNAME', value: 'Al' })
  assert.deepEqual(set.name, { givenName: 'Al', familyName: 'Adams' })
  const whole = patched({ op: 'replace', path: 'name', value: { familyName: 'B' } })
  assert.deepEqual(whole.name, { givenName: 'Alice', familyName: 'B' })
  assert.deepEqual(patched({ op: 'remove', path: 'name.givenName' }).name, { familyName: 'Adams' })
  assert.equal(patched({ op: 'remove', path: 'name' }).name, undefined)
})

test('addresses are added, replaced and removed by what they are', () => {
  const one = patched({ op: 'add', path: 'emails', value: [{ value: 'n@x.y', primary: true }] })
  assert.deepEqual(
    one.emails.map(({ value, primary = false }) => [value, primary]),
    [
      ['a@example.com', false],
      ['a@example.org', false],
      ['n@x.y', true],
    ],
  )
  const twice = patched({ op: 'add', path: 'emails', value: { value: 'a@example.org' } })
  assert.deepEqual(addresses(twice), ['a@example.com', 'a@example.org'])
  const path = 'emails[type eq "home"]'
  assert.deepEqual(addresses(patched({ op: 'remove', path })), ['a@example.com'])
  const by = patched({ op: 'replace', path: `${path}.value`, value: 'h@x.y' })
  assert.deepEqual(addresses(by), ['a@example.com', 'h@x.y'])
  const given = patched({ op: 'remove', path: 'emails', value: [{ value: 'a@example.com' }] })
  assert.deepEqual(addresses(given), ['a@example.org'])
  assert.deepEqual(addresses(patched({ op: 'remove', path: 'emails' })), [])
  const none = patched({ op: 'remove', path: 'emails', value: [] })
  assert.deepEqual(addresses(none), addresses(readUser(alice)))
})

test('what is not kept is no fault, and what cannot be meant is one', () => {
  assert.deepEqual(patched({ op: 'add', path: 'title', value: 'x' }), readUser(alice))
  assert.deepEqual(patched({ op: 'replace', value: { id: 'x', meta: {} } }), readUser(alice))
  const wrong = [
    { op: 'replace', path: 'userName.x', value: 'y' },
    { op: 'replace', path: 'emails.value', value: 'y' },
    { op: 'replace', path: 7, value: 'y' },
    { op: 'replace', value: 'y' },
    { op: 'add', path: 'active', value: 'perhaps' },
    { op: 'remove', path: 'active' },
    { op: 'replace', path: 'active', value: null },
    { op: 'add', path: 'active' },
    { op: 'replace', value: { active: null } },
    { op: 'add', path: 'emails', value: [7] },
    'add',
  ]
  for (const operation of wrong) assert.throws(() => patched(operation), ScimFault)
  assert.throws(() => patched(), { code: 'scim-invalidSyntax' })
  const many = Array.from({ length: 1_001 }, () => ({ op: 'add', path: 'active', value: true }))
  assert.throws(() => patched(...many), { code: 'scim-tooMany' })
})

test('of several operations each sees what the one before has made', () => {
  const group = { displayName: 'g', members: [{ value: 'a' }, { value: 'b' }] }
  const after = applyPatch(group, {
    Operations: [
      { op: 'add', path: 'members', value: [{ value: 'c' }, { value: 'a' }] },
      { op: 'remove', path: 'members[value eq "b"]' },
      { op: 'remove', path: 'members', value: [{ value: 'none' }] },
    ],
  })
  assert.deepEqual(readGroup(after).members, ['c', 'a'])
  for (const operation of [
    { op: 'add', path: 'members[value eq "x"]', value: {} },
    { op: 'remove', path: 'members[type eq "User"]' },
    { op: 'remove', path: 'members.value' },
  ])
    assert.throws(() => applyPatch(group, { Operations: [operation] }), {
      code: 'scim-invalidPath',
    })
  const path = 'members'
  const left = (operation: object) =>
    readGroup(applyPatch(group, { Operations: [{ op: 'remove', path, ...operation }] })).members
  assert.deepEqual(left({}), [])
  // A list of none names nobody.
  assert.deepEqual(left({ value: [] }), ['a', 'b'])
})

test('a PATCH costs what it names, and not each time what there is', () => {
  const id = (index: number): string => `${index}`.padStart(36, '0')
  const members = Array.from({ length: 9_000 }, (_, index) => ({ value: id(index) }))
  const Operations = Array.from({ length: 1_000 }, (_, index) =>
    index % 2 === 0
      ? { op: 'add', path: 'members', value: [{ value: `n-${index}` }] }
      : { op: 'remove', path: `members[value eq "${id(index)}"]` },
  )
  const before = process.cpuUsage()
  const after = readGroup(applyPatch({ displayName: 'g', members }, { Operations }))
  const { user: microseconds } = process.cpuUsage(before)
  assert.equal(after.members.length, 9_000)
  assert.ok(!after.members.includes(id(1)) && after.members.includes('n-0'))
  // Some 20 ms; with a copy of the members for each operation it was seven seconds, in which nothing else happened.
  assert.ok(microseconds < 700_000, `${microseconds} microseconds`)
  const emails = Array.from({ length: 21 }, (_, index) => ({ value: `${index}@x.y` }))
  const own = { op: 'replace', path: 'emails', value: emails.slice(1) }
  assert.equal(patched(own).emails.length, 20)
  for (const more of [[{ ...own, value: emails }], [own, { ...own, op: 'add', value: emails[0] }]])
    assert.throws(() => patched(...more), { code: 'scim-invalidValue' })
})

test('no body makes it fail in another way, and none makes an attribute of its own', () => {
  const op = fc.constantFrom('add', 'remove', 'replace', 'Add')
  const path = fc.constantFrom(
    'active',
    'emails',
    'emails[type eq "work"].value',
    'members',
    'members[value eq "x"]',
    'name.givenName',
    '__proto__',
    'constructor',
    undefined,
  )
  const operation = fc.record({ op, path, value: fc.jsonValue({ maxDepth: 3 }) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4 }), (Operations) => {
      try {
        const known = new Set([...Object.keys(alice), 'displayName', 'members'])
        for (const name of Object.keys(applyPatch(alice, { Operations })))
          assert.ok(known.has(name))
      } catch (error) {
        assert.ok(error instanceof ScimFault, String(error))
      }
    }),
  )
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

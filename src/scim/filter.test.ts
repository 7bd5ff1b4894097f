import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ScimFault } from './fault.ts'
import { userFits } from './match.ts'
import { readUser } from './user.ts'
import { parseFilter, parsePath } from './filter.ts'

test('comparisons are read with their values', () => {
  assert.deepEqual(parseFilter('userName eq "a\\"b and c"'), [
    { attribute: 'username', value: 'a"b and c', within: [] },
  ])
  assert.deepEqual(parseFilter(' id eq "x" AND members EQ "y" and active eq true '), [
    { attribute: 'id', value: 'x', within: [] },
    { attribute: 'members', value: 'y', within: [] },
    { attribute: 'active', value: true, within: [] },
  ])
  assert.deepEqual(parseFilter('emails[type eq "work"].value eq "a@b.c"'), [
    {
      attribute: 'emails.value',
      value: 'a@b.c',
      within: [{ attribute: 'type', value: 'work', within: [] }],
    },
  ])
  assert.deepEqual(parseFilter('members[value eq "x"]'), [
    { attribute: 'members.value', value: 'x', within: [] },
  ])
  const [urn] = parseFilter('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x"')
  assert.equal(urn?.attribute, 'username')
})

test('what is no such comparison is refused, and is no longer than it may be', () => {
  const wrong = [
    '',
    'userName',
    'userName eq',
    'userName eq x',
    'userName eq "x',
    'userName co "x"',
    'userName pr',
    'not (userName eq "x")',
    'userName eq "x" or userName eq "y"',
    'userName eq "x" and',
    'emails[type eq "work" eq "x"',
    'members[]',
    'userName eq "x" trailing',
    `userName eq "${'x'.repeat(1_000)}"`,
    Array.from({ length: 11 }, () => 'id eq "x"').join(' and '),
  ]
  for (const text of wrong)
    assert.throws(() => parseFilter(text), { code: 'scim-invalidFilter' }, text)
  assert.throws(() => parsePath('members[value eq "x"'), { code: 'scim-invalidPath' })
})

test('no text makes it fail in another way, or read for long', () => {
  const piece = fc.oneof(
    fc.constantFrom('userName', ' eq ', ' and ', '"', '\\', '[', ']', '.', 'true', ' '),
    fc.string({ maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      for (const parse of [parseFilter, parsePath]) {
        try {
          parse(pieces.join(''))
        } catch (error) {
          assert.ok(error instanceof ScimFault)
        }
      }
    }),
  )
})

test('what is said of one entry of a list holds of the same entry', () => {
  const user = readUser({
    userName: 'alice',
    emails: [
      { value: 'a@example.com', type: 'work', primary: true },
      { value: 'a@example.org', type: 'home' },
    ],
  })
  const fits = (filter: string): boolean => userFits('1', user, parseFilter(filter))
  assert.equal(fits('emails[type eq "WORK"].value eq "A@example.com"'), true)
  assert.equal(fits('emails[type eq "home"].value eq "a@example.com"'), false)
  assert.equal(
    fits('emails[type eq "home" and value eq "a@example.org"].value eq "a@example.org"'),
    true,
  )
  assert.equal(fits('emails[primary eq true].value eq "a@example.org"'), false)
  assert.equal(fits('emails[primary eq false].value eq "a@example.org"'), true)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesBetween, personOf } from './person.ts'

test('an email counts as verified unless the provider says that it is not', () => {
  const verified = (value: unknown): boolean =>
    personOf({ email: 'a@b.c', email_verified: value }, 'groups').emailVerified
  assert.equal(personOf({ email: 'a@b.c' }, 'groups').emailVerified, true)
  for (const yes of [true, 'true', 'True', 1, '1', null]) assert.equal(verified(yes), true)
  for (const no of [false, 'false', 'False', 'FALSE', 0, '0', 'no', '', [true], {}]) {
    assert.equal(verified(no), false, JSON.stringify(no))
  }
})

test('groups are a list of names, one name, or none; anything else is left out', () => {
  const groups = (value: unknown): readonly string[] => personOf({ roles: value }, 'roles').groups
  assert.deepEqual(groups(['a', 'b']), ['a', 'b'])
  assert.deepEqual(groups('a'), ['a'])
  assert.deepEqual(groups(undefined), [])
  assert.deepEqual(groups([1, null, '', { name: 'x' }, 'a']), ['a'])
  assert.deepEqual(groups({ a: true }), [])
})

test('values of another type are no name and no email', () => {
  const person = personOf({ email: ['a@b.c'], name: 5, preferred_username: 'al' }, 'groups')
  assert.equal(person.email, undefined)
  assert.equal(person.name, 'al')
})

test('what belongs to the token makes no other person, everything else does', () => {
  const of = (claims: object) =>
    personOf({ sub: 'u', groups: ['a'], dept: 'x', ...claims }, 'groups')
  const changes = (after: object) => changesBetween(of({}), of(after))
  assert.deepEqual(changes({ iat: 2, at_hash: 'h', nonce: 'n' }), [])
  assert.deepEqual(changes({ dept: 'y' }), ['claims.dept'])
  assert.deepEqual(changes({ groups: [] }), ['groups', 'claims.groups'])
  assert.deepEqual(changes({ email_verified: false }), ['emailVerified', 'claims.email_verified'])
  assert.deepEqual(changesBetween(of({ dept: 'x' }), personOf({ sub: 'u' }, 'groups')), [
    'groups',
    'claims.groups',
    'claims.dept',
  ])
})

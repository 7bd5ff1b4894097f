import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimNames } from './identity.fixture.ts'
import { changesBetween, faultOfGroupsClaim, personOf } from './person.ts'

test('an email counts as verified unless the provider says that it is not', () => {
  const verified = (value: unknown): boolean =>
    personOf({ email: 'a@b.c', email_verified: value }, claimNames).emailVerified
  assert.equal(personOf({ email: 'a@b.c' }, claimNames).emailVerified, true)
  for (const yes of [true, 'true', 'True', 1, '1', null]) assert.equal(verified(yes), true)
  for (const no of [false, 'false', 'False', 'FALSE', 0, '0', 'no', '', [true], {}]) {
    assert.equal(verified(no), false, JSON.stringify(no))
  }
})

test('with idp_trust_missing_email_verified off, only a yes makes an address verified', () => {
  const names = { ...claimNames, trustsMissingEmailVerified: false }
  const verified = (claims: object): boolean =>
    personOf({ email: 'a@b.c', ...claims }, names).emailVerified
  assert.equal(verified({}), false)
  assert.equal(verified({ email_verified: null }), false)
  assert.equal(verified({ email_verified: false }), false)
  assert.equal(verified({ email_verified: true }), true)
})

test('an address of another claim is verified by what is said of that very address', () => {
  const claims = { email: 'a@b.c', upn: 'x@corp.example', nested: { mail: 'n@corp.example' } }
  const of = (emailClaim: string, trustsMissingEmailVerified: boolean, more: object) => {
    const names = { ...claimNames, emailClaim, trustsMissingEmailVerified }
    const { email, emailVerified } = personOf({ ...claims, ...more }, names)
    return [email, emailVerified]
  }
  assert.deepEqual(of('upn', true, {}), ['x@corp.example', true])
  assert.deepEqual(of('nested.mail', true, {}), ['n@corp.example', true])
  assert.deepEqual(of('upn', false, { email_verified: true }), ['x@corp.example', false])
  assert.deepEqual(of('upn', true, { email_verified: false }), ['x@corp.example', false])
  const same = { email: 'x@corp.example', email_verified: true }
  assert.deepEqual(of('upn', false, same), ['x@corp.example', true])
  assert.deepEqual(of('absent', true, {}), [undefined, true])
})

test('one address in a list is that address; of several none is', () => {
  const of = (email: unknown) => personOf({ email }, claimNames).email
  assert.equal(of(['a@b.c']), 'a@b.c')
  for (const none of [['a@b.c', 'd@e.f'], [], [7], [['a@b.c']], 7, { a: 1 }, null, true, '']) {
    assert.equal(of(none), undefined, JSON.stringify(none))
  }
})

test('groups are a list of names or of objects with one, one name, or none', () => {
  const names = { ...claimNames, groupsClaim: 'roles' }
  const groups = (value: unknown): readonly string[] => personOf({ roles: value }, names).groups
  assert.deepEqual(groups(['a', 'b']), ['a', 'b'])
  assert.deepEqual(groups('a'), ['a'])
  assert.deepEqual(groups(undefined), [])
  assert.deepEqual(groups([7, null, '', { name: 'x' }, { value: 'v', name: 'n' }, { value: 8 }]), [
    '7',
    'x',
    'v',
    '8',
  ])
  assert.deepEqual(
    groups([{ value: null, name: 'n' }, { value: {} }, { id: 'i' }, true, ['a']]),
    [],
  )
  assert.deepEqual(groups({ a: true }), [])
})

test('groups are found at a path, and in a claim of that very name first', () => {
  const of = (claims: object, groupsClaim: string) =>
    personOf({ ...claims }, { ...claimNames, groupsClaim }).groups
  const nested = { realm_access: { roles: ['ops'] } }
  assert.deepEqual(of(nested, 'realm_access.roles'), ['ops'])
  assert.deepEqual(of(nested, 'realm_access/roles'), ['ops'])
  assert.deepEqual(of({ ...nested, 'realm_access.roles': ['literal'] }, 'realm_access.roles'), [
    'literal',
  ])
  const url = 'https://corp.example/claims/groups'
  assert.deepEqual(of({ [url]: ['ops'] }, url), ['ops'])
  for (const path of ['realm_access', 'realm_access.constructor', 'realm_access.roles.0', 'x.y'])
    assert.deepEqual(of(nested, path), [], path)
})

test('a claim without groups is told apart: absent, unusable or empty', () => {
  const fault = (groups: unknown) => faultOfGroupsClaim({ groups }, 'groups')
  for (const absent of [undefined, null]) assert.equal(fault(absent), 'absent')
  for (const bad of [true, {}, { ops: 1 }, [{ id: 'x' }], [null], '', [['ops']]])
    assert.equal(fault(bad), 'unusable', JSON.stringify(bad))
  for (const good of [[], ['ops'], 'ops', 7, [{ value: 'ops' }], [null, 'ops']])
    assert.equal(fault(good), undefined, JSON.stringify(good))
})

test('values of another type are no name', () => {
  assert.equal(personOf({ name: 5, preferred_username: 'al' }, claimNames).name, 'al')
})

test('the nonce of a sign-in is not kept, whatever else a provider says is', () => {
  const claims = { sub: 'u', sid: 's', nested: { nonce: 'theirs' } }
  assert.deepEqual(personOf({ ...claims, nonce: 'n' }, claimNames).claims, claims)
})

test('what belongs to the token makes no other person, everything else does', () => {
  const of = (claims: object) =>
    personOf({ sub: 'u', groups: ['a'], dept: 'x', ...claims }, claimNames)
  const changes = (after: object) => changesBetween(of({}), of(after))
  assert.deepEqual(changes({ iat: 2, at_hash: 'h', nonce: 'n' }), [])
  assert.deepEqual(changes({ dept: 'y' }), ['claims.dept'])
  assert.deepEqual(changes({ groups: [] }), ['groups', 'claims.groups'])
  assert.deepEqual(changes({ email_verified: false }), ['emailVerified', 'claims.email_verified'])
  assert.deepEqual(changesBetween(of({}), personOf({ sub: 'u' }, claimNames)), [
    'groups',
    'claims.groups',
    'claims.dept',
  ])
})

test('at Google an address counts where Google hosts it, and not where somebody had it once', () => {
  const verified = (claims: object): boolean =>
    personOf({ email_verified: true, ...claims }, { ...claimNames, dialect: 'google' })
      .emailVerified
  assert.equal(verified({ email: 'ada@corp.example', hd: 'corp.example' }), true)
  assert.equal(verified({ email: 'ada@gmail.com' }), true)
  assert.equal(verified({ email: 'Ada@GoogleMail.com' }), true)
  assert.equal(verified({ email: 'ada@gmail.com', email_verified: false }), false)
  for (const claims of [
    { email: 'ada@corp.example' },
    { email: 'ada@corp.example', hd: '' },
    { email: 'ada@corp.example', hd: ['corp.example'] },
    { email: 'ada@gmail.com.evil.example' },
    { email: 'x@corp.example@gmail.com' },
    {},
  ])
    assert.equal(verified(claims), false, JSON.stringify(claims))
})

test('of Microsoft it counts whether an administrator owns the domain, where that is said', () => {
  const verified = (claims: object, trustsMissingEmailVerified = true): boolean => {
    const names = { ...claimNames, trustsMissingEmailVerified, dialect: 'entra' } as const
    return personOf({ email: 'ada@corp.example', ...claims }, names).emailVerified
  }
  assert.equal(verified({}), true)
  assert.equal(verified({}, false), false)
  for (const yes of [true, 1, '1', 'true']) assert.equal(verified({ xms_edov: yes }, false), true)
  for (const no of [false, 0, '0', 'false', {}]) assert.equal(verified({ xms_edov: no }), false)
  // Elsewhere the claim is anybody's.
  assert.equal(personOf({ email: 'a@b.c', xms_edov: false }, claimNames).emailVerified, true)
})

test('groups that a token only names the place of are told apart from none', () => {
  const overage = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://graph.example.com/getMemberObjects' } },
  }
  assert.equal(faultOfGroupsClaim(overage, 'groups'), 'elsewhere')
  assert.equal(faultOfGroupsClaim({ hasgroups: true }, 'groups'), 'elsewhere')
  assert.equal(faultOfGroupsClaim(overage, 'roles'), 'absent')
  for (const odd of [null, 'groups', ['groups'], 7])
    assert.equal(faultOfGroupsClaim({ _claim_names: odd }, 'groups'), 'absent')
  assert.equal(faultOfGroupsClaim({ ...overage, groups: ['dba'] }, 'groups'), undefined)
})

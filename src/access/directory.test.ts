import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceAccountSession } from '../identity/session.ts'
import { createDirectory, subjectOf } from './directory.ts'
import { testSession } from './access.fixture.ts'

const directory = createDirectory([
  { member: 'Alice@Example.com', group: 'dba' },
  { member: 'alice@example.com', group: 'on-call' },
  { member: 'user-1', group: 'staff' },
  { member: 'backup', group: 'dba' },
])
const alice = testSession('1', 'ALICE@example.com')
const groupsOf = (change: Partial<typeof alice>): readonly string[] =>
  subjectOf({ ...alice, ...change }, directory)?.groups ?? []

test('the groups of the directory join those of the provider, each once', () => {
  const session = { ...alice, groups: ['sales', 'dba'] }
  assert.deepEqual(subjectOf(session, directory)?.groups, ['sales', 'dba', 'staff', 'on-call'])
  assert.deepEqual(session.groups, ['sales', 'dba'])
})

test('an email address compares without case, and only while it is not unverified', () => {
  assert.deepEqual(groupsOf({ userId: 'x' }), ['dba', 'on-call'])
  assert.deepEqual(groupsOf({ userId: 'x', emailVerified: false }), [])
  assert.deepEqual(groupsOf({ userId: 'x', email: undefined }), [])
})

test('groups of an address that is unverified or oddly spelt are claimed, and not theirs', () => {
  const claimed = (change: Partial<typeof alice>) => {
    const subject = subjectOf({ ...alice, userId: 'x', ...change }, directory)
    return [subject?.groups, subject?.claimedGroups]
  }
  assert.deepEqual(claimed({}), [['dba', 'on-call'], []])
  assert.deepEqual(claimed({ emailVerified: false }), [[], ['dba', 'on-call']])
  assert.deepEqual(claimed({ email: ' alice@example.com.' }), [[], ['dba', 'on-call']])
  assert.deepEqual(claimed({ email: 'user-1' }), [[], undefined])
})

test('an id compares exactly, and is never taken for an email address', () => {
  const email = undefined
  assert.deepEqual(groupsOf({ email }), ['staff'])
  assert.deepEqual(groupsOf({ email, userId: 'User-1' }), [])
  assert.deepEqual(groupsOf({ email, userId: 'alice@example.com' }), [])
  assert.deepEqual(groupsOf({ email: 'user-1', userId: 'x' }), [])
})

test('a service account is in no group, whatever its id', () => {
  const backup: ServiceAccountSession = {
    kind: 'service-account',
    id: 'service-account:backup:hash',
    userId: 'backup',
    email: undefined,
    emailVerified: false,
    groups: [],
    claims: {},
    expiresAtMs: undefined,
  }
  assert.equal(subjectOf(backup, directory), backup)
})

test('nobody, a stranger, and a gateway without a directory are as they were', () => {
  assert.equal(subjectOf(undefined, directory), undefined)
  assert.equal(subjectOf(alice, undefined), alice)
  const stranger = testSession('2', 'mallory@example.com')
  assert.equal(subjectOf(stranger, directory), stranger)
})

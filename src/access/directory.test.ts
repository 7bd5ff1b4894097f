import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDirectory, joinDirectories, subjectOf } from './directory.ts'
import { testServiceAccount, testSession } from './access.fixture.ts'

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

test('groups that are claimed are there also for somebody whose provider says a group twice', () => {
  const unverified = { ...alice, userId: 'x', emailVerified: false }
  const subject = subjectOf({ ...unverified, groups: ['sales', 'sales', 'sales'] }, directory)
  assert.deepEqual(subject?.groups, ['sales'])
  assert.deepEqual(subject?.claimedGroups, ['dba', 'on-call'])
})

test('an id compares exactly, and is never taken for an email address', () => {
  const email = undefined
  assert.deepEqual(groupsOf({ email }), ['staff'])
  assert.deepEqual(groupsOf({ email, userId: 'User-1' }), [])
  assert.deepEqual(groupsOf({ email, userId: 'alice@example.com' }), [])
  assert.deepEqual(groupsOf({ email: 'user-1', userId: 'x' }), [])
})

test('a service account is in no group, whatever its id', () => {
  const backup = testServiceAccount('backup', 'service-account:backup:hash')
  assert.equal(subjectOf(backup, directory), backup)
})

test('nobody, a stranger, and a gateway without a directory are as they were', () => {
  assert.equal(subjectOf(undefined, directory), undefined)
  assert.equal(subjectOf(alice, undefined), alice)
  const stranger = testSession('2', 'mallory@example.com')
  assert.equal(subjectOf(stranger, directory), stranger)
})

test('a directory says whom it knows, and how many memberships it has', () => {
  assert.equal(directory.size, 4)
  assert.deepEqual([...directory.members()], ['alice@example.com', 'user-1', 'backup'])
  assert.equal(directory.has('ALICE@example.com'), true)
  assert.equal(directory.has('user-1'), true)
  assert.equal(directory.has('User-1'), false)
  assert.equal(
    createDirectory([
      { member: 'a', group: 'g' },
      { member: 'a', group: 'g' },
    ]).size,
    1,
  )
})

test('several directories say together what each of them says', () => {
  const other = createDirectory([
    { member: 'alice@example.com', group: 'auditors' },
    { member: 'bob@example.com', group: 'dba' },
  ])
  const both = joinDirectories([directory, undefined, other])
  assert.ok(both)
  assert.equal(both.size, 6)
  const everybody = ['alice@example.com', 'user-1', 'backup', 'bob@example.com']
  assert.deepEqual([...both.members()], everybody)
  assert.equal(both.has('bob@example.com'), true)
  assert.equal(both.has('user-1'), true)
  assert.equal(both.has('carol@example.com'), false)
  assert.deepEqual(both.groupsOf({ ...alice, userId: 'x' }), ['dba', 'on-call', 'auditors'])
  assert.deepEqual(both.claimedGroupsOf(alice), ['dba', 'on-call', 'auditors'])
})

test('one directory is itself, and none is none', () => {
  assert.equal(joinDirectories([undefined, directory]), directory)
  assert.equal(joinDirectories([undefined]), undefined)
  assert.equal(joinDirectories([]), undefined)
})

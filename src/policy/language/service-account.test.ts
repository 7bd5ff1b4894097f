import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '../decision.ts'
import { alice, ask, backup, decide, verdict } from './policy.suite.ts'

const subject = backup
const askOf = (criterion: unknown): Verdict => ask(criterion, { subject })
const notForIt = verdict(false, 'service-account-unauthorized')

/** Everything that reads what a provider says of people, each in a form that a person satisfies. */
const aboutPeople = [
  { email: 'alice@corp.example' },
  { email: { not: 'mallory@corp.example' } },
  { domain: 'corp.example' },
  { domain: { not_in: ['other.example'] } },
  { groups: { has: 'engineering' } },
  { groups: { exclude: 'contractors' } },
  { provider: 'default' },
  { provider: { not: 'partner' } },
  { 'claim/department': 'r&d' },
  { 'claim/department': { exclude: 'sales' } },
  { 'claim/email': { exclude: 'mallory@corp.example' } },
]

test('a service account is an authenticated user, and the user of its id', () => {
  assert.deepEqual(askOf({ authenticated_user: true }), verdict(true, 'user-ok'))
  for (const data of [
    'backup',
    { is: 'backup' },
    { in: ['x', 'backup'] },
    { starts_with: 'back' },
  ]) {
    assert.deepEqual(askOf({ user: data }), verdict(true, 'user-ok'))
  }
  assert.deepEqual(askOf({ user: 'backup2' }), verdict(false, 'user-unauthorized'))
  assert.deepEqual(askOf({ user: 'Backup' }), verdict(false, 'user-unauthorized'))
})

test('no criterion about people lets a service account in, nor one that says who it is not', () => {
  for (const criterion of aboutPeople) {
    assert.equal(
      ask(criterion, { subject: { ...alice, claims: { department: 'r&d' } } }).value,
      true,
    )
    assert.deepEqual(askOf(criterion), notForIt, JSON.stringify(criterion))
  }
  for (const data of [{ not: 'mallory' }, { not_in: ['mallory'] }]) {
    assert.equal(ask({ user: data }).value, true)
    assert.deepEqual(askOf({ user: data }), verdict(false, 'user-unauthorized'))
  }
  assert.deepEqual(askOf({ user: { starts_with: 'b', not: 'bob' } }), verdict(true, 'user-ok'))
})

test('not and nor around a criterion about somebody never let a service account in', () => {
  const criteria = [...aboutPeople, { user: 'mallory' }, { groups: 'contractors' }]
  for (const operator of ['not', 'nor']) {
    for (const criterion of criteria) {
      const { allow } = decide({ allow: { [operator]: [criterion] } }, { subject })
      assert.deepEqual(allow, notForIt, `${operator} ${JSON.stringify(criterion)}`)
    }
    const byTime = { allow: { [operator]: [{ source_ip: '10.0.0.0/8' }] } }
    assert.equal(decide(byTime, { subject }).outcome, 'allow')
  }
  const mixed = { allow: { not: [{ source_ip: '10.0.0.0/8' }, { groups: 'contractors' }] } }
  assert.equal(decide(mixed).outcome, 'allow')
  assert.equal(decide(mixed, { subject }).outcome, 'deny')
})

test('what it is not does not help a service account beside what lets it in', () => {
  const both = { allow: { and: [{ user: 'backup' }, { domain: 'corp.example' }] } }
  assert.equal(decide(both, { subject }).outcome, 'deny')
  const either = { allow: { or: [{ user: 'backup' }, { domain: 'corp.example' }] } }
  assert.deepEqual(decide(either, { subject }).allow, verdict(true, 'user-ok'))
})

test('a deny judges a service account as somebody without email address, groups and claims', () => {
  const outcome = (deny: unknown): string =>
    decide({ allow: { or: [{ authenticated_user: true }] }, deny }, { subject }).outcome
  // All but some: it is none of these.
  assert.equal(outcome({ not: [{ domain: 'corp.example' }] }), 'deny')
  assert.equal(outcome({ or: [{ domain: { not: 'corp.example' } }] }), 'deny')
  assert.equal(outcome({ or: [{ email: { not_in: ['a@corp.example'] } }] }), 'deny')
  assert.equal(outcome({ or: [{ 'claim/email': { exclude: 'a@corp.example' } }] }), 'deny')
  assert.equal(outcome({ or: [{ groups: { exclude: 'staff' } }] }), 'deny')
  assert.equal(outcome({ not: [{ user: 'other' }] }), 'deny')
  assert.equal(outcome({ or: [{ user: 'backup' }] }), 'deny')
  // Some: it is none of these either.
  assert.equal(outcome({ or: [{ groups: { has: 'contractors' } }] }), 'allow')
  assert.equal(outcome({ or: [{ domain: 'evil.example' }] }), 'allow')
  assert.equal(outcome({ or: [{ user: 'other' }] }), 'allow')
})

test('a person is judged by what they are, whatever a service account is called', () => {
  assert.deepEqual(ask({ user: { not: 'backup' } }), verdict(true, 'user-ok'))
  assert.deepEqual(ask({ user: 'backup' }), verdict(false, 'user-unauthorized'))
})

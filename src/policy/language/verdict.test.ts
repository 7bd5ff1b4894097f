import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdict } from './policy.suite.ts'
import { mergeOr, operators, outcomeOf } from './verdict.ts'

const yes = verdict(true, 'email-ok')
const yesToo = verdict(true, 'groups-ok')
const no = verdict(false, 'domain-unauthorized')
const noToo = verdict(false, 'claim-unauthorized')
const nobody = verdict(false, 'user-unauthenticated')

test('and: all true, with all reasons; else only the failing ones', () => {
  assert.deepEqual(operators.and([yes, yesToo]), verdict(true, 'email-ok', 'groups-ok'))
  assert.deepEqual(operators.and([yes, no]), verdict(false, 'domain-unauthorized'))
})

test('or: any true, with the reasons of the true ones; else all', () => {
  assert.deepEqual(operators.or([yes, no]), verdict(true, 'email-ok'))
  assert.deepEqual(
    operators.or([no, noToo]),
    verdict(false, 'claim-unauthorized', 'domain-unauthorized'),
  )
})

test('not: none true, with all reasons; else those of the true ones, which make it fail', () => {
  assert.deepEqual(
    operators.not([no, noToo]),
    verdict(true, 'claim-unauthorized', 'domain-unauthorized'),
  )
  assert.deepEqual(operators.not([yes, no]), verdict(false, 'email-ok'))
})

test('nor: not all true, with the reasons of the false ones; else all', () => {
  assert.deepEqual(operators.nor([yes, no]), verdict(true, 'domain-unauthorized'))
  assert.deepEqual(operators.nor([yes, yesToo]), verdict(false, 'email-ok', 'groups-ok'))
})

test('not and nor turn the value of a criterion about nobody, and keep its reason', () => {
  assert.deepEqual(operators.not([nobody]), verdict(true, 'user-unauthenticated'))
  assert.deepEqual(operators.nor([nobody, yes]), verdict(true, 'user-unauthenticated'))
})

test('reasons are sorted and stand once', () => {
  assert.deepEqual(
    operators.and([verdict(true, 'b'), verdict(true, 'a'), verdict(true, 'b')]).reasons,
    ['a', 'b'],
  )
})

test('a side without rules is false without reasons', () => {
  assert.deepEqual(mergeOr([]), verdict(false))
})

test('access takes an allow that holds and no deny that does', () => {
  assert.equal(outcomeOf(yes, no), 'allow')
  assert.equal(outcomeOf(yes, yesToo), 'deny')
  assert.equal(outcomeOf(no, noToo), 'deny')
  assert.equal(outcomeOf(no, yes), 'deny')
})

test('user-unauthenticated on either side leads to a sign-in, whatever the values', () => {
  const nobodyTrue = verdict(true, 'user-unauthenticated')
  for (const other of [yes, no]) {
    for (const side of [nobody, nobodyTrue]) {
      assert.equal(outcomeOf(side, other), 'sign-in')
      assert.equal(outcomeOf(other, side), 'sign-in')
    }
  }
})

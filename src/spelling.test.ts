import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closest, didYouMean } from './spelling.ts'

const names = ['email', 'domain', 'groups', 'source_ip', 'time_of_day']

test('finds the word behind a swap, a slip, a missing and an added letter', () => {
  assert.equal(closest('emial', names), 'email')
  assert.equal(closest('emaik', names), 'email')
  assert.equal(closest('group', names), 'groups')
  assert.equal(closest('domains', names), 'domain')
  assert.equal(closest('sourceip', names), 'source_ip')
})

test('ignores letter case and answers as the candidate is written', () => {
  assert.equal(closest('EMAIL', names), 'email')
  assert.equal(closest('time_of_Day', names), 'time_of_day')
})

test('is silent when nothing is near', () => {
  assert.equal(closest('certificate', names), undefined)
  assert.equal(closest('', names), undefined)
  assert.equal(closest('or', ['and', 'not']), undefined)
  assert.equal(closest('email', []), undefined)
})

test('prefers the nearest candidate, and the first of equals', () => {
  assert.equal(closest('to', ['too', 'to']), 'to')
  assert.equal(closest('nox', ['not', 'nor']), 'not')
})

test('does not compare very long words', () => {
  const long = 'e'.repeat(65)
  assert.equal(closest(long, [long]), undefined)
})

test('phrases the hint', () => {
  assert.equal(didYouMean('emial', names), 'did you mean "email"?')
  assert.equal(didYouMean('xyz', names), undefined)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allReasons, explainReason, explainReasonOf } from './explain.ts'

test('a sentence is lower case, plain and without a full stop', () => {
  for (const reason of allReasons) {
    assert.match(explainReason(reason), /^[a-z].{10,90}[a-z]$/, reason)
  }
})

test('to others it speaks of somebody, and of nobody else', () => {
  for (const reason of [...allReasons, 'access-approved', 'glass-broken'])
    assert.doesNotMatch(explainReasonOf(reason), /\byou/, reason)
  assert.equal(explainReasonOf('groups-ok'), 'they are in a group this route names')
  assert.equal(
    explainReasonOf('email-unverified'),
    'their identity provider does not say that their email address is verified',
  )
  assert.equal(explainReasonOf('access-approved'), 'somebody has given them access for a while')
  assert.equal(
    explainReasonOf('glass-broken'),
    'they have let themselves in for a while, in an emergency',
  )
  assert.equal(explainReasonOf('accept'), explainReason('accept'))
})

test('a reason nobody knows is named as it is', () => {
  assert.equal(explainReason('device-ok'), 'the policy answered "device-ok"')
  assert.equal(explainReason('constructor'), 'the policy answered "constructor"')
})

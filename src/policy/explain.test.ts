import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allReasons, explainReason } from './explain.ts'

test('a sentence is lower case, plain and without a full stop', () => {
  for (const reason of allReasons) {
    assert.match(explainReason(reason), /^[a-z].{10,90}[a-z]$/, reason)
  }
})

test('a reason nobody knows is named as it is', () => {
  assert.equal(explainReason('device-ok'), 'the policy answered "device-ok"')
  assert.equal(explainReason('constructor'), 'the policy answered "constructor"')
})

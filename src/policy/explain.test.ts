import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allCriteria, criteriaReference } from './criteria/all.ts'
import { allReasons, explainReason } from './explain.ts'

test('the reasons of all criteria and those with a sentence are the same', () => {
  const given = new Set(allCriteria.flatMap(({ reasons }) => reasons))
  assert.deepEqual([...given].sort(), [...allReasons].sort())
})

test('a sentence is lower case, plain and without a full stop', () => {
  for (const reason of allReasons) {
    assert.match(explainReason(reason), /^[a-z].{10,90}[a-z]$/, reason)
  }
})

test('a reason nobody knows is named as it is', () => {
  assert.equal(explainReason('device-ok'), 'the policy answered "device-ok"')
  assert.equal(explainReason('constructor'), 'the policy answered "constructor"')
})

test('the reference shows every criterion once, as it is written', () => {
  const names = criteriaReference.map(({ name }) => name)
  assert.equal(new Set(names).size, allCriteria.length)
  assert.ok(names.includes('claim/PATH'))
  for (const { doc } of criteriaReference)
    assert.match(doc, /^(?:always |never )?holds?\b.*(?<!\.)$/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allReasons } from '../explain.ts'
import { allCriteria, criteriaReference } from './all.ts'

test('the reasons of all criteria and those with a sentence are the same', () => {
  const given = new Set(allCriteria.flatMap(({ reasons }) => reasons))
  assert.deepEqual([...given].sort(), [...allReasons].sort())
})

test('the reference shows every criterion once, as it is written', () => {
  const names = criteriaReference.map(({ name }) => name)
  assert.equal(new Set(names).size, allCriteria.length)
  assert.ok(names.includes('claim/PATH'))
  for (const { doc, data } of criteriaReference) {
    assert.match(data, /\w/)
    assert.match(doc, /^(?:always |never )?holds?\b.*(?<!\.)$/)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentRoot, kindOf, oneOf, type PolicyNotes } from './place.ts'

function notes(): PolicyNotes {
  return { problems: [], warnings: [] }
}

test('a fault is noted where it is, once, and with a hint only where there is one', () => {
  const { problems, warnings } = notes()
  const place = documentRoot({ problems, warnings }).at('allow', 0)
  assert.equal(place.problem('is wrong'), undefined)
  place.problem('is wrong', 'the same again')
  place.at('x').problem('is wrong', 'put it right')
  place.warn('is odd')
  assert.deepEqual(problems, [
    { path: ['allow', 0], message: 'is wrong' },
    { path: ['allow', 0, 'x'], message: 'is wrong', hint: 'put it right' },
  ])
  assert.deepEqual(warnings, [{ path: ['allow', 0], message: 'is odd' }])
})

test('a pinned place stays where it is, and an unwarned one tells of faults alone', () => {
  const { problems, warnings } = notes()
  const pinned = documentRoot({ problems, warnings }).at('allowed_users').pinned()
  pinned.pinned().at('x', 1).warn('is odd')
  assert.deepEqual(warnings, [{ path: ['allowed_users'], message: 'is odd' }])
  const quiet = documentRoot({ problems, warnings }).at('a').unwarned().at('b')
  quiet.warn('is odd')
  quiet.problem('is wrong')
  assert.equal(warnings.length, 1)
  assert.deepEqual(problems, [{ path: ['a', 'b'], message: 'is wrong' }])
})

test('fifty warnings are told, and what is known besides is there everywhere', () => {
  const { problems, warnings } = notes()
  const context = { nowMs: 7, providers: ['partner'] }
  const root = documentRoot({ problems, warnings, context })
  for (let index = 0; index < 60; index += 1) root.at(index).warn('is odd')
  assert.equal(warnings.length, 50)
  assert.equal(root.at('x').pinned().at('y').unwarned().context, context)
})

test('values and words are named as a sentence needs them', () => {
  const values = [null, undefined, [], {}, 'x', 7, true]
  assert.deepEqual(values.map(kindOf), [
    'nothing',
    'nothing',
    'a list',
    'an object',
    'a string',
    'a number',
    'a boolean',
  ])
  assert.equal(oneOf(['a']), '"a"')
  assert.equal(oneOf(['a', 'b']), '"a" or "b"')
  assert.equal(oneOf(['a', 'b', 'c']), '"a", "b" or "c"')
})

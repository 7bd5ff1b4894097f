import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toQuestions } from '../../src/web/console/audit/questions.ts'

const nowMs = Date.parse('2026-11-29T12:00:00Z')
const none = {
  q: '',
  kind: '',
  outcome: '',
  who: '',
  route: '',
  request_id: '',
  since: '',
  until: '',
  span: '',
}

test('fields that are empty ask nothing', () => {
  assert.deepEqual(toQuestions(none, nowMs), {})
  assert.deepEqual(toQuestions({ ...none, who: 'ada@example.com' }, nowMs), {
    who: 'ada@example.com',
  })
})

test('a span reaches back from now, and times are asked only between times', () => {
  const since = '2026-11-01T00:00'
  assert.deepEqual(toQuestions({ ...none, span: '24h', since }, nowMs), {
    since: '2026-11-28T12:00:00.000Z',
  })
  assert.deepEqual(toQuestions({ ...none, since }, nowMs), {})
  assert.deepEqual(toQuestions({ ...none, span: 'between', since }, nowMs), {
    since: new Date(since).toISOString(),
  })
})

test('a time that is none, and a span that nobody knows, ask nothing', () => {
  assert.deepEqual(toQuestions({ ...none, span: 'between', until: 'soon' }, nowMs), {})
  assert.deepEqual(toQuestions({ ...none, span: '__proto__' }, nowMs), {})
})

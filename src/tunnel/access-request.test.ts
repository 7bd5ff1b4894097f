import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeAccessRequest,
  decodeAccessRequests,
  encodeAccessWish,
  isId,
} from './access-request.ts'

const said = {
  id: 'ar-1',
  route_name: 'db',
  state: 'approved',
  reason: 'incident 7',
  for_seconds: 60,
  asked_at: '2026-11-29T14:00:00.000Z',
  expires_at: '2026-11-30T14:00:00.000Z',
  decided_by: 'bob@example.com',
  until: '2026-11-29T14:01:00.000Z',
  break_glass: false,
  more: 1,
}

test('a request is read as it was told, and nothing of it moves a terminal', () => {
  const read = decodeAccessRequest(JSON.stringify({ ...said, note: 'go\u001b[2J\nnow' }))
  assert.equal(read?.note, 'go [2J now')
  assert.deepEqual(
    [read.id, read.state, read.until, read.endedBy, read.isBreakGlass],
    ['ar-1', 'approved', said.until, '', false],
  )
  assert.equal(decodeAccessRequest(JSON.stringify({ ...said, until: 'soon' }))?.until, '')
  const list = JSON.stringify({ items: [said, said], next_cursor: null })
  assert.equal(decodeAccessRequests(list)?.length, 2)
})

test('what is none is not taken for one', () => {
  for (const body of ['', 'null', '[]', '{}', JSON.stringify({ ...said, id: '../x' })])
    assert.equal(decodeAccessRequest(body), undefined, body)
  assert.equal(decodeAccessRequest(JSON.stringify({ ...said, for_seconds: 'x' })), undefined)
  assert.equal(decodeAccessRequests(JSON.stringify({ items: [said, 1] })), undefined)
  assert.equal(decodeAccessRequests(JSON.stringify({ items: said })), undefined)
  assert.ok(isId('ar-5d2c') && !isId('a/b') && !isId(''))
})

test('a wish says that nobody is asked only where that is meant', () => {
  const wish = { route: 'db', forSeconds: 60, reason: 'x' }
  assert.ok(!encodeAccessWish({ ...wish, isBreakGlass: false }).includes('break_glass'))
  assert.ok(encodeAccessWish({ ...wish, isBreakGlass: true }).includes('"break_glass":true'))
})

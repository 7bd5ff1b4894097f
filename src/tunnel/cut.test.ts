import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cutReason,
  decodeCloseText,
  decodeCut,
  decodeGoAway,
  encodeCloseText,
  encodeCut,
  encodeGoAway,
  formatCutPath,
  type CutCode,
} from './cut.ts'

const id = '5e1c0c1e-2b39-4b6e-9d5a-0d4d5f1b6f30'
const codes = [
  'session-revoked',
  'session-expired',
  'person-blocked',
  'provider-logout',
  'policy-changed',
  'access-ended',
  'route-removed',
  'route-changed',
  'timeout',
  'idle-timeout',
  'stall-timeout',
  'connector-revoked',
  'named-tunnel-deleted',
  'shutdown',
] as const satisfies readonly CutCode[]

test('what is written is what is read, whichever way it goes', () => {
  for (const code of codes) {
    const reason = cutReason(code, id)
    assert.deepEqual(decodeCut(encodeCut(reason), id), reason)
    assert.deepEqual(decodeCloseText(Buffer.from(encodeCloseText(code, id))), reason)
    assert.equal(decodeGoAway(encodeGoAway(code)), code)
    // RFC 6455 §5.5: what a close has room for, besides its code.
    assert.ok(Buffer.byteLength(encodeCloseText(code, id)) <= 123)
  }
})

test('the words of the gateway come before ours, and ours where it has none', () => {
  const own = decodeCut('{"error":"timeout"}', id)
  assert.deepEqual(own, cutReason('timeout', id))
  const theirs = decodeCut('{"error":"timeout","message":"it is late","next":"sleep"}', id)
  assert.deepEqual([theirs?.message, theirs?.next], ['it is late', 'sleep'])
})

test('a reason that only a newer gateway knows is told by its word', () => {
  const reason = decodeCut('{"error":"quota-used-up"}', id)
  assert.equal(reason?.message, 'the gateway ended it (quota-used-up)')
})

test('nothing that a terminal obeys, and no long text, is read', () => {
  const escape = '\u001B]52;c;aGk=\u0007'
  const body = JSON.stringify({
    error: 'policy-changed',
    message: `no ${escape}`,
    next: 'x'.repeat(10_000),
    reasons: Array.from({ length: 1_000 }, () => `r${escape}`),
    request_id: escape,
  })
  const reason = decodeCut(body, id)
  assert.ok(reason)
  assert.ok(JSON.stringify(reason).length < 4_000)
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(JSON.stringify(Object.values(reason).flat()), /[\0-\x1f]|\\u001b|\\u0007/i)
  assert.equal(reason.requestId, id, 'the id is the one that was asked for')
})

test('garbage says nothing and throws nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
      assert.equal(decodeGoAway(bytes), undefined)
      assert.equal(decodeCloseText(bytes), undefined)
      assert.equal(decodeCut(text, id), undefined)
    }),
  )
  assert.equal(decodeCut('{"error":"x\\ny"}', id), undefined)
  assert.equal(decodeGoAway(Buffer.from('postern: constructor')), undefined)
  assert.equal(decodeCloseText(Buffer.from('timeout ../../etc')), undefined)
})

test('only an id has a path', () => {
  assert.equal(formatCutPath(id), `/.postern/v1/cut/${id}`)
  for (const none of ['', '../x', 'a/b', 'a?b', 'a b', 'ü', 'x'.repeat(65)]) {
    assert.equal(formatCutPath(none), undefined)
  }
})

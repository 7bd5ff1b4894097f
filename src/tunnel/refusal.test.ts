import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printable } from '../terminal-text.ts'
import { decodeRefusal, encodeRefusal } from './refusal.ts'

test('a refusal survives its own encoding', () => {
  const refusal = {
    code: 'policy_denied',
    message: 'access to "ssh.example.com:22" is denied',
    next: 'ask for the group "dba"',
    requestId: '4bf92f35',
    reasons: ['groups-unauthorized'],
  }
  assert.deepEqual(decodeRefusal(encodeRefusal(refusal)), refusal)
})

test('an empty list of reasons is left out', () => {
  const text = encodeRefusal({ code: 'c', message: 'm', next: 'n', requestId: 'r', reasons: [] })
  assert.equal(text, '{"error":"c","message":"m","next":"n","request_id":"r"}')
})

test('both shapes of a stock Pomerium give their code and request id', () => {
  assert.deepEqual(decodeRefusal('{"error":"Forbidden","request_id":"a1"}'), {
    code: 'Forbidden',
    message: '',
    next: '',
    requestId: 'a1',
    reasons: [],
  })
  const local = '{\n  "requestId": "a2",\n  "status": "404",\n  "statusText": "route_not_found"\n}'
  assert.equal(decodeRefusal(local)?.code, 'route_not_found')
  assert.equal(decodeRefusal(local)?.requestId, 'a2')
})

test('what a terminal would obey is taken out', () => {
  const refusal = decodeRefusal(
    JSON.stringify({ error: 'x', message: 'a\u001B[2Jb\u0007\r\nc\u202Ed' }),
  )
  assert.equal(refusal?.message, 'a [2Jb c d')
})

test('a page whose address is longer than what is shown is none', () => {
  const refusalOf = (page: string) => decodeRefusal(JSON.stringify({ error: 'x', page }))
  assert.equal(refusalOf('https://gate.example.com/a')?.page, 'https://gate.example.com/a')
  // It grows as it is read: what is taken over of a peer has 500 characters at most.
  for (const page of [`https:${'a'.repeat(494)}`, `https://a/${'ü'.repeat(200)}`]) {
    assert.equal(refusalOf(page)?.page, undefined)
  }
})

test('anything else is not a refusal, and nothing makes it throw or grow', () => {
  for (const text of ['', 'null', '[]', '"x"', '<html>', '{}', '{"error":1}']) {
    assert.equal(decodeRefusal(text), undefined, text)
  }
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const refusal = decodeRefusal(JSON.stringify({ error: value, message: value }) ?? '')
      assert.ok((refusal?.message ?? '').length <= 500)
      assert.doesNotMatch(printable(value), /\p{Cc}/u)
    }),
  )
})

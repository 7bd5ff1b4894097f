import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedRequest } from './checked-request.ts'
import type { ConnectRequest } from './connect-request.ts'

function request(headers: ConnectRequest['headers']): ConnectRequest {
  return {
    requestId: 'r1',
    client: { ip: '192.0.2.1', endpoints: undefined },
    transport: 'h2',
    authority: 'jump.example.com:443',
    headers,
    fault: undefined,
    signal: new AbortController().signal,
    accept: () => assert.fail('it is not accepted here'),
    refuse: () => undefined,
    abandon: () => undefined,
  }
}

test('what is meant behind a bastion is one host and port, or nothing', () => {
  const read = (text?: string) =>
    checkedRequest(request({ 'cf-access-jump-destination': text })).bastionTarget
  assert.deepEqual(read('DB.internal:5432'), { host: 'db.internal', port: 5432 })
  assert.deepEqual(read('[fd00::1]:22'), { host: 'fd00::1', port: 22 })
  for (const nothing of [undefined, '', ' ']) assert.equal(read(nothing), undefined)
  const long = `${'a.'.repeat(200)}b:1`
  for (const wrong of ['db', 'db:0', 'ssh://db:22', 'a:1, b:2', 'a\u0000:1', long])
    assert.throws(() => read(wrong), { code: 'malformed-request' }, wrong)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from 'dns-packet'
import { added, encodeUpdate, holds, notInUse, removed } from './message.ts'
import type { TsigKey } from './settings.ts'
import { isSignedAnswer, signMessage, splitTsig } from './tsig.ts'

const key: TsigKey = {
  name: 'postern-key',
  algorithm: 'hmac-sha256',
  secret: Buffer.alloc(32, 7),
}
const nowMs = 1_700_000_000_000

test('an update is read by others as it was meant', () => {
  const name = 'tcp.site.com'
  const message = encodeUpdate(7, {
    zone: 'site.com',
    prerequisites: [
      notInUse(name),
      holds({ name, type: 'AAAA', value: '2001:db8::1' }),
      holds({ name, type: 'AAAA', value: '::' }),
    ],
    updates: [
      added({ name, type: 'A', value: '192.0.2.1' }, 300),
      added({ name, type: 'CNAME', value: 'GW.site.com' }, 300),
    ],
  })
  const read = decode(message)
  assert.equal(message.readUInt16BE(2), 5 << 11)
  assert.deepEqual(read.questions, [{ name: 'site.com', type: 'SOA', class: 'IN' }])
  const told = (records: readonly unknown[] = []) =>
    (records as readonly { type: string; class: string; ttl: number; data: unknown }[]).map(
      ({ type, class: klass, ttl, data }) => [
        type,
        klass,
        ttl,
        Buffer.isBuffer(data) ? data.length : data,
      ],
    )
  assert.deepEqual(told(read.answers).slice(1), [
    ['AAAA', 'IN', 0, '2001:db8::1'],
    ['AAAA', 'IN', 0, '::'],
  ])
  assert.deepEqual(told(read.authorities), [
    ['A', 'IN', 300, '192.0.2.1'],
    ['CNAME', 'IN', 300, 'gw.site.com'],
  ])
  // The type, the class, no time to live, and no data.
  assert.ok(message.toString('hex').includes('00ff00fe000000000000'))
})

test('a set of records is removed by one without data', () => {
  const record = { name: 'tcp.site.com', type: 'CNAME', value: 'gw.site.com' } as const
  const update = { zone: 'site.com', prerequisites: [], updates: [removed(record)] }
  // Which the library cannot read.
  assert.ok(encodeUpdate(7, update).toString('hex').endsWith('000500ff000000000000'))
})

test('a signature is of this message, this request and this time', () => {
  const request = signMessage(
    encodeUpdate(1, { zone: 'a.b', prerequisites: [], updates: [] }),
    key,
    nowMs,
  )
  const split = splitTsig(request.message)
  assert.ok(split)
  const { unsigned, tsig } = split
  assert.equal(splitTsig(unsigned), undefined)
  // An answer is signed over the signature of its request: that of a request is none of an answer.
  const at = { key, requestMac: request.mac, nowMs }
  assert.equal(isSignedAnswer(unsigned, tsig, at), false)
})

test('a message that ends too soon is no endless loop', () => {
  const { message } = signMessage(
    encodeUpdate(1, { zone: 'a.b', prerequisites: [], updates: [] }),
    key,
    nowMs,
  )
  for (let length = 12; length < message.length; length += 1)
    assert.throws(() => splitTsig(Buffer.from(message.subarray(0, length))), RangeError)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { mergeOriginRequest } from '../ingress/origin-request.ts'
import { openBySocks } from './socks.ts'

const greeting = Buffer.from([5, 1, 0])
const request = Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, 0, 22])

function begin() {
  const [near, far] = duplexPair()
  const [clock, gone] = [createFakeClock(), new AbortController()]
  const opened = openBySocks(near, {
    request: mergeOriginRequest({}, {}),
    signal: gone.signal,
    clock,
  })
  return { far, clock, gone, opened }
}

test('bytes that come one after the other give no more time than none', async () => {
  const { far, clock, opened } = begin()
  far.write(greeting)
  await once(far, 'data')
  for (const byte of request.subarray(0, 9)) {
    far.write(Buffer.from([byte]))
    clock.advance(3_000)
  }
  clock.advance(3_000)
  await assert.rejects(opened, { code: 'not-socks', message: /says nothing/ })
  assert.equal(clock.pending, 0)
})

test('a stream that goes while its request is waited for leaves nothing behind', async () => {
  const { clock, gone, opened } = begin()
  gone.abort()
  await assert.rejects(opened, { code: 'not-socks', message: /has gone/ })
  assert.equal(clock.pending, 0)
})

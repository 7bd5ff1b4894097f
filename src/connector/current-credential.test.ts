import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { TunnelCredential } from '../tunnel/tunnel-credential.ts'
import { createCurrentCredential } from './current-credential.ts'

const credential = (byte: number): TunnelCredential => ({
  accountTag: 'a',
  tunnelId: 't',
  secret: Buffer.alloc(32, byte),
  gateway: 'https://gw.site.com',
  grantKeys: [],
  ca: undefined,
})
const never = new AbortController().signal

test('another credential that is there already is not waited for', async () => {
  const [first, second, clock] = [credential(1), credential(2), createFakeClock()]
  const current = createCurrentCredential(first, clock)
  current.replace(second)
  assert.equal(await current.isReplaced(first, never), true)
  assert.equal(clock.pending, 0)
})

test('one that is on its way is waited for, by all whose connection was refused', async () => {
  const [first, second, clock] = [credential(1), credential(2), createFakeClock()]
  const current = createCurrentCredential(first, clock)
  const asked = [current.isReplaced(first, never), current.isReplaced(first, never)]
  clock.advance(4_999)
  current.replace(second)
  assert.deepEqual(await Promise.all(asked), [true, true])
  assert.equal(current.now, second)
  assert.equal(clock.pending, 0)
})

test('none within five seconds, or before the end, is none', async () => {
  const [first, clock] = [credential(1), createFakeClock()]
  const current = createCurrentCredential(first, clock)
  const late = current.isReplaced(first, never)
  clock.advance(5_000)
  assert.equal(await late, false)
  const ending = new AbortController()
  const ended = current.isReplaced(first, ending.signal)
  ending.abort()
  assert.equal(await ended, false)
  assert.equal(await current.isReplaced(first, ending.signal), false)
  assert.equal(clock.pending, 0)
})

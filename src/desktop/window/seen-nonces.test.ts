import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeenNonces, maxAgeMs, maxAheadMs, maxNonces } from './seen-nonces.ts'

test('of ten thousand signatures each is good once, and what is remembered of them has a bound', async () => {
  let nowMs = 0
  const seen = createSeenNonces(() => nowMs)
  const all = (at: number) =>
    new Set(Array.from({ length: 10_000 }, (_, index) => seen.add(at, `${index}`)))
  assert.deepEqual([...all(0)], ['new'])
  nowMs = 29_999
  assert.deepEqual([...all(0)], ['seen'])
  nowMs = 30_001
  assert.deepEqual([...all(0)], ['stale'])
  for (let index = 10_000; index < maxNonces; index += 1) seen.add(nowMs, `${index}`)
  assert.equal(seen.add(nowMs, 'more'), 'too-many')
  nowMs = 200_000
  assert.equal(seen.add(nowMs, 'more'), 'new')
})

test('a signature stays known for as long as it is good, however the times fall', async () => {
  for (let signedMs = 0; signedMs <= 80_000; signedMs += 1_000) {
    let nowMs = 0
    const seen = createSeenNonces(() => nowMs)
    nowMs = Math.max(0, signedMs - maxAheadMs)
    assert.equal(seen.add(signedMs, 'one'), 'new')
    for (; nowMs <= signedMs + maxAgeMs; nowMs += 1_000) {
      seen.add(nowMs, `${nowMs}`)
      assert.equal(seen.add(signedMs, 'one'), 'seen', `${signedMs} at ${nowMs}`)
    }
    assert.equal(seen.add(signedMs, 'one'), 'stale')
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitWaiting } from './waiting-limit.ts'

/** A connection of which so many bytes wait, stream by stream. */
function holder(...streams: number[]) {
  return {
    streams,
    waiting: () => streams.reduce((sum, count) => sum + count, 0),
    resetLargest() {
      const largest = Math.max(0, ...streams)
      if (largest > 0) streams.splice(streams.indexOf(largest), 1)
      return largest
    },
  }
}

test('the connection of which most waits loses its largest streams, until all that is left is within the bound', () => {
  const limit = limitWaiting(1_000)
  const [modest, greedy] = [holder(300), holder(100, 250, 200, 150)]
  const places = [modest, greedy].map((it) => limit.join(it))
  for (let come = 0; come < 63; come += 1) places[0]?.came(1)
  assert.deepEqual([modest.streams, greedy.streams], [[300], [100, 250, 200, 150]])
  greedy.streams.push(50)
  for (let come = 0; come < 63; come += 1) places[0]?.came(1)
  assert.deepEqual([modest.streams, greedy.streams], [[300], [100, 200, 150, 50]])
})

test('a connection that has gone counts no more', () => {
  const limit = limitWaiting(1_000)
  const [gone, here] = [holder(900), holder(500)]
  limit.join(gone)[Symbol.dispose]()
  const place = limit.join(here)
  for (let come = 0; come < 200; come += 1) place.came(1)
  assert.deepEqual([gone.streams, here.streams], [[900], [500]])
})

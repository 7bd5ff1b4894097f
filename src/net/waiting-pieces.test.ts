import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitPieces, pieceBytes } from './waiting-pieces.ts'

/** A connection of which so many pieces wait, stream by stream. */
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

test('the connection with most pieces loses its largest streams, until all that is left is within the bound', () => {
  const limit = limitPieces(1_000 * pieceBytes)
  const [modest, greedy] = [holder(300), holder(100, 250, 200, 150)]
  const places = [modest, greedy].map((it) => limit.join(it))
  for (let come = 0; come < 63; come += 1) places[0]?.came()
  assert.deepEqual([modest.streams, greedy.streams], [[300], [100, 250, 200, 150]])
  greedy.streams.push(50)
  for (let come = 0; come < 63; come += 1) places[0]?.came()
  assert.deepEqual([modest.streams, greedy.streams], [[300], [100, 200, 150, 50]])
})

test('a connection that has gone counts no more', () => {
  const limit = limitPieces(1_000 * pieceBytes)
  const [gone, here] = [holder(900), holder(500)]
  limit.join(gone)[Symbol.dispose]()
  const place = limit.join(here)
  for (let come = 0; come < 200; come += 1) place.came()
  assert.deepEqual([gone.streams, here.streams], [[900], [500]])
})

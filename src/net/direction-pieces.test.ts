import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { copy } from './direction.ts'

const markBytes = 64 * 1024

/** Two ends that a direction copies between; what the sink is given waits until it takes it. */
function rig() {
  const given: string[] = []
  const takes: (() => void)[] = []
  let isWanted = true
  const source = new Duplex({ read: () => void (isWanted = true), write: () => undefined })
  const sink = new Duplex({
    read: () => undefined,
    writableHighWaterMark: markBytes,
    write(chunk: Buffer, _encoding, done) {
      given.push(chunk.toString())
      takes.push(done)
    },
  })
  const bytes = { up: 0, down: 0 }
  copy(source, sink, { bytes, way: 'up', touch: () => undefined, onFlushed: () => undefined })
  return {
    source,
    sink,
    given,
    /** So many bytes one by one, as long as more is wanted; answers how many. */
    async send(most: number): Promise<number> {
      for (let sent = 0; sent < most; sent += 1) {
        if (!isWanted || sent % 64 === 0) await nextTurn()
        if (!isWanted) return sent
        isWanted = source.push('.')
      }
      return most
    },
    async takeAll(): Promise<void> {
      for (let take = takes.shift(); take !== undefined; take = takes.shift()) {
        take()
        await nextTurn()
      }
    },
  }
}

test('a side that takes nothing is given no more than some hundred pieces, however small', async () => {
  const { sink, send } = rig()
  const sent = await send(10_000)
  assert.deepEqual([sink.writableLength, sent], [513, 513 + 512])
})

test('once it has taken them it is given as much as before, all of it in order', async () => {
  const { source, sink, given, send, takeAll } = rig()
  const first = await send(10_000)
  await takeAll()
  assert.equal(sink.writableLength, 0)
  assert.deepEqual(
    [source.readableHighWaterMark, sink.writableHighWaterMark],
    [markBytes, markBytes],
  )
  source.push('x'.repeat(markBytes / 2))
  source.push('y')
  await takeAll()
  assert.ok(given.join('') === `${'.'.repeat(first)}${'x'.repeat(markBytes / 2)}y`)
})

test('one that takes each piece as it comes is never waited for', async () => {
  const { source, sink, send, takeAll } = rig()
  for (let sent = 0; sent < 2_000; sent += 100) {
    assert.equal(await send(100), 100)
    assert.equal(source.isPaused(), false)
    await takeAll()
  }
  assert.equal(sink.writableHighWaterMark, markBytes)
})

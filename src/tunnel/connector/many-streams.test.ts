import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { untilCollected, watchCollected } from '../../collected.fixture.ts'
import { holdable } from '../../net/http2-windows.ts'
import { always, openEnds, type Ends } from './ends.fixture.ts'
import { streamWindows } from './windows.ts'

const mib = 1024 * 1024
const { startWindowBytes, maxWindowBytes } = holdable(streamWindows)

/** How many streams come and go here; `npm run bench` moves more. */
const streams = 3_000

test('streams that came and went, in order or by a reset, leave nothing at either end', async () => {
  const { collected, watch } = watchCollected()
  const { collected: collectedToo, watch: watchToo } = watchCollected()
  using ends = await openEnds({
    onStream(offer) {
      const stream = offer.accept().on('error', () => undefined)
      watchToo(stream)
      stream.pipe(stream)
    },
  })
  // Bun opens one of its own for the first.
  await useOne(ends, false)
  const descriptors = countDescriptors()
  for (let begun = 0; begun < streams; begun += 100) {
    const each = Array.from({ length: 100 }, (_, index) => useOne(ends, index % 3 === 0))
    for (const stream of await Promise.all(each)) watch(stream)
  }
  while (ends.connector.streams > 0) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([ends.gateway.streams, ends.connector.streams], [0, 0])
  assert.equal(countDescriptors(), descriptors)
  await Promise.all([untilCollected(collected), untilCollected(collectedToo)])
  assert.equal(ends.gateway.isReady, true)
})

test('a stream that nobody reads keeps no other one waiting', async () => {
  using ends = await openEnds({
    onStream(offer) {
      const stream = offer.accept().on('error', () => undefined)
      if (offer.authority === 'endless:1') writeEndlessly(stream)
      else stream.end(Buffer.alloc(64 * mib))
    },
  })
  const unread = await open(ends, 'endless:1')
  while (unread.readableLength < 0.9 * startWindowBytes) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  const others = await Promise.all(Array.from({ length: 4 }, () => open(ends, 'much:1')))
  assert.deepEqual(await Promise.all(others.map(countBytes)), Array<number>(4).fill(64 * mib))
  assert.ok(unread.readableLength <= maxWindowBytes + mib)
})

test('of many streams each has little that waits to be sent, at either end', async () => {
  const accepted: Duplex[] = []
  using ends = await openEnds({
    onStream: (offer) => void accepted.push(offer.accept().on('error', () => undefined)),
  })
  const opened: Duplex[] = []
  for (let begun = 0; begun < 33; begun += 1) opened.push(await open(ends, 'a:1'))
  const waitingAt = (all: readonly Duplex[]) => all.map((it) => it.writableHighWaterMark / 1024)
  const expected = [...Array<number>(32).fill(64), 16]
  assert.deepEqual(waitingAt(opened), expected)
  assert.deepEqual(waitingAt(accepted), expected)
})

async function open({ gateway }: Ends, authority: string): Promise<Duplex> {
  const stream = await gateway.openStream({ authority, grant: 'g'.repeat(600) }, always)
  return stream.on('error', () => undefined)
}

async function useOne(ends: Ends, isReset: boolean): Promise<Duplex> {
  const stream = await open(ends, 'echo:1')
  const closed = new Promise((resolve) => stream.once('close', resolve))
  stream.write('hello')
  await once(stream, 'data')
  if (isReset) stream.destroy(new Error('it has seen enough'))
  else stream.resume().end()
  await closed
  return stream
}

function writeEndlessly(stream: Duplex): void {
  const chunk = Buffer.alloc(64 * 1024)
  const write = (): void => {
    while (!stream.destroyed && stream.write(chunk));
  }
  stream.on('drain', write)
  write()
}

async function countBytes(stream: Duplex): Promise<number> {
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length
  return bytes
}

function countDescriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

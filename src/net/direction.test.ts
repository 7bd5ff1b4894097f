import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { copy } from './direction.ts'

const typed = 100
const frame = 16_384

describe('what comes in one turn of the event loop', () => {
  test('leaves in one system call where it is much', async () => {
    assert.deepEqual(await writesOf([frame, frame, frame]), [[frame, frame, frame]])
  })

  test('goes at once where it is little', async () => {
    assert.deepEqual(await writesOf([typed, typed]), [[typed], [typed]])
  })
})

test('a rest that comes a turn after its frame is gathered with what follows it', async () => {
  const { source, writes } = await startCopy()
  source.write(Buffer.alloc(frame))
  await nextTurn()
  source.write(Buffer.alloc(typed))
  source.write(Buffer.alloc(frame))
  await nextTurn()
  assert.deepEqual(writes, [[frame], [typed, frame]])
})

test('what is little goes at once again after something little', async () => {
  const { source, writes } = await startCopy()
  source.write(Buffer.alloc(frame))
  source.write(Buffer.alloc(typed))
  await nextTurn()
  source.write(Buffer.alloc(typed))
  assert.deepEqual(writes, [[frame, typed], [typed]])
})

async function writesOf(chunks: readonly number[]): Promise<readonly (readonly number[])[]> {
  const { source, writes } = await startCopy()
  for (const bytes of chunks) source.write(Buffer.alloc(bytes))
  await nextTurn()
  return writes
}

/** A copy that is under way, and the sizes of what its sink was given by each call. */
async function startCopy() {
  const writes: number[][] = []
  const source = new PassThrough({ highWaterMark: 10 * frame })
  const sink = new Duplex({
    highWaterMark: 10 * frame,
    write(chunk: Buffer, _encoding, done) {
      writes.push([chunk.length])
      done()
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => (chunk as Buffer).length))
      done()
    },
  })
  const passage = {
    bytes: { up: 0, down: 0 },
    way: 'up',
    touch: ignore,
    onFlushed: ignore,
  } as const
  copy(source, sink, passage)
  if (source.readableFlowing !== true) await once(source, 'resume')
  await nextTurn()
  return { source, writes }
}

function ignore(): void {
  // Nobody asks here how much it was.
}

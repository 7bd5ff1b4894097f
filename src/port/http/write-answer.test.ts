import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { PageResponse } from './port-handlers.ts'
import type { Exchange } from '../peers/peer.ts'
import { writeAnswer } from './write-answer.ts'

const pieceBytes = 16 * 1024

/** A response whose reader takes a piece when the test says so, and the exchange that it belongs to. */
function setup() {
  const headers = new Map<string, unknown>()
  const pieces: Uint8Array[] = []
  const waiting: (() => void)[] = []
  let isEnded = false
  const response = Object.assign(new EventEmitter(), {
    statusCode: 0,
    destroyed: false,
    setHeader: (name: string, value: unknown) => void headers.set(name, value),
    write(piece: Uint8Array, taken: () => void) {
      pieces.push(piece)
      waiting.push(taken)
    },
    end: () => void (isEnded = true),
    destroy: () => undefined,
  })
  const held: number[] = []
  let progress = 0
  const exchange = {
    progressed: () => void (progress += 1),
    hold: (bytes: number) => void held.push(bytes),
  }
  return {
    response,
    headers,
    pieces,
    held,
    write: (answer: Response) =>
      writeAnswer(answer, response as unknown as PageResponse, exchange as unknown as Exchange),
    /** The reader takes what waits; resolves when the next piece had its chance. */
    async take(): Promise<void> {
      waiting.shift()?.()
      await turn()
    },
    seen: () => ({ isEnded, progress }),
  }
}

describe('an answer', () => {
  test('is handed over piece by piece, as its reader takes them', async () => {
    const { write, take, pieces, held, headers, seen } = setup()
    const body = 'x'.repeat(2 * pieceBytes + 1)
    const writing = write(new Response(body, { status: 201 }))
    while (pieces.length === 0) await turn()
    assert.equal(headers.get('content-length'), String(body.length))
    for (let taken = 1; taken <= 3; taken += 1) {
      assert.equal(pieces.length, taken)
      assert.deepEqual(seen(), { isEnded: false, progress: taken - 1 })
      await take()
    }
    await writing
    assert.deepEqual(
      pieces.map(({ byteLength }) => byteLength),
      [pieceBytes, pieceBytes, 1],
    )
    assert.deepEqual(held, [body.length, 0])
    assert.deepEqual(seen(), { isEnded: true, progress: 3 })
  })

  test('that says its length is never made whole', async () => {
    const { write, take, pieces } = setup()
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1
          controller.enqueue(new Uint8Array(1_000))
        },
      },
      { highWaterMark: 0 },
    )
    void write(new Response(body, { headers: { 'content-length': '1000000' } }))
    while (pieces.length === 0) await turn()
    assert.equal(pulled, 1)
    await take()
    assert.equal(pulled, 2)
  })

  test('ends with its connection', async () => {
    const { write, response, pieces, seen } = setup()
    const writing = write(new Response('x'.repeat(2 * pieceBytes)))
    while (pieces.length === 0) await turn()
    response.emit('close')
    await writing
    assert.equal(pieces.length, 1)
    assert.equal(seen().isEnded, false)
  })

  test('that is to arrive as it is made is written as it is made, and ends with its reader', async () => {
    const { write, take, pieces, headers, response } = setup()
    const made: ReadableStreamDefaultController<Uint8Array>[] = []
    let isCancelled = false
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void made.push(controller),
        cancel: () => void (isCancelled = true),
      },
      { highWaterMark: 0 },
    )
    const writing = write(new Response(body, { headers: { 'x-accel-buffering': 'no' } }))
    await turn()
    assert.equal(pieces.length, 0)
    made[0]?.enqueue(new Uint8Array(3))
    while (pieces.length === 0) await turn()
    await take()
    assert.equal(headers.get('content-length'), undefined)
    assert.equal(isCancelled, false)
    // Nothing is written now.
    response.destroyed = true
    response.emit('close')
    await writing
    assert.equal(isCancelled, true)
  })

  test('that lasts for long leaves no listener behind for each piece', async () => {
    const { write, take, pieces, response } = setup()
    const writing = write(new Response('x'.repeat(40 * pieceBytes)))
    while (pieces.length === 0) await turn()
    for (let taken = 0; taken < 30; taken += 1) await take()
    assert.ok(response.listenerCount('close') <= 2, String(response.listenerCount('close')))
    response.emit('close')
    await writing
  })

  test('keeps every cookie apart', async () => {
    const { write, headers } = setup()
    const fields = new Headers({ 'content-type': 'text/plain' })
    fields.append('set-cookie', 'a=1')
    fields.append('set-cookie', 'b=2')
    await write(new Response(null, { headers: fields }))
    assert.deepEqual(headers.get('set-cookie'), ['a=1', 'b=2'])
  })
})

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import type { DaemonEvent } from '../../src/desktop/wire/view.ts'
import { linesOf } from '../../src/web/desktop/event-lines.ts'
import { followEvents } from '../../src/web/desktop/event-stream.ts'

const encoder = new TextEncoder()
const beat = '{"kind":"beat"}\n'

test('a line is told once it is whole, wherever its bytes were cut', async () => {
  const bytes = encoder.encode('{"a":"ä"}\n\n{"b":1}\n{"half')
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  const lines: string[] = []
  for await (const line of linesOf(body)) lines.push(line)
  assert.deepEqual(lines, ['{"a":"ä"}', '{"b":1}'])
})

test('a stream that ends is begun again, and one that is refused as well', async (t) => {
  const answers = [
    () => new Response(beat),
    () => Response.json({ code: 'no-proof', message: 'not let in' }, { status: 401 }),
    () => Response.json({ code: 'too-many-windows', message: 'too many' }, { status: 429 }),
    () => new Response('no', { status: 503 }),
    () => new Response('<html>\n'),
    () => Promise.reject(new TypeError('nobody there')),
    (signal: AbortSignal) => silent(signal),
  ]
  const { said, heardTwice, close } = follow(answers, 60_000)
  t.after(close)
  await heardTwice
  assert.deepEqual(said, [
    'beat',
    'lost',
    'no-proof',
    'too-many-windows',
    'lost',
    'lost',
    'lost',
    'beat',
  ])
})

test('a stream of which nothing is heard is given up, and begun again', async (t) => {
  let isGivenUp = false
  const noticed = (signal: AbortSignal): Response => {
    signal.addEventListener('abort', () => (isGivenUp = true))
    return silent(signal)
  }
  const { said, heardTwice, close } = follow([noticed, noticed], 20)
  t.after(close)
  await heardTwice
  assert.equal(isGivenUp, true)
  assert.deepEqual(said.slice(0, 3), ['beat', 'lost', 'beat'])
})

test('a stream that waits to begin again begins at once when it is hurried', async (t) => {
  const ended = new EventEmitter()
  let opened = 0
  const stream = followEvents(
    () => {
      opened += 1
      ended.emit('opened')
      return Promise.reject(new TypeError('nobody there'))
    },
    { heard: () => undefined, ended: () => void ended.emit('ended') },
    { silenceMs: 60_000, firstRetryMs: 600_000, lastRetryMs: 600_000 },
  )
  t.after(() => stream.close())
  await once(ended, 'ended')
  assert.equal(opened, 1)
  const again = once(ended, 'opened')
  // It waits from the turn on that follows.
  await new Promise((resolve) => setImmediate(resolve))
  stream.hurry()
  await again
  assert.equal(opened, 2)
})

/** A stream that says one thing, and ends as that of a browser when it is given up. */
function silent(signal: AbortSignal): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(beat))
      signal.addEventListener('abort', () => controller.error(signal.reason))
    },
  })
  return new Response(body)
}

/** What is said of streams that are answered one after the other, until something was heard of two. */
function follow(
  answers: readonly ((signal: AbortSignal) => Response | Promise<Response>)[],
  silenceMs: number,
) {
  const said: string[] = []
  const { promise: heardTwice, resolve } = Promise.withResolvers<void>()
  let next = 0
  const stream = followEvents(
    async (signal) => {
      const answer = answers[next++]
      if (answer === undefined) return new Promise<Response>(() => undefined)
      return answer(signal)
    },
    {
      heard({ kind }: DaemonEvent) {
        said.push(kind)
        if (said.filter((word) => word === 'beat').length === 2) resolve()
      },
      ended: (why) => void said.push(why === 'lost' ? why : why.code),
    },
    { silenceMs, firstRetryMs: 1, lastRetryMs: 2 },
  )
  return { said, heardTwice, close: () => stream.close() }
}

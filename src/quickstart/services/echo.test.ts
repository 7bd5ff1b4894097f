import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { dial } from '../../net/dial.ts'
import { startEcho } from './echo.ts'
import type { Received } from './echo.ts'

test('the echo sends everything back, ends after its client and tells what it saw', async (t) => {
  const seen: Received[] = []
  const echo = await startEcho({ onReceived: (received) => seen.push(received) })
  t.after(() => echo.close(0))
  const sent = randomBytes(300_000)
  const socket = await dial({ host: '127.0.0.1', port: echo.port })
  socket.end(sent)
  assert.deepEqual(await buffer(socket), sent)
  const sha256 = createHash('sha256').update(sent).digest('hex')
  assert.deepEqual(seen, [{ bytes: 300_000, sha256 }])
})

test('closing ends the connections that are left, and closing twice is the same', async () => {
  const echo = await startEcho()
  const socket = await dial({ host: '127.0.0.1', port: echo.port })
  socket.write('x')
  await once(socket, 'data')
  const closed = once(socket, 'close')
  await Promise.all([echo.close(0), echo.close(0)])
  socket.end()
  await closed
  await assert.rejects(dial({ host: '127.0.0.1', port: echo.port }), {
    code: 'upstream-unreachable',
  })
})

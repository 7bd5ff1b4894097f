import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCa } from '../../src/gateway/gateway.fixture.ts'
import { startPublishRig } from '../../src/pages/publish/publish.fixture.ts'
import { publishPaths } from '../../src/tunnel/publish.ts'
import { connectTls } from './dial.ts'
import { endHeaders, fields, frame, preface } from './frames.ts'
import { piecesOf } from './raw-ends.ts'
import { untilEnd } from './victim.ts'

/** More than come in a row. */
const pieces = 40

const bodies: Readonly<Record<'h2' | 'http/1.1', readonly Buffer[]>> = {
  h2: [
    preface,
    frame(
      'headers',
      endHeaders,
      1,
      fields([
        [':method', 'POST'],
        [':scheme', 'https'],
        [':authority', 'localhost'],
        [':path', publishPaths.tunnels],
      ]),
    ),
    piecesOf(1, Buffer.alloc(pieces, 'x')),
  ],
  'http/1.1': [
    Buffer.from(
      `POST ${publishPaths.tunnels} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ),
    Buffer.from('1\r\nx\r\n'.repeat(pieces)),
  ],
}

for (const [protocol, said] of Object.entries(bodies)) {
  test(`a body in pieces of a byte closes its connection over ${protocol}`, async (t) => {
    const { port } = new URL((await startPublishRig(t)).origin)
    const to = { port: Number(port), ca: testCa }
    const socket = await connectTls(to, protocol as keyof typeof bodies)
    t.after(() => void socket.destroy())
    const ended = untilEnd(socket)
    socket.write(Buffer.concat(said))
    // There is no answer before the whole body.
    assert.doesNotMatch(await ended, /HTTP/)
  })
}

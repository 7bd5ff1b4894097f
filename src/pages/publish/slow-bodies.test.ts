import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { alice } from '../../gateway/device.fixture.ts'
import { testCa } from '../../gateway/gateway.fixture.ts'
import { bearerOf } from '../../tunnel/publish-credential.ts'
import { publishPaths } from '../../tunnel/publish.ts'
import { startPublishRig, type PublishRig } from './publish.fixture.ts'

const formType = 'application/x-www-form-urlencoded'

test('a body that drips is answered with 408, does nothing, and gives its place back', async (t) => {
  const rig = await startPublishRig(t)
  const publisher = await rig.publisher(alice, 'site.com')
  const session = http2.connect(rig.origin, { ca: testCa })
  t.after(() => session.destroy())
  const authorization = `Bearer ${bearerOf(publisher.credential)}`
  for (const length of [{}, { 'content-length': '99' }]) {
    const head = { ':method': 'POST', ':path': publishPaths.tunnels, 'content-type': formType }
    const stream = session.request({ ...head, authorization, ...length })
    const answered = once(stream, 'response') as Promise<[http2.IncomingHttpHeaders]>
    let said = ''
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    stream.write('name=web')
    const closed = once(stream, 'close')
    await drip(rig, () => void (stream.writable && stream.write('x')))
    assert.equal((await answered)[0][':status'], 408)
    await closed
    assert.match(said, /"request_timeout"/)
    assert.deepEqual([stream.rstCode, session.destroyed], [0, false])
  }
  assert.deepEqual((await publisher.get(publishPaths.tunnels)).json, { tunnels: [] })
})

test('over HTTP/1.1 the connection is closed behind the 408', async (t) => {
  const rig = await startPublishRig(t)
  const { port } = new URL(rig.origin)
  for (const length of ['Content-Length: 99', 'Transfer-Encoding: chunked']) {
    const socket = tls.connect({ port: Number(port), servername: 'localhost', ca: testCa })
    t.after(() => void socket.destroy())
    await once(socket, 'secureConnect')
    // Else the system keeps a piece back until the one before it is acknowledged, 40 ms later.
    socket.setNoDelay()
    const head = [`POST ${publishPaths.tunnels} HTTP/1.1`, 'Host: localhost', length]
    socket.write([...head, `Content-Type: ${formType}`, '', '4\r\nname\r\n'].join('\r\n'))
    let said = ''
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = once(socket, 'end')
    await drip(rig, () => void (socket.writable && socket.write('1\r\nx\r\n')))
    await ended
    assert.match(said, /^HTTP\/1\.1 408 /)
    assert.match(said, /^connection: close\r$/im)
  }
})

/** More time than a body has passes, in which some of it comes now and then. */
async function drip({ clock, send }: PublishRig, more: () => void): Promise<void> {
  for (let passed = 0; passed < 5; passed += 1) {
    more()
    // By then that has been read.
    await send('GET', '/healthz')
    clock.advance(9_000)
  }
}

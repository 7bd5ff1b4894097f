import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import * as tls from 'node:tls'
import { firstRecordBytes, isHandshake, offeredProtocols } from './client-hello.ts'
import { lookAtStart } from './look-at-start.ts'

/** The first record that a TLS client says. */
async function helloOf(t: TestContext, options: tls.ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = tls.connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ...options,
  })
  client.on('error', () => undefined)
  const [socket] = await accepted
  t.after(() => {
    client.destroy()
    socket.destroy()
  })
  const hello = await lookAtStart(socket, 10_000, (received) => {
    const wanted = firstRecordBytes(received)
    return wanted === undefined || received.length < wanted ? undefined : { found: received }
  })
  assert.ok(hello)
  return hello
}

test('the protocols of a real client are read, in its order, whichever version it speaks', async (t) => {
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    const ALPNProtocols = ['acme-tls/1', 'h2']
    const hello = await helloOf(t, { servername: 'a.example.com', ALPNProtocols, maxVersion })
    assert.ok(isHandshake(hello))
    assert.deepEqual(offeredProtocols(hello), ALPNProtocols)
  }
  assert.deepEqual(offeredProtocols(await helloOf(t, {})), [])
})

test('whatever is cut short, changed or something else is read without a fault', async (t) => {
  const hello = await helloOf(t, { servername: 'a.example.com', ALPNProtocols: ['acme-tls/1'] })
  for (let length = 0; length < hello.length; length += 1)
    assert.ok(Array.isArray(offeredProtocols(hello.subarray(0, length))))
  for (let at = 0; at < hello.length; at += 1) {
    const changed = Buffer.from(hello)
    changed[at] = 0xff
    assert.ok(Array.isArray(offeredProtocols(changed)))
  }
  assert.deepEqual(offeredProtocols(Buffer.from('GET / HTTP/1.1\r\n\r\n')), [])
})

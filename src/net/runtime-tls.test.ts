import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { findPlainHttp } from './runtime-tls.ts'
import { httpFaultOf } from './runtime.ts'

/** Both ends of a connection. */
async function openPair(t: TestContext): Promise<readonly [client: Socket, connection: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1' })
  client.on('error', () => undefined)
  const [connection] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    server.close()
    for (const one of [client, connection]) one.destroy()
  })
  return [client, connection]
}

test('plain HTTP is found, also where it comes byte by byte, and may be answered', async (t) => {
  for (const start of ['GET / HTTP/1.1', 'POST /', 'HEAD /', 'PUT / ', 'CONNECT a:1']) {
    const [client, connection] = await openPair(t)
    client.setNoDelay(true)
    const looking = findPlainHttp(connection, 60_000)
    for (const byte of start) {
      await new Promise((resolve) => client.write(byte, resolve))
    }
    assert.equal(httpFaultOf(await looking), 'plain-http', start)
    connection.end('no')
    const [answer] = (await once(client, 'data')) as [Buffer]
    assert.equal(answer.toString(), 'no')
  }
})

test('of everything else each byte is left, an end right behind it too', async (t) => {
  for (const start of ['\x16', '\x16\x03\x01\x02\x00', 'nonsense', 'get / HTTP/1.1']) {
    const [client, connection] = await openPair(t)
    client.end(start)
    assert.equal(await findPlainHttp(connection, 60_000), undefined)
    let read = ''
    connection.on('data', (chunk: Buffer) => (read += chunk.toString()))
    await once(connection, 'end')
    assert.equal(read, start)
  }
})

test('whoever ends before, or says too little in time, is gone', async (t) => {
  const [ending, ended] = await openPair(t)
  ending.end('GET')
  assert.equal(await findPlainHttp(ended, 60_000), undefined)
  const [silent, waiting] = await openPair(t)
  silent.write('GET')
  assert.equal(await findPlainHttp(waiting, 50), undefined)
  assert.deepEqual([ended.destroyed, waiting.destroyed], [true, true])
})

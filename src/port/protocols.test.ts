import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { connectTls, testCertificate } from '../gateway/gateway.fixture.ts'
import type { Peer } from './peers/peer.ts'
import { createTestPeers } from './peers/peers.fixture.ts'
import type { PeersOptions } from './peers/peers.ts'
import type { PortProtocol } from './peers/port-protocol.ts'
import { openTestPort, type TestPortOptions } from './port.fixture.ts'
import type { Port } from './port.ts'

interface Rig {
  readonly port: Port
  /** Why connections were evicted, with their addresses. */
  readonly evicted: string[]
  /** Connections that the made-up protocol was given, with their peers. */
  readonly served: { readonly socket: TLSSocket; readonly peer: Peer }[]
  /** What it was told. */
  readonly told: string[]
}

test('a client that chooses another protocol reaches it, and the others reach HTTP', async (t) => {
  const { port, served } = await open(t)
  const ours = await connect(t, port, ['test/1'])
  assert.equal(ours.alpnProtocol, 'test/1')
  ours.write('ping')
  assert.equal(String((await once(ours, 'data'))[0]), 'test/1 got ping')
  assert.equal(served.length, 1)
  assert.equal(served[0]?.peer.ip, '127.0.0.1')
  assert.equal(await statusOverHttp1(t, port, ['http/1.1']), 'HTTP/1.1 200 OK')
  assert.equal(await statusOverHttp1(t, port, []), 'HTTP/1.1 200 OK')
  const overHttp2 = await connect(t, port, ['http/1.1', 'h2'])
  const session = http2.connect('https://localhost', { createConnection: () => overHttp2 })
  t.after(() => session.destroy())
  const [headers] = (await once(session.request({ ':path': '/' }), 'response')) as [
    http2.IncomingHttpHeaders,
  ]
  assert.equal(headers[':status'], 200)
  assert.equal(served.length, 1)
})

test('a client that offers HTTP as well is given the other protocol', async (t) => {
  const { port } = await open(t)
  assert.equal((await connect(t, port, ['h2', 'http/1.1', 'test/1'])).alpnProtocol, 'test/1')
})

test('a client that offers only what nobody knows fails its handshake, as without the other', async (t) => {
  for (const protocols of [[], undefined]) {
    const { port, served } = await open(t, protocols === undefined ? {} : { protocols })
    await assert.rejects(connect(t, port, ['test/2']), {
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    })
    assert.equal(served.length, 0)
  }
})

test('a client reaches it by its server name too, whatever it says in ALPN', async (t) => {
  const { port, served } = await open(t)
  for (const [alpn, servername] of [
    [[], 'named.test'],
    [['h2'], 'Named.test'],
  ] as const) {
    const socket = await connect(t, port, alpn, servername)
    socket.write('ping')
    assert.equal(String((await once(socket, 'data'))[0]), 'test/1 got ping')
  }
  assert.equal(served.length, 2)
  const other = await connect(t, port, [], 'other.test')
  other.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(String((await once(other, 'data'))[0]), /^HTTP\/1\.1 200 OK/)
})

test('one that only a server name chooses is in no ALPN', async (t) => {
  const serverNames = ['named.test']
  const silent = { serve: () => undefined, stopAccepting: () => undefined }
  const { port } = await open(t, { protocols: [{ ...silent, name: undefined, serverNames }] })
  await assert.rejects(connect(t, port, ['undefined']))
})

test('its connections without a tunnel stand under the budget, and those with one do not', async (t) => {
  const limits = { maxConnectionsPerAddress: 0, maxConnections: 1 }
  const { port, served, evicted } = await open(t, {}, { limits })
  const idle = await connect(t, port, ['test/1'])
  idle.write('ping')
  await once(idle, 'data')
  const closed = gone(idle)
  const busy = await connect(t, port, ['test/1'])
  await closed
  assert.deepEqual(evicted, ['total-limit 127.0.0.1'])
  busy.write('carry')
  await once(busy, 'data')
  assert.equal(await statusOverHttp1(t, port, ['http/1.1']), 'HTTP/1.1 200 OK')
  busy.write('ping')
  assert.equal(String((await once(busy, 'data'))[0]), 'test/1 got ping')
  assert.equal(served.length, 2)
})

test('a client whose certificate is refused never reaches it', async (t) => {
  let asked = 0
  const admit = (): 'refused' => {
    asked += 1
    return 'refused'
  }
  const { port, served } = await open(t, { clientCertificates: { admit } })
  const socket = await connect(t, port, ['test/1'])
  await gone(socket)
  assert.deepEqual([asked, served.length], [1, 0])
})

test('an error on a connection whose protocol does not listen for it ends nothing else', async (t) => {
  const { port, served } = await open(t)
  const socket = await connect(t, port, ['test/1'])
  socket.write('ping')
  await once(socket, 'data')
  const [{ socket: unheard } = assert.fail()] = served
  const closed = gone(unheard)
  unheard.destroy(new Error('a surprise'))
  await closed
  assert.equal(await statusOverHttp1(t, port, ['http/1.1']), 'HTTP/1.1 200 OK')
})

test('it is told when the port closes, and why tunnels are cut', async (t) => {
  const { port, told } = await open(t)
  port.announceCut('shutdown')
  port.stopAccepting()
  assert.deepEqual(told, ['cut: shutdown', 'stop'])
})

test('it is offered with new certificates too', async (t) => {
  const { port } = await open(t)
  port.replaceCertificates([testCertificate])
  assert.equal((await connect(t, port, ['test/1'])).alpnProtocol, 'test/1')
})

/** A port that also speaks `test/1`, which answers what it gets, and carries a tunnel once it gets `carry`. */
async function open(
  t: TestContext,
  options: TestPortOptions = {},
  peers: Partial<PeersOptions> = {},
): Promise<Rig> {
  const [evicted, served, told]: [string[], Rig['served'], string[]] = [[], [], []]
  const madeUp: PortProtocol = {
    name: 'test/1',
    serverNames: ['named.test'],
    serve(socket, peer) {
      served.push({ socket, peer })
      socket.on('data', (chunk: Buffer) => {
        if (String(chunk) === 'carry') peer.carryTunnel()
        socket.write(`test/1 got ${String(chunk)}`)
      })
    },
    stopAccepting: () => void told.push('stop'),
    announceCut: (code) => void told.push(`cut: ${code}`),
  }
  const port = await openTestPort(t, {
    peers: createTestPeers({
      report: (cause, ip) => void evicted.push(`${cause} ${ip}`),
      ...peers,
    }),
    handlers: { request: (_request, response) => void response.end('page') },
    protocols: [madeUp],
    ...options,
  })
  return { port, evicted, served, told }
}

async function connect(
  t: TestContext,
  { address }: Port,
  alpn: readonly string[],
  servername?: string,
): Promise<TLSSocket> {
  const trust = servername === undefined ? {} : { servername, checkServerIdentity: () => undefined }
  const socket = await connectTls(address.port, alpn, trust)
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  return socket
}

/** Resolves when the other side has ended a connection, in order or not. */
function gone(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    socket
      .once('end', () => resolve())
      .once('close', () => resolve())
      .resume()
  })
}

async function statusOverHttp1(
  t: TestContext,
  port: Port,
  alpn: readonly string[],
): Promise<string | undefined> {
  const socket = await connect(t, port, alpn)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString().split('\r\n')[0]
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex, duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as tls from 'node:tls'
import { createCertificateAuthority } from './certificate.ts'
import { dial } from './dial.ts'
import { resetBeneath, runsOn } from './beneath.ts'
import { abandon } from './abandon.ts'
import { abortAtDestroy } from './runtime-http2.ts'
import { relay } from './relay.ts'
import { relaySuite, type TransportPair } from './relay.suite.ts'

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])

/** What the TLS streams of these tests run on. */
const connections: Socket[] = []

relaySuite({ name: 'plain TCP', tellsReset: true, open: openPlain })
relaySuite({ name: 'a Unix socket', tellsReset: false, open: openUnix })
relaySuite({ name: 'TLS', tellsReset: false, open: openTls })
relaySuite({ name: 'an HTTP/2 stream', tellsReset: true, open: openHttp2 })
relaySuite({ name: 'a Duplex of no socket', tellsReset: true, open: openDuplex })

// A connector's streams are opened by the gateway, on a connection that it accepted.
const isUpstream = true
relaySuite({
  name: 'an HTTP/2 stream of ours to a service',
  tellsReset: true,
  isUpstream,
  open: () => openHttp2().then(turned),
})
relaySuite({
  name: 'a Duplex of no socket to a service',
  tellsReset: true,
  isUpstream,
  open: openDuplex,
})

test('an HTTP/2 stream that was ended on our side says why', async (t) => {
  const [{ far: client, close }, [upstream]] = [await openHttp2(), duplexPair()]
  t.after(close)
  const ended = relay(client, upstream)
  client.destroy(new Error('too many pieces'))
  const { cause, error } = await ended
  assert.deepEqual([cause, error?.message], ['client-reset', 'too many pieces'])
})

test('an HTTP/2 session that is destroyed once a relay is over has sent all', async (t) => {
  const { near: upstream, far: service, close } = await openHttp2()
  t.after(close)
  // More than the credit, in one piece: its end leaves with the rest of it, when the service has given more.
  const said = randomBytes(300_000)
  service.end('bye')
  const heard = readSlowly(service)
  const local = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
    final: (done) => done(),
  })
  local.push(said)
  local.push(null)
  const { cause } = await relay(local, upstream)
  close()
  assert.equal(cause, 'upstream-closed')
  assert.ok((await heard).equals(said))
})

// libuv refuses to reset a connection whose FIN is on its way, and Node then forgets the descriptor.
describe('a client that is lost right behind its own end', () => {
  test('leaves no connection to its upstream', async () => {
    const { near, far, close } = await openPlain()
    await loseBehindEnd(near as Socket, far)
    close()
  })

  test('leaves no connection beneath TLS', async () => {
    const { near, far, close } = await openTls()
    const connection = connections.at(-1)
    assert.ok(connection)
    resetBeneath(near as tls.TLSSocket, connection)
    await loseBehindEnd(near as tls.TLSSocket, far, connection)
    close()
  })

  test('leaves no connection beneath TLS whose last words a stopped reader keeps back', async (t) => {
    const { near, connection, stop, close } = await openStoppable()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    stop()
    near.end()
    abandon(near, new Error('cut'))
    const closed = [once(near, 'close'), once(connection, 'close')]
    t.mock.timers.tick(2_000)
    await Promise.all(closed)
    close()
  })
})

// As the port does with what is open when its process ends, or when somebody else needs the place.
test('what TLS runs on is destroyed, which is no end in order', async () => {
  const { near, far, close } = await openTls()
  const connection = connections.at(-1)
  assert.ok(connection)
  runsOn(near as tls.TLSSocket, connection)
  const ends: string[] = []
  const upstream = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
    final: (done) => done(void ends.push('end')),
  })
  const ended = relay(near, upstream)
  far.write('half of it')
  await once(near, 'data')
  connection.destroy()
  assert.equal((await ended).cause, 'client-reset')
  assert.deepEqual(ends, [])
  far.destroy()
  close()
})

async function loseBehindEnd(upstream: Socket, far: Duplex, connection = upstream): Promise<void> {
  const client = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const relayed = relay(client, upstream)
  client.on('end', () => client.destroy(new Error('lost')))
  const closed = once(connection, 'close')
  far.resume()
  client.push(null)
  assert.equal((await relayed).cause, 'client-reset')
  await closed
  // It has seen the end; that it was no orderly one shows when it writes.
  const lost = new Promise((resolve) => far.on('error', resolve).on('close', resolve))
  far.write('answer')
  await lost
  far.destroy()
}

function turned({ near, far, close }: TransportPair): TransportPair {
  return { near: far, far: near, close }
}

/** What no socket lies beneath: a stream of another thread, of a test, of whatever a transport makes. */
function openDuplex(): Promise<TransportPair> {
  const [near, far] = duplexPair()
  // By itself such a pair shows a loss without an error as an end in order, and takes bytes ever after.
  near.once('close', () => far.destroy())
  return Promise.resolve({ near, far, close: () => undefined })
}

async function openPlain(): Promise<TransportPair> {
  const server = createServer({ allowHalfOpen: true })
  const port = await listen(server)
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const near = await dial({ host: '127.0.0.1', port })
  const [far] = await accepted
  return { near, far, close: () => server.close() }
}

async function openUnix(): Promise<TransportPair> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  const path = join(directory, 'socket')
  const server = createServer({ allowHalfOpen: true })
  server.listen(path)
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const near = connect({ path, allowHalfOpen: true })
  const [far] = await accepted
  const close = (): void => {
    server.close()
    rmSync(directory, { recursive: true })
  }
  return { near, far, close }
}

/** The gateway's own arrangement: a plain listener whose sockets are handed to a TLS server. */
async function openTls(): Promise<TransportPair> {
  const secure = tls.createServer(pair)
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    secure.emit('connection', socket),
  )
  const port = await listen(server)
  const accepted = once(secure, 'secureConnection') as Promise<[tls.TLSSocket]>
  const socket = await dial({ host: '127.0.0.1', port })
  connections.push(socket)
  const near = tls.connect({ socket, servername: 'localhost', ca: authority.cert })
  const [[far]] = await Promise.all([accepted, once(near, 'secureConnect')])
  return { near, far, close: () => server.close() }
}

/** TLS on a way that takes all until it is stopped, and nothing more from then on. */
async function openStoppable(): Promise<{
  readonly near: tls.TLSSocket
  readonly connection: Socket
  stop(): void
  close(): void
}> {
  const server = tls.createServer(pair, (far) => far.on('error', () => undefined))
  const connection = await dial({ host: '127.0.0.1', port: await listen(server) })
  let isStopped = false
  const way = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      if (!isStopped) connection.write(chunk, done)
    },
  })
  connection.on('data', (chunk) => way.push(chunk))
  const near = tls.connect({ socket: way, servername: 'localhost', ca: authority.cert })
  await once(near, 'secureConnect')
  resetBeneath(near, connection)
  return {
    near,
    connection,
    stop: () => void (isStopped = true),
    close: () => server.close(),
  }
}

async function readSlowly(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    await wait(2)
  }
  return Buffer.concat(chunks)
}

async function openHttp2(): Promise<TransportPair> {
  const server = http2.createSecureServer(pair)
  const port = await listen(server)
  const opened = new Promise<http2.ServerHttp2Stream>((resolve) => server.once('stream', resolve))
  const session = http2.connect(`https://localhost:${port}`, { ca: authority.cert })
  const near = session.request({ ':method': 'CONNECT', ':authority': 'service:1' })
  const far = await opened
  far.respond({ ':status': 200 })
  await once(near, 'response')
  // As `endWithPeer` does for every session.
  abortAtDestroy(session, new Set([near]))
  if (far.session) abortAtDestroy(far.session, new Set([far]))
  const close = (): void => {
    session.destroy()
    server.close()
  }
  return { near, far, close }
}

async function listen(server: Server | http2.Http2SecureServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import { createFakeClock } from '../../fake-clock.ts'
import type { Link } from '../link.ts'
import { silenceMs } from './carried-stream.ts'
import { openEdge, requestFor, testCa, type EdgeRig } from './protocol.fixture.ts'
import { methods } from './registration.ts'
import { probeServerName } from './server-names.ts'
import { formatServices } from '../../publish/pushed-services.ts'
import {
  startStockConnector,
  type StockConnector,
  type StockOptions,
} from './stock-connector.fixture.ts'

const never = new AbortController().signal

test('a stock connector registers, and its connections are links of one process', async (t) => {
  const edge = await openEdge(t)
  const connectorId = randomUUID()
  const connect = (connIndex: number) => start(t, edge, { connectorId, connIndex })
  const [first, second] = [await connect(0), await connect(1)]
  const answers = await Promise.all([first.answer, second.answer])
  const links = await edge.ready(2)
  assert.deepEqual(
    links.map(({ connIndex, dialect, version, ip }) => [connIndex, dialect, version, ip]),
    [
      [0, 'cloudflared', '2026.8.2', '127.0.0.1'],
      [1, 'cloudflared', '2026.8.2', '127.0.0.1'],
    ],
  )
  assert.deepEqual(
    links.map((link) => link.connectorId),
    [connectorId, connectorId],
  )
  for (const [i, answer] of answers.entries()) {
    assert.ok(answer !== 'closed' && 'id' in answer)
    assert.equal(answer.id, links[i]?.id.replaceAll('-', ''))
    assert.deepEqual([answer.location, answer.isRemotelyManaged], ['gateway.test', false])
  }
})

test('streams go to the service by the rules of the connector, or raw to an address', async (t) => {
  const edge = await openEdge(t)
  const origin = await startEcho(t)
  await start(t, edge, { origin })
  const [link] = await edge.ready()
  for (const service of [
    undefined,
    { host: '127.0.0.1', port: origin },
    { host: '::1', port: 9 },
  ]) {
    const stream = await open(link, service)
    const bytes = randomBytes(300_007)
    assert.ok((await exchange(stream, bytes)).equals(bytes))
    assert.equal(link?.streams, 1)
    stream.destroy()
    await once(stream, 'close')
  }
  assert.equal(link?.streams, 0)
})

test('a service that is named goes only by a rule that leads there', async (t) => {
  const edge = await openEdge(t)
  const connector = await start(t, edge, { origin: await startEcho(t) })
  const [link] = await edge.ready()
  const service = { host: 'db.internal', port: 5432 }
  await assert.rejects(open(link, service), { code: 'connector-no-rule' })
  connector.configure({
    ingress: [
      { hostname: 'db.example.com', service: 'tcp://db.internal:5432' },
      { service: 'http_status:404' },
    ],
  })
  // Answered in its order, so the rules are there then.
  await ping(connector)
  assert.deepEqual(
    link?.services?.map(({ service }) => service),
    ['tcp://db.internal:5432', 'http_status:404'],
  )
  ;(await open(link, service)).destroy()
  await assert.rejects(open(link, { ...service, port: 5433 }), { code: 'connector-no-rule' })
  await assert.rejects(open(link, service, 'other.example.com'), { code: 'connector-no-rule' })
})

test('nothing that a client has named is dialled by a connector without a list', async (t) => {
  const edge = await openEdge(t)
  const origin = await startEcho(t)
  await start(t, edge, { origin })
  const [link] = await edge.ready()
  assert.ok(link)
  const request = requestFor({ host: '127.0.0.1', port: origin })
  await assert.rejects(link.openStream({ ...request, isByClient: true }, never), {
    code: 'connector-no-rule',
    message: /no list/,
  })
})

test('no stream reaches what the connector keeps for itself', async (t) => {
  const edge = await openEdge(t)
  await start(t, edge, { origin: await startEcho(t) })
  const [link] = await edge.ready()
  const opening = open(link, undefined, 'management.argotunnel.com')
  await assert.rejects(opening, { code: 'connector-no-rule' })
})

test('a wrong secret and an unknown tunnel are refused, and the connection closed behind it', async (t) => {
  const edge = await openEdge(t)
  for (const [options, cause] of [
    [{ secret: Buffer.alloc(32, 8) }, 'wrong-secret'],
    [{ secret: Buffer.alloc(0) }, 'wrong-secret'],
    [{ tunnelId: randomUUID() }, 'unknown-tunnel'],
  ] as const) {
    const connector = await start(t, edge, options)
    const answer = await connector.answer
    assert.ok(answer !== 'closed' && 'refused' in answer)
    assert.match(answer.refused, /^Unauthorized: /)
    await connector.closed
    assert.equal(edge.lines.at(-1)?.['why'], cause)
  }
  assert.deepEqual(edge.links.list(), [])
})

test('one that is refused and goes before it can be told harms nobody', async (t) => {
  const edge = await openEdge(t)
  const secret = Buffer.alloc(32, 8)
  const unread = await start(t, edge, { secret, windowBytes: 0 })
  await edge.line('connector refused')
  unread.socket.destroy()
  await unread.closed
  // What is left of it would be heard as a fault of the process.
  await start(t, edge, {})
  assert.equal((await edge.ready(1)).length, 1)
})

test('a second connection of the same index is EDUPCONN, and the first one stays', async (t) => {
  const edge = await openEdge(t)
  const connectorId = randomUUID()
  await start(t, edge, { connectorId })
  await edge.ready()
  const second = await start(t, edge, { connectorId })
  assert.deepEqual(await second.answer, { refused: 'EDUPCONN' })
  await second.closed
  assert.equal((await edge.ready()).length, 1)
})

test('a tunnel that is revoked loses its streams at once, and its connector one line for all it asks', async (t) => {
  const edge = await openEdge(t)
  const options = { origin: await startEcho(t), connectorId: randomUUID() }
  const connector = await start(t, edge, options)
  const [link] = await edge.ready()
  const stream = await open(link)
  await exchange(stream, Buffer.from('x'))
  const lost = new Promise((resolve) => stream.on('error', resolve))
  edge.revoke('tunnel-revoked')
  assert.deepEqual(edge.links.list(), [])
  await Promise.all([lost, connector.closed])
  for (let again = 0; again < 3; again += 1) {
    const answer = await (await start(t, edge, options)).answer
    assert.ok(answer !== 'closed' && 'refused' in answer)
  }
  const refused = edge.lines.filter(({ message }) => message === 'connector refused')
  assert.deepEqual(
    refused.map(({ why }) => why),
    ['wrong-secret'],
  )
  assert.equal((await edge.line('connector gone'))['why'], 'tunnel-revoked')
})

test('rules that the tunnel has are pushed before the first stream, and changed without cutting any', async (t) => {
  const edge = await openEdge(t)
  edge.change({ services: formatServices([{ hostname: undefined, service: 'tcp://127.0.0.1:1' }]) })
  const connector = await start(t, edge, { origin: await startEcho(t) })
  const answer = await connector.answer
  assert.ok(answer !== 'closed' && 'id' in answer && answer.isRemotelyManaged)
  const [link] = await edge.ready()
  assert.deepEqual(connector.pushed[0]?.config, {
    ingress: [{ service: 'tcp://127.0.0.1:1' }],
    'warp-routing': {},
  })
  const stream = await open(link)
  const next = [{ hostname: 'a.example.com', service: 'tcp://127.0.0.1:2' }]
  edge.change({ services: formatServices(next) })
  assert.deepEqual(link?.services, next)
  assert.ok((await exchange(stream, Buffer.from('still here'))).equals(Buffer.from('still here')))
  await edge.ready()
  assert.deepEqual(connector.pushed.at(-1)?.config, {
    ingress: [next[0], { service: 'http_status:404' }],
    'warp-routing': {},
  })
  stream.destroy()
})

test('a connector without rules is named in the log', async (t) => {
  const edge = await openEdge(t)
  const connector = await start(t, edge, {})
  await connector.answer
  connector.configure({ ingress: [{ service: 'http_status:503' }] })
  const line = await edge.line('a connector serves nothing: it has no rules, and is given none')
  assert.match(String(line['hint']), /--for-cloudflared demo --service/)
})

test('a route that names a service by name is told when a connector comes that has no rule for it', async (t) => {
  const namedServices = [
    { hostname: 'db.example.com', service: { host: 'db.corp', port: 5432 } },
    { hostname: '*.in.example.com', service: { host: 'in.corp', port: 22 } },
  ]
  const message = 'a stock connector cannot serve a route: it dials a name by its own rules alone'
  const edge = await openEdge(t, { namedServices })
  const connector = await start(t, edge, {})
  await connector.answer
  connector.configure({
    ingress: [
      { hostname: '*.in.example.com', service: 'ssh://in.corp' },
      { hostname: 'db.example.com', service: 'tcp://other.corp:5432' },
      { service: 'http_status:404' },
    ],
  })
  const line = await edge.line(message)
  assert.deepEqual([line['hostname'], line['service']], ['db.example.com', 'db.corp:5432'])
  assert.match(String(line['hint']), /rule db\.example\.com -> tcp:\/\/db\.corp:5432/)
  edge.change({
    services: formatServices([{ hostname: undefined, service: 'tcp://db.corp:5432' }]),
  })
  const told = edge.lines.filter((one) => one.message === message)
  assert.deepEqual(
    told.map(({ hostname }) => hostname),
    ['db.example.com', '*.in.example.com'],
  )
})

test('a tunnel is open only by the proof of a WebSocket', async (t) => {
  const edge = await openEdge(t)
  const answers: [Record<string, string | number>, string][] = [
    [{ ':status': 200 }, 'connector-not-served'],
    [
      { ':status': 200, 'cf-cloudflared-response-headers': 'U2VjLVdlYlNvY2tldC1BY2NlcHQ:AAAA' },
      'connector-not-served',
    ],
    [{ ':status': 101 }, 'connector-not-served'],
    [{ ':status': 502 }, 'connector-origin-unreachable'],
    [{ ':status': 503 }, 'connector-no-rule'],
    [{ ':status': 404 }, 'connector-not-served'],
  ]
  let next: Record<string, string | number> = {}
  await start(t, edge, {
    onStream(stream, headers) {
      if (headers['sec-websocket-key'] === undefined) return false
      stream.respond(next)
      stream.write('bytes that nobody may see')
      return true
    },
  })
  const [link] = await edge.ready()
  for (const [headers, code] of answers) {
    if (headers[':status'] === 101) continue
    next = headers
    await assert.rejects(open(link), { code })
  }
  assert.equal(link?.streams, 0)
})

test("a client's end is held back until the service is silent, or has ended too", async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const served: Socket[] = []
  const origin = await startService(t, (socket) => void served.push(socket))
  await start(t, edge, { origin })
  const [link] = await edge.ready()
  const stream = await open(link)
  stream.end('question')
  const [service] = served
  assert.ok(service)
  assert.equal(String((await once(service, 'data'))[0]), 'question')
  clock.advance(silenceMs - 1)
  service.write('half of the answer')
  assert.equal(String((await once(stream, 'data'))[0]), 'half of the answer')
  clock.advance(silenceMs - 1)
  service.write(', and the rest')
  assert.equal(String((await once(stream, 'data'))[0]), ', and the rest')
  // Either may be over first.
  const ended = [once(service, 'end'), once(stream, 'close')]
  clock.advance(silenceMs)
  await Promise.all(ended)

  const other = await open(link)
  other.resume().end('question')
  await once(served[1] ?? assert.fail(), 'data')
  served[1]?.end('answer')
  await once(other, 'close')
  assert.equal(link?.streams, 0)
})

test('a connector that takes its leave gets no new streams, and is let go when the last has ended', async (t) => {
  const edge = await openEdge(t)
  const connector = await start(t, edge, { origin: await startEcho(t) })
  const [link] = await edge.ready()
  const stream = await open(link)
  connector.call(methods.unregisterConnection)
  await ping(connector)
  assert.equal(link?.isReady, false)
  assert.ok((await exchange(stream, Buffer.from('still'))).equals(Buffer.from('still')))
  stream.destroy()
  await connector.closed
  assert.equal((await edge.line('connector gone'))['why'], 'closed')
})

test("a connection that leaves is in nobody's way: its connector may be back before it is over", async (t) => {
  const edge = await openEdge(t)
  const options = { origin: await startEcho(t), connectorId: randomUUID() }
  const connector = await start(t, edge, options)
  const [link] = await edge.ready()
  const stream = await open(link)
  connector.call(methods.unregisterConnection)
  await ping(connector)
  const again = await (await start(t, edge, options)).answer
  assert.ok(again !== 'closed' && 'id' in again)
  stream.destroy()
  await connector.closed
})

test('draining tells a connector to go only when its last stream has ended', async (t) => {
  const edge = await openEdge(t, { clock: createFakeClock() })
  const connector = await start(t, edge, { origin: await startEcho(t) })
  const [link] = await edge.ready()
  const stream = await open(link)
  const goaway = once(connector.session, 'goaway')
  link?.drain()
  assert.equal(link?.isReady, false)
  await goaway
  await exchange(stream, Buffer.from('still'))
  stream.destroy()
  assert.equal(await connector.controlOver, 0)
  connector.socket.end()
  await edge.line('connector gone')
  assert.deepEqual(edge.links.list(), [])
})

test('a stream that is being opened when draining begins is opened', async (t) => {
  const edge = await openEdge(t)
  const connector = await start(t, edge, { origin: await startEcho(t) })
  const [link] = await edge.ready()
  const goaway = once(connector.session, 'goaway')
  const opening = open(link)
  link?.drain()
  const stream = await opening
  await goaway
  await exchange(stream, Buffer.from('still'))
  stream.destroy()
  assert.equal(await connector.controlOver, 0)
})

test('connections of one connector drain one after the other, the next when the one before is back', async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const connectorId = randomUUID()
  const first = await start(t, edge, { connectorId, connIndex: 0 })
  const second = await start(t, edge, { connectorId, connIndex: 1 })
  const links = await edge.ready(2)
  const ready = (): readonly boolean[] => links.map(({ isReady }) => isReady)
  edge.links.drain(() => true)
  assert.equal(await first.controlOver, 0)
  // Closed behind that, whatever the connector does.
  await edge.line('connector gone')
  clock.advance(5_000)
  assert.deepEqual(ready(), [false, true])
  await start(t, edge, { connectorId, connIndex: 0 })
  await edge.ready(2)
  clock.advance(1_000)
  assert.deepEqual(ready(), [false, false])
  assert.equal(await second.controlOver, 0)
})

test('while the port closes connections stay, without new streams, and are let go when it is about to end', async (t) => {
  const edge = await openEdge(t)
  const connectorId = randomUUID()
  const connector = await start(t, edge, { connectorId, origin: await startEcho(t) })
  const idle = await start(t, edge, { connectorId, connIndex: 1 })
  const [link] = await edge.ready(2)
  const stream = await open(link)
  edge.port.stopAccepting()
  assert.throws(
    () => edge.links.toward({ kind: 'connector', tunnel: 'demo', service: undefined }, ''),
    {
      code: 'connector-not-ready',
    },
  )
  await exchange(stream, Buffer.from('still'))
  stream.destroy()
  await Promise.all([ping(connector), ping(idle)])
  assert.equal(edge.links.list().length, 2)
  edge.port.letGo()
  assert.deepEqual(await Promise.all([connector.controlOver, idle.controlOver]), [0, 0])
})

test('while the port closes, and where there are too many, one is dropped: a refusal would end its process', async (t) => {
  const edge = await openEdge(t)
  const unregistered = await start(t, edge, { onControl: () => undefined })
  for (let there = 0; there < 100; there += 1) await start(t, edge, {})
  await edge.ready(100)
  const one = await start(t, edge, {})
  assert.equal(await one.answer, 'closed')
  assert.equal((await edge.line('connector refused'))['why'], 'too-many-connections')
  edge.port.stopAccepting()
  assert.equal(await unregistered.answer, 'closed')
})

test('one that shakes hands and says nothing is under the budget, and has a deadline', async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const connector = await start(t, edge, { onControl: () => undefined })
  clock.advance(10_000)
  await connector.closed
  assert.deepEqual(edge.evicted, [])
  const limits = { maxConnections: 1, maxConnectionsPerAddress: 0 }
  const small = await openEdge(t, { peers: { limits } })
  const idle = await start(t, small, { onControl: () => undefined })
  const busy = await start(t, small, {})
  await Promise.all([idle.closed, busy.answer])
  assert.deepEqual(small.evicted, ['total-limit'])
  await start(t, small, { connIndex: 1 })
  assert.equal((await small.ready(2)).length, 2)
})

test('a connection that answers nothing more is lost within ten seconds', async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const connector = await start(t, edge, {})
  await edge.ready()
  for (let second = 0; second < 30; second += 1) {
    clock.advance(1_000)
    await ping(connector)
  }
  assert.equal(edge.links.list().length, 1)
  // Nothing of what it says arrives while the clock alone goes on.
  for (let second = 0; second < 10; second += 1) clock.advance(1_000)
  assert.deepEqual(edge.links.list(), [])
  assert.equal(edge.lines.at(-1)?.['why'], 'lost')
})

test('a probe shakes hands, and may say nothing', async (t) => {
  const edge = await openEdge(t)
  const probe = (): tls.TLSSocket =>
    tls.connect({
      port: edge.port.address.port,
      host: '127.0.0.1',
      servername: probeServerName,
      ca: testCa,
    })
  const first = probe()
  await once(first, 'secureConnect')
  first.end()
  await once(first, 'close')
  const second = probe().on('error', () => undefined)
  await once(second, 'secureConnect')
  second.write('x')
  await once(second, 'close')
})

function start(
  t: TestContext,
  edge: EdgeRig,
  options: Partial<StockOptions>,
): Promise<StockConnector> {
  return startStockConnector(t, { port: edge.port.address.port, ca: testCa, ...options })
}

function open(link: Link | undefined, ...request: Parameters<typeof requestFor>): Promise<Duplex> {
  assert.ok(link)
  return link.openStream(requestFor(...request), never)
}

/** Resolves when the gateway has read everything that was sent before. */
function ping({ session }: StockConnector): Promise<void> {
  return new Promise((resolve) => void session.ping(() => resolve()))
}

async function startService(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    serve(socket.on('error', () => undefined))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

function startEcho(t: TestContext): Promise<number> {
  return startService(t, (socket) => void socket.pipe(socket))
}

/** Sends bytes, and resolves to as many of what comes back. */
function exchange(stream: Duplex, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const take = (chunk: Buffer): void => {
      chunks.push(chunk)
      const got = Buffer.concat(chunks)
      if (got.length < bytes.length) return
      stream.off('data', take).off('error', reject)
      resolve(got)
    }
    stream.on('data', take).on('error', reject)
    stream.write(bytes)
  })
}

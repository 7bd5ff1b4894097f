import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { messageOf } from '../../src/errors.ts'
import { inTime, type Child } from './child.ts'
import {
  application,
  namedTunnel,
  startAccess,
  startConnectorRig,
  type ConnectorRig,
  type StockConnection,
} from './connector-rig.ts'
import { byConnect, byWebSocket, type OpenWay } from './open-ways.ts'
import { peerTest } from './peers.ts'
import { exchange, untilEnded, type LocalPort } from './person.ts'
import type { Scope } from './scope.ts'
import { startService } from './services.ts'

/** How much later than promised a busy machine may be. */
const patience = 10
/** The same where most of the time is a wait of the program's own. */
const busyMs = 4_000
const promisedMs = { replica: 2_000, clientGone: 1_000, gatewayBack: 5_000, cut: 1_000 } as const
const loadedConnections = 8
const connectionsPerSecond = 50
const leastProbes = 100
const piece = Buffer.alloc(64 * 1024, 'x')

peerTest('connectors, clients and gateways may be killed', [], async (scope) => {
  const { rig, service, client } = await setUp(scope)
  const [first, second] = [
    await rig.startConnector(service.port),
    await rig.startConnector(service.port),
  ]
  const load = await startLoad(client)

  first.signal('SIGKILL')
  await within(promisedMs.replica, works(client), 'no new connection beside a replica')
  for (const socket of load) socket.destroy()

  second.signal('SIGKILL')
  await second.ended
  // The refusal may be there before the connection is.
  await client.connect().then(untilEnded, () => undefined)
  // Whoever has not signed in is not told what is behind a name; the log says it.
  await client.child.says(/the service behind route "tcp\.site\.com" cannot be reached/)
  assert.equal(await statusAsStock(rig), 503)
  const error = `no connector of the tunnel "${namedTunnel}" is connected`
  await rig.lines.first((line) => line['response-code'] === 503 && line['error'] === error)

  const third = await rig.startConnector(service.port)
  await killClient(scope, rig, service)
  await killGateway(rig, third, await rig.startStockConnector(service.port))
  await works(client)
})

peerTest('a rolling restart of two replicas fails no new connection', [], async (scope) => {
  const { rig, service, client } = await setUp(scope)
  const replicas = [await rig.startConnector(service.port), await rig.startConnector(service.port)]
  const probing = probe([client.connect, byWebSocket(scope, rig), byConnect(scope, rig)])
  for (const replica of replicas) {
    replica.signal('SIGTERM')
    assert.equal(await replica.ended, 0, replica.errors())
    await rig.startConnector(service.port)
  }
  const { made, failures } = await probing.end()
  assert.deepEqual(failures, [], `of ${made}`)

  await checkCuts(rig, client)
})

/** Makes new connections, by each way in turn, until it is ended; each has to carry something. */
function probe(ways: readonly OpenWay[]) {
  const running: Promise<void>[] = []
  const failures: string[] = []
  const enough = Promise.withResolvers<void>()
  const one = async (open: OpenWay, number: number): Promise<void> => {
    try {
      const way = await open()
      way.write('hello')
      const [answer] = await inTime(once(way, 'data') as Promise<[Buffer]>, () => 'no answer')
      assert.equal(answer.toString(), 'hello')
      way.destroy()
    } catch (error) {
      failures.push(`number ${number}: ${messageOf(error)}`)
    }
  }
  const timer = setInterval(() => {
    running.push(one(ways[running.length % ways.length] as OpenWay, running.length))
    if (running.length === leastProbes) enough.resolve()
  }, 1_000 / connectionsPerSecond)
  return {
    /** Not before enough of them were made: on a quick machine all is over within two seconds. */
    async end() {
      await enough.promise
      clearInterval(timer)
      await Promise.all(running)
      return { made: running.length, failures }
    },
  }
}

peerTest('connections that are drained are made anew, and nobody notices', [], async (scope) => {
  const { rig, service, client } = await setUp(scope)
  await rig.startConnector(service.port)
  const open = await opened(client)
  const before = await connectionsOf(rig)
  assert.equal(before.length, 4)
  await rig.postern('gateway', 'connectors', 'drain', '-c', rig.configPath, namedTunnel)
  let now = before
  // All are new but the one that has the tunnel, beside which is its own.
  while (before.filter((id) => now.includes(id)).length > 1 || now.length < 5) {
    await works(client)
    now = await connectionsOf(rig)
  }
  assert.equal(await exchange(open, 'still here'), 'still here')
  open.destroy()
  while ((await connectionsOf(rig)).length > 4) await works(client)
})

interface Stage {
  readonly rig: ConnectorRig
  readonly service: Service
  readonly client: LocalPort
}

interface Service {
  readonly port: number
  /** Resolves to the connection that comes next. */
  next(): Promise<Socket>
}

async function setUp(scope: Scope): Promise<Stage> {
  const waiting: ((socket: Socket) => void)[] = []
  const port = await startService(scope, (socket) => {
    waiting.shift()?.(socket)
    socket.pipe(socket)
  })
  const next = (): Promise<Socket> => new Promise((resolve) => waiting.push(resolve))
  const rig = await startConnectorRig(scope)
  return { rig, service: { port, next }, client: await startAccess(scope, rig) }
}

/** A policy that no longer allows it and the end of the named tunnel cut what is open, and say why. */
async function checkCuts(rig: ConnectorRig, client: LocalPort): Promise<void> {
  const denied = await opened(client)
  await rig.setPolicy('block')
  await within(promisedMs.cut, untilEnded(denied), 'not cut by the policy')
  await client.child.says(/the gateway cut the tunnel to .*: the policy no longer allows it/)

  await rig.setPolicy('bypass')
  await rig.lines.first(() => rig.lines.all(isReload).length === 2)
  const orphaned = await opened(client)
  await rig.tunnel('delete', '--force', namedTunnel)
  await within(promisedMs.cut, untilEnded(orphaned), 'not cut with the named tunnel')
  await client.child.says(
    /the gateway cut the tunnel to .*: the service is no longer published: the named tunnel that led to it was deleted/,
  )
}

function isReload({ message }: Readonly<Record<string, unknown>>): boolean {
  return message === 'configuration reloaded'
}

/** Connections that always have something on the way. */
async function startLoad(client: LocalPort): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: loadedConnections }, client.connect))
  for (const socket of sockets) {
    socket.on('data', (chunk: Buffer) => socket.write(chunk))
    socket.write(piece)
  }
  await Promise.all(sockets.map((socket) => once(socket, 'data')))
  return sockets
}

/** The service learns of the end of a client that ends without a word. */
async function killClient(scope: Scope, rig: ConnectorRig, service: Service): Promise<void> {
  const client = await startAccess(scope, rig)
  const accepted = service.next()
  await opened(client)
  const atService = await accepted
  client.child.signal('SIGKILL')
  await within(promisedMs.clientGone, untilEnded(atService), 'the service does not learn of it')
}

/** Ours is back by itself; a stock one, as soon as it comes. */
async function killGateway(
  rig: ConnectorRig,
  connector: Child,
  stock: StockConnection,
): Promise<void> {
  const killed = rig.child()
  killed.signal('SIGKILL')
  await Promise.all([killed.ended, stock.ended])
  await rig.start()
  const again = connector.says(/(?:Registered tunnel connection [^]*){8}/)
  const late = (): string => 'the connector is not back'
  await inTime(again, late, promisedMs.gatewayBack + busyMs)
  await inTime(stock.again(), () => 'a stock connector is not taken at once', busyMs)
}

/** The ids of the connections of the one connector. */
async function connectionsOf(rig: ConnectorRig): Promise<readonly string[]> {
  const { output } = await rig.postern(
    'gateway',
    'connectors',
    'list',
    '-c',
    rig.configPath,
    '--json',
  )
  const { connectors } = JSON.parse(output) as {
    readonly connectors: readonly { readonly connections: readonly { readonly id: string }[] }[]
  }
  return connectors.flatMap(({ connections }) => connections.map(({ id }) => id))
}

/** A connection that has carried something. */
async function opened(client: LocalPort): Promise<Socket> {
  const socket = await client.connect()
  assert.equal(await exchange(socket, 'hello'), 'hello')
  return socket
}

async function works(client: LocalPort): Promise<void> {
  const socket = await opened(client)
  socket.destroy()
}

function within<Value>(promised: number, promise: Promise<Value>, complaint: string) {
  return inTime(promise, () => complaint, promised * patience)
}

/** The status of an upgrade as cloudflared's client sends it. */
async function statusAsStock(rig: ConnectorRig): Promise<number | undefined> {
  const asking = request({
    host: '127.0.0.1',
    port: rig.port,
    ca: rig.ca,
    servername: application,
    agent: false,
    headers: {
      host: application,
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    },
  })
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

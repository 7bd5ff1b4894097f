// An hour in which nobody says anything, behind an edge that forgets who is quiet. Connections, PINGs and their answers are
// real; the time is not. With real edges and less time: test/e2e/idle-edge.test.ts, and `npm run soak -- --edges`.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { WebSocketServer } from 'ws'
import { startTunnelSession } from '../../src/client/ways/http2-session.ts'
import { keepSessionAlive } from '../../src/port/http/http2-keepalive.ts'
import { pingIntervalMs } from '../../src/net/http2-ping.ts'
import { tunnelOverWebSocket } from '../../src/tunnel/websocket-stream.ts'
import { WebSocket } from '../../src/tunnel/ws.ts'
import { packagedTimeouts } from './packaged-timeouts.ts'

const hourMs = 3_600_000
const stepMs = 5_000
/** Turns of the event loop in which nothing is on its way any more. */
const calmTurns = 4

test('a tunnel over HTTP/2 that says nothing for an hour is there, whoever pings', async (t) => {
  for (const pinging of ['the gateway', 'the client'] as const) {
    const time = fakeTime(t)
    const edge = await startEdge(t, time, (socket) => {
      const server = http2.createServer()
      server.on('stream', (stream: http2.ServerHttp2Stream) => {
        stream.on('error', () => undefined).respond({ ':status': 200 })
        stream.pipe(stream)
      })
      server.once('session', (session) => {
        if (pinging === 'the client') return
        keepSessionAlive(session, socket, { intervalMs: pingIntervalMs, idleTimeoutMs: 0 })
      })
      server.emit('connection', socket)
    })
    const interval = pinging === 'the client' ? pingIntervalMs : hourMs * 10
    const session = startTunnelSession(edge.client, 'http://localhost', interval)
    const { tunnel } = await session.connect('echo.example.com:7', {})
    assert.ok(tunnel, 'no tunnel')
    await time.pass(hourMs, edge)
    assert.equal(edge.cutAtMs(), undefined, `cut while ${pinging} pings`)
    tunnel.write('still here')
    assert.equal(String((await once(tunnel, 'data'))[0]), 'still here')
    // One PING and its answer each interval, and hardly more.
    assert.ok(edge.pieces() < (hourMs / pingIntervalMs) * 3, `${edge.pieces()} pieces`)
    session.destroy()
    time.reset()
  }
})

test('a tunnel over a WebSocket that says nothing for an hour is there', async (t) => {
  const time = fakeTime(t)
  const server = new WebSocketServer({ noServer: true })
  const edge = await startEdge(t, time, (socket) => {
    // Its head comes in one piece over loopback.
    socket.once('data', (head: Buffer) => {
      const key = /^sec-websocket-key: (.*)$/im.exec(head.toString())?.[1] ?? ''
      const headers = {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
      }
      const request = { method: 'GET', headers, url: '/' } as never
      server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
        const far = tunnelOverWebSocket(webSocket, 65_536)
        far.on('error', () => undefined).pipe(far)
      })
    })
  })
  const webSocket = new WebSocket('ws://localhost/', [], { createConnection: () => edge.client })
  await once(webSocket, 'open')
  const tunnel = tunnelOverWebSocket(webSocket, 65_536)
  await time.pass(hourMs, edge)
  assert.equal(edge.cutAtMs(), undefined, 'cut')
  tunnel.write('still here')
  assert.equal(String((await once(tunnel, 'data'))[0]), 'still here')
  tunnel.destroy()
})

test('a tunnel without pings is cut when the edge says so', async (t) => {
  const time = fakeTime(t)
  const edge = await startEdge(t, time, (socket) => void socket.pipe(socket))
  await time.pass(hourMs, edge)
  assert.equal(edge.cutAtMs(), packagedTimeouts.haproxyMs)
})

interface FakeTime {
  now(): number
  /** Lets so many milliseconds pass, and in each step what they bring about arrive. */
  pass(ms: number, edge: Edge): Promise<void>
  reset(): void
}

function fakeTime(t: TestContext): FakeTime {
  let nowMs = 0
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const clock = t.mock.method(performance, 'now', () => nowMs)
  return {
    now: () => nowMs,
    async pass(ms, edge) {
      await edge.calm()
      for (let passed = 0; passed < ms; passed += stepMs) {
        nowMs += stepMs
        t.mock.timers.tick(stepMs)
        await edge.calm()
        edge.look()
      }
    },
    reset() {
      t.mock.timers.reset()
      clock.mock.restore()
    },
  }
}

interface Edge {
  /** The connection to it, as a client has it. */
  readonly client: Socket
  /** Resolves once everything that was written has arrived. */
  calm(): Promise<void>
  /** Cuts what has been quiet for too long, in either direction. */
  look(): void
  cutAtMs(): number | undefined
  /** That it has passed on, both ways. */
  pieces(): number
}

/** HAProxy's way to see it: each side has to say something within its timeout. */
async function startEdge(
  t: TestContext,
  time: FakeTime,
  serve: (socket: Socket) => void,
): Promise<Edge> {
  const heardMs = { client: 0, gateway: 0 }
  let cutAtMs: number | undefined
  let pieces = 0
  const gateway = await listen(t)
  const edge = await listen(t)
  const [client, near] = await edge.connect()
  const [far, served] = await gateway.connect()
  const pairs = [
    [near, far, 'client'],
    [far, near, 'gateway'],
  ] as const
  for (const [from, to, side] of pairs) {
    from.on('data', (chunk: Buffer) => {
      heardMs[side] = time.now()
      pieces += 1
      to.write(chunk)
    })
  }
  serve(served)
  const isCalm = (): boolean =>
    near.bytesRead === client.bytesWritten &&
    served.bytesRead === far.bytesWritten &&
    far.bytesRead === served.bytesWritten &&
    client.bytesRead === near.bytesWritten
  return {
    client,
    async calm() {
      for (let calm = 0; calm < calmTurns; calm = isCalm() ? calm + 1 : 0) await turn()
    },
    look() {
      const quietMs = time.now() - Math.min(heardMs.client, heardMs.gateway)
      if (quietMs >= packagedTimeouts.haproxyMs) cutAtMs ??= time.now()
    },
    cutAtMs: () => cutAtMs,
    pieces: () => pieces,
  }
}

/** Answers both ends of a connection, each time. */
async function listen(t: TestContext) {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    async connect(): Promise<readonly [Socket, Socket]> {
      const accepted = once(server, 'connection') as Promise<[Socket]>
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const [other] = await accepted
      await (socket.connecting ? once(socket, 'connect') : undefined)
      for (const one of [socket, other]) sockets.push(one.on('error', () => undefined))
      return [socket, other]
    },
  }
}

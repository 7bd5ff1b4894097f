import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import * as http2 from 'node:http2'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import * as tls from 'node:tls'
import { startTunnelSession } from '../../src/client/ways/http2-session.ts'
import { keepSessionAlive } from '../../src/port/http/http2-keepalive.ts'
import { runsOn } from '../../src/net/beneath.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild } from './child.ts'
import { peerTest, program } from './peers.ts'
import { untilListening } from './ports.ts'
import type { Scope } from './scope.ts'

/** HAProxy's packaged configuration has 50 s, and a side pings every 25 s; both divided by 50. */
const edgeTimeoutMs = 1_000
const pingMs = 500
const never = 3_600_000
/** Three times what the edge waits for. */
const quietMs = 3_000

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])

describe('a quiet tunnel over HTTP/2 behind HAProxy with `timeout client` and `timeout server`', () => {
  peerTest('is cut when nobody pings', ['HAProxy'], async (scope) => {
    const { cut } = await openQuiet(scope, { gatewayMs: never, clientMs: never })
    await cut
  })

  for (const [who, intervals] of Object.entries({
    'the gateway': { gatewayMs: pingMs, clientMs: never },
    'the client': { gatewayMs: never, clientMs: pingMs },
    'both sides': { gatewayMs: pingMs, clientMs: pingMs },
  })) {
    peerTest(
      `stays when ${who} may ping, and costs one PING an interval`,
      ['HAProxy'],
      async (scope) => {
        const { tunnel, pings } = await openQuiet(scope, intervals)
        const begunMs = performance.now()
        const echoed = once(tunnel, 'data', { signal: AbortSignal.timeout(quietMs + 20_000) })
        // It says nothing for so long.
        setTimeout(() => tunnel.write('still here'), quietMs)
        assert.equal(String((await echoed)[0]), 'still here')
        const intervalsPassed = (performance.now() - begunMs) / pingMs
        assert.ok(pings() > 0, 'nobody pinged')
        assert.ok(
          pings() <= intervalsPassed + 2,
          `${pings()} PINGs in ${intervalsPassed} intervals`,
        )
      },
    )
  }
})

interface Quiet {
  readonly tunnel: NodeJS.ReadWriteStream
  /** Resolves when the connection has been cut. */
  readonly cut: Promise<unknown>
  /** How many PINGs arrived, at both sides together. */
  pings(): number
}

/** The client's own HTTP/2, the edge, and a gateway's with an echo behind it. */
async function openQuiet(
  scope: Scope,
  { gatewayMs, clientMs }: { gatewayMs: number; clientMs: number },
): Promise<Quiet> {
  let pings = 0
  const count = (session: http2.Http2Session): void => void session.on('ping', () => (pings += 1))
  const gateway = await startGateway(scope, gatewayMs, count)
  const edge = await startHaproxy(scope, gateway)
  const raw = connect({ port: edge, host: '127.0.0.1' })
  const socket = tls.connect({
    socket: raw,
    servername: 'localhost',
    ca: authority.cert,
    ALPNProtocols: ['h2'],
  })
  scope.defer(() => void socket.destroy())
  await once(socket, 'secureConnect')
  runsOn(socket, raw)
  const session = startTunnelSession(socket, `https://localhost:${edge}`, clientMs)
  scope.defer(() => session.destroy())
  const cut = once(socket, 'close')
  const { tunnel } = await session.connect('echo.example.com:7', {})
  assert.ok(tunnel)
  tunnel.on('error', () => undefined)
  count((tunnel as http2.ClientHttp2Stream).session as http2.Http2Session)
  pings = 0
  return { tunnel, cut, pings: () => pings }
}

async function startGateway(
  scope: Scope,
  intervalMs: number,
  count: (session: http2.Http2Session) => void,
): Promise<number> {
  const second = http2.createServer()
  second.on('sessionError', () => undefined)
  second.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => undefined).respond({ ':status': 200 })
    stream.pipe(stream)
  })
  let connection: Socket
  const secure = tls.createServer({ ...pair, ALPNProtocols: ['h2'] }, (socket) => {
    runsOn(socket, connection)
    second.once('session', (session) => {
      count(session)
      keepSessionAlive(session, socket, { intervalMs, idleTimeoutMs: 0 })
    })
    second.emit('connection', socket)
  })
  secure.on('tlsClientError', () => undefined)
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    connection = socket
    sockets.add(socket.on('error', () => undefined))
    secure.emit('connection', socket)
  }).listen(0, '127.0.0.1')
  scope.defer(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  await once(listener, 'listening')
  return (listener.address() as AddressInfo).port
}

async function startHaproxy(scope: Scope, gateway: number): Promise<number> {
  const port = await freePort()
  const path = join(scope.directory, 'haproxy.cfg')
  await writeFile(
    path,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client ${edgeTimeoutMs}ms
  timeout server ${edgeTimeoutMs}ms
listen edge
  bind 127.0.0.1:${port}
  server gateway 127.0.0.1:${gateway}
`,
  )
  const child = startChild(scope, program('haproxy'), ['-db', '-q', '-f', path])
  await untilListening(port, child)
  return port
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { formatTunnelPath, tunnelProtocol } from '../../src/tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../../src/tunnel/websocket-stream.ts'
import { WebSocket } from '../../src/tunnel/ws.ts'
import type { GatewayRig } from '../e2e/rig.ts'
import type { Scope } from '../e2e/scope.ts'
import { connectTls } from './dial.ts'

/** Somebody else, whose tunnels are in use all the while. */
export interface Neighbour {
  /** Ends the tunnels; throws when one of them lost, changed or delayed a byte. */
  close(): Promise<void>
}

/** Longest answer of an echo, in milliseconds: the machine's own noise included. */
const maxEchoMs = 5_000
const pauseMs = 20
const windowBytes = 1024 * 1024

/**
 * Opens a tunnel by each HTTP version and over a WebSocket, and keeps talking through them. `before` is what each connection
 * begins with, such as a PROXY header.
 */
export async function startNeighbour(
  scope: Scope,
  rig: Pick<GatewayRig, 'port' | 'origin' | 'ca'>,
  authority: string,
  before: readonly Buffer[] = [],
): Promise<Neighbour> {
  const dial = async (protocol: 'h2' | 'http/1.1'): Promise<TLSSocket> => {
    const socket = await connectTls(rig, protocol, before)
    scope.defer(() => void socket.destroy())
    return socket
  }
  const tunnels = [
    await overHttp1(await dial('http/1.1'), authority),
    await overHttp2(scope, rig, await dial('h2'), authority),
    await overWebSocket(await dial('http/1.1'), authority),
  ]
  const ending = new AbortController()
  const talks = tunnels.map((tunnel, index) => talk(tunnel, `neighbour ${index}`, ending.signal))
  // Looked at by `close`; a test that fails before has its own reason.
  for (const talking of talks) talking.catch(() => undefined)
  return {
    async close() {
      ending.abort()
      for (const exchanges of await Promise.all(talks)) assert.ok(exchanges > 1)
    },
  }
}

/** Says something different each time and wants it back; answers how often it did. */
async function talk(tunnel: Duplex, name: string, ending: AbortSignal): Promise<number> {
  let received = ''
  let onData: () => void = () => undefined
  tunnel.on('data', (chunk: Buffer) => {
    received += chunk.toString()
    onData()
  })
  let isOver = false
  tunnel.once('close', () => {
    isOver = true
    onData()
  })
  let count = 0
  for (; !ending.aborted; count += 1) {
    const said = `${name} says ${count}.`
    received = ''
    tunnel.write(said)
    const deadlineMs = performance.now() + maxEchoMs
    while (received.length < said.length) {
      assert.ok(!isOver, `${name} lost the tunnel after ${count} exchanges`)
      const leftMs = deadlineMs - performance.now()
      assert.ok(leftMs > 0, `${name} waited more than ${maxEchoMs} ms for an echo`)
      const { promise, resolve } = Promise.withResolvers<void>()
      onData = resolve
      const timer = setTimeout(resolve, leftMs)
      await promise
      clearTimeout(timer)
    }
    assert.equal(received, said)
    await wait(pauseMs)
  }
  return count
}

async function overHttp1(socket: TLSSocket, authority: string): Promise<Duplex> {
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
  let head = ''
  while (!head.endsWith('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head += chunk.toString()
  }
  assert.match(head, /^HTTP\/1\.1 200 /)
  return socket
}

/** Opens a tunnel by CONNECT on a connection that speaks HTTP/2. */
export async function overHttp2(
  scope: Scope,
  rig: Pick<GatewayRig, 'origin'>,
  socket: TLSSocket,
  authority: string,
): Promise<Duplex> {
  const session = http2.connect(rig.origin, { createConnection: () => socket })
  scope.defer(() => session.destroy())
  session.on('error', () => undefined)
  const stream = session.request(
    { ':method': 'CONNECT', ':authority': authority },
    { endStream: false },
  )
  stream.on('error', () => undefined)
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  assert.equal(headers[':status'], 200)
  return stream
}

/** Opens a tunnel by the WebSocket of our clients. */
export async function overWebSocket(socket: TLSSocket, authority: string): Promise<Duplex> {
  const url = `ws://localhost${formatTunnelPath(authority)}`
  const options = { ...webSocketBounds, createConnection: () => socket }
  const webSocket = new WebSocket(url, [tunnelProtocol], options)
  await once(webSocket, 'open')
  const tunnel = tunnelOverWebSocket(webSocket, windowBytes)
  tunnel.on('error', () => undefined)
  return tunnel
}

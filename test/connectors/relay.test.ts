// The relay's suite, over everything there is between a person's program and a service behind a connector: our client's
// way, the gateway's port and relay, the connector's connection and its relay. What the suite relays itself is one hop more.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after } from 'node:test'
import { createHttp1Way } from '../../src/client/ways/http1.ts'
import { createHttp2Way } from '../../src/client/ways/http2.ts'
import type { TunnelWay } from '../../src/client/ways/way.ts'
import { createWebSocketWay } from '../../src/client/ways/websocket.ts'
import {
  startService,
  startTestGateway,
  testCa,
  testRoute,
} from '../../src/gateway/gateway.fixture.ts'
import { silentLogger } from '../../src/log.ts'
import { relaySuite } from '../../src/net/relay.suite.ts'
import { createDialer, type GatewayDialer } from '../../src/reach/dialer.ts'
import { parseGatewayUrl } from '../../src/reach/destination.ts'
import { openHarbour } from './harbour.ts'

const authority = 'db.example.com:5432'
const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())

const arrived: Socket[] = []
let onArrival: () => void = () => undefined
const origin = opened.use(
  await startService((socket) => {
    arrived.push(socket)
    onArrival()
  }),
)
const harbour = opened.use(await openHarbour())
const tunnelId = await harbour.createTunnel()
await harbour.join(
  await harbour.credentialOf(tunnelId),
  `  - service: tcp://127.0.0.1:${origin.port}\n`,
)
const way = { kind: 'connector', tunnel: tunnelId, service: undefined } as const
const gateway = opened.use(
  await startTestGateway(
    [testRoute(`tcp+https://${authority}`, [], undefined, { way })],
    {},
    harbour.links,
  ),
)

for (const [name, tellsReset, create] of [
  ['HTTP/2', true, (dialer) => createHttp2Way({ dialer, log: silentLogger, onHttp1: noHttp1 })],
  ['HTTP/1.1', false, createHttp1Way],
  ['a WebSocket', true, createWebSocketWay],
] as const satisfies readonly [string, boolean, (dialer: GatewayDialer) => TunnelWay][]) {
  relaySuite({ name: `${name}, a gateway and a connector`, tellsReset, open: () => open(create) })
}

/** One tunnel, with a connection of its own to the gateway. */
async function open(create: (dialer: GatewayDialer) => TunnelWay) {
  const client = create(
    createDialer({
      gateway: parseGatewayUrl(`https://localhost:${gateway.port}`),
      trust: { isVerified: true, extraCa: [testCa], clientCertificate: undefined },
    }),
  )
  const { signal } = new AbortController()
  const came =
    arrived.length > 0 ? Promise.resolve() : new Promise<void>((done) => (onArrival = done))
  const { tunnel, refusal } = await client.connect({ authority, fields: {}, signal })
  if (refusal !== undefined) throw new Error(JSON.stringify(refusal))
  await came
  const far = arrived.shift()
  if (far === undefined) throw new Error('nobody came')
  if (far.connecting) await once(far, 'connect')
  return {
    near: tunnel,
    far,
    close() {
      client.destroy()
      far.destroy()
    },
  }
}

function noHttp1(socket: { destroy(): void }): void {
  socket.destroy()
}

// The client of a tunnel that is cut is told why in its own protocol, whichever way the tunnel takes: our client's three
// ways to the gateway, and from there straight to the service or through a connector.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, describe, test } from 'node:test'
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
import { createDialer, type GatewayDialer } from '../../src/reach/dialer.ts'
import { parseGatewayUrl } from '../../src/reach/destination.ts'
import { openHarbour } from './harbour.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())

const startup = Buffer.from('\0\0\0\x10\0\x03\0\0user\0a\0\0', 'latin1')
const ready = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')

let service: Socket | undefined
const origin = opened.use(
  await startService((socket) => {
    service = socket
    socket.once('data', () => void socket.write(ready))
  }),
)
const harbour = opened.use(await openHarbour())
const tunnelId = await harbour.createTunnel()
await harbour.join(
  await harbour.credentialOf(tunnelId),
  `  - service: tcp://127.0.0.1:${origin.port}\n`,
)
const way = { kind: 'connector', tunnel: tunnelId, service: undefined } as const
const told = { name: 'prod-db', tell: 'postgres', idleTimeoutMs: 0 } as const
const places = {
  'a service': 'direct.example.com:5432',
  'a service behind a connector': 'behind.example.com:5432',
}
const gateway = opened.use(
  await startTestGateway(
    [
      testRoute('tcp+https://direct.example.com:5432', [origin.port], undefined, told),
      testRoute('tcp+https://behind.example.com:5432', [], undefined, { ...told, way }),
      testRoute('tcp+https://idle.example.com:5432', [origin.port], undefined, {
        ...told,
        idleTimeoutMs: 200,
      }),
      testRoute('tcp+https://untold.example.com:5432', [origin.port]),
    ],
    {},
    harbour.links,
  ),
)

const ways = {
  'HTTP/2': (dialer) => createHttp2Way({ dialer, log: silentLogger, onHttp1: noHttp1 }),
  'HTTP/1.1': createHttp1Way,
  'a WebSocket': createWebSocketWay,
} as const satisfies Record<string, (dialer: GatewayDialer) => TunnelWay>

for (const [name, create] of Object.entries(ways)) {
  for (const [place, authority] of Object.entries(places)) {
    describe(`a tunnel over ${name} to ${place}`, () => {
      test('says why it is cut, after the last whole message, and ends in order', async () => {
        await using client = await open(create, authority)
        const lost = untilLost()
        assert.equal(cut(), 1)
        service?.write(ready)
        const { text, how } = await client.ended
        const [id, line] = await client.line()
        assert.equal(how, 'end')
        assert.ok(text.startsWith(ready.toString('latin1')), text)
        assert.equal(
          text.slice(ready.length).replace(/^E[^]{4}/, ''),
          [
            'SFATAL',
            'VFATAL',
            'C57P01',
            `Maccess to "prod-db" has ended: whoever runs the gateway ended it (request id ${id})`,
            'Hconnect again, or ask whoever runs this gateway why',
            '\0',
          ].join('\0'),
        )
        assert.deepEqual([line['ended'], line['told']], ['cut-by-operator', 'postgres'])
        assert.equal(gateway.parts.liveTunnels.size, 1)
        client.tunnel.end()
        await gateway.parts.liveTunnels.drained()
        await lost
      })

      test('is reset in the middle of a message', async () => {
        await using client = await open(create, authority)
        service?.write(ready.subarray(0, 4))
        await client.received(ready.length + 4)
        assert.equal(cut(), 1)
        const { text, how } = await client.ended
        assert.equal(text.length, ready.length + 4)
        assert.equal(how, name === 'HTTP/1.1' ? 'end' : 'reset')
        const [, line] = await client.line()
        assert.deepEqual([line['ended'], line['told']], ['cut-by-operator', undefined])
      })
    })
  }
}

test('a tunnel that was idle for too long is told so', async () => {
  const before = await countTold()
  await using client = await open(ways['HTTP/2'], 'idle.example.com:5432')
  const { text } = await client.ended
  assert.match(text, /no byte has passed for as long as the route allows/)
  const [, line] = await client.line()
  assert.deepEqual([line['ended'], line['told']], ['idle-timeout', 'postgres'])
  assert.equal(await countTold(), before + 1)
})

test('a tunnel of a route without `tell` is told nothing', async () => {
  await using client = await open(ways['HTTP/2'], 'untold.example.com:5432')
  assert.equal(cut(), 1)
  const { text, how } = await client.ended
  assert.deepEqual([text.length, how], [ready.length, 'reset'])
})

async function countTold(): Promise<number> {
  const metrics = await gateway.parts.metrics.render()
  return Number(
    /^postern_tunnels_told_total\{protocol="postgres"\} (\d+)$/m.exec(metrics)?.[1] ?? 0,
  )
}

function cut(): number {
  return gateway.parts.liveTunnels.cut(() => true, 'cut-by-operator').length
}

/** Resolves when the service is reset. */
function untilLost(): Promise<unknown> {
  assert.ok(service)
  return new Promise((resolve) => service?.once('error', resolve).once('close', resolve))
}

/** A tunnel in which a session has begun. */
async function open(create: (dialer: GatewayDialer) => TunnelWay, authority: string) {
  const client = create(
    createDialer({
      gateway: parseGatewayUrl(`https://localhost:${gateway.port}`),
      trust: { isVerified: true, extraCa: [testCa], clientCertificate: undefined },
    }),
  )
  const { signal } = new AbortController()
  const { tunnel, aftermath, refusal } = await client.connect({ authority, fields: {}, signal })
  if (refusal !== undefined) throw new Error(JSON.stringify(refusal))
  assert.ok(aftermath)
  const { requestId } = aftermath
  const reader = read(tunnel)
  tunnel.write(startup)
  await reader.received(ready.length)
  return {
    tunnel,
    ...reader,
    /** Its request id, and its line in the access log. */
    async line() {
      const line = await gateway.line(
        (entry) => entry['request-id'] === requestId && entry['ended'] !== undefined,
      )
      return [requestId, line] as const
    },
    async [Symbol.asyncDispose]() {
      tunnel.destroy()
      client.destroy()
      service?.destroy()
      await gateway.parts.liveTunnels.drained()
    },
  }
}

function read(stream: Duplex) {
  let text = ''
  const ended = new Promise<{ text: string; how: 'end' | 'reset' }>((resolve) => {
    stream.once('end', () => {
      const isAborted = 'aborted' in stream && stream.aborted === true
      if (!isAborted) resolve({ text, how: 'end' })
    })
    stream.once('error', () => undefined).once('close', () => resolve({ text, how: 'reset' }))
  })
  stream.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  return {
    ended,
    async received(length: number) {
      while (text.length < length) await once(stream, 'data')
    },
  }
}

function noHttp1(socket: { destroy(): void }): void {
  socket.destroy()
}

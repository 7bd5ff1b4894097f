import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as tls from 'node:tls'
import type { Route } from '../routes/route.ts'
import {
  connectHead,
  startService,
  startTestGateway,
  testCa,
  testRoute,
  type TestGateway,
} from './gateway.fixture.ts'

const target = 'stuck.example.com:7'
const flood = Buffer.alloc(16 * 1024 * 1024)
const lookMs = 30_000
const limit = { timeout: 30_000 }

test(
  'a client over HTTP/1.1 that resets while the service does not read is noticed at the next look',
  limit,
  async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { gateway, connection, ended } = await openStuck(t)
    connection.resetAndDestroy()
    const line = await lookUntil(t, ended)
    assert.equal(line['ended'], 'client-reset')
    assert.equal(gateway.parts.liveTunnels.size, 0)
  },
)

test(
  'a client over HTTP/1.1 that was killed ends by the `stall_timeout` that its route has now',
  limit,
  async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { gateway, service, connection, ended } = await openStuck(t)
    connection.destroy()
    await gateway.reload([stuckRoute(service, { stallTimeoutMs: 1 })])
    const line = await lookUntil(t, ended)
    assert.equal(line['ended'], 'stall-timeout')
    assert.equal(gateway.parts.liveTunnels.size, 0)
  },
)

interface Stuck {
  readonly gateway: TestGateway
  readonly service: number
  /** The client's TCP connection. */
  readonly connection: Socket
  /** The tunnel's line in the access log. */
  readonly ended: Promise<Record<string, unknown>>
}

/** A tunnel over HTTP/1.1 to a service that reads nothing, full to the brim. */
async function openStuck(t: TestContext): Promise<Stuck> {
  const service = await startService((socket) => void socket.pause())
  const gateway = await startTestGateway([stuckRoute(service.port)])
  const connection = connect({ port: gateway.port, host: '127.0.0.1' })
  const client = tls.connect({ socket: connection, servername: 'localhost', ca: testCa })
  for (const stream of [client, connection]) stream.on('error', () => undefined)
  t.after(async () => {
    connection.destroy()
    await gateway[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })
  client.write(connectHead(target))
  await once(client, 'data')
  client.write(flood)
  await once(client, 'drain', { signal: AbortSignal.timeout(500) }).catch(() => undefined)
  assert.ok(client.writableLength > 0, 'the service has read')
  const ended = gateway.line((line) => line['ended'] !== undefined)
  return { gateway, service: service.port, connection, ended }
}

function stuckRoute(service: number, more: Partial<Route> = {}): Route {
  return testRoute(`tcp+https://${target}`, [service], undefined, more)
}

/** What was done arrives some turns after it was done: the next look may be too early. */
async function lookUntil<T extends object>(t: TestContext, done: Promise<T>): Promise<T> {
  for (;;) {
    t.mock.timers.tick(lookMs)
    const found = await Promise.race([done, nextTurn()])
    if (found !== undefined) return found
  }
}

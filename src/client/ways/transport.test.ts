import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import type { Logger } from '../../log.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { createDialer } from '../../reach/dialer.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { startProxy } from '../../reach/proxy.fixture.ts'
import type { ProxyVariables } from '../../reach/proxy.ts'
import { createTransport, openTransportMemory } from './transport.ts'
import type { Transport, TransportChoice } from './transport.ts'

const never = new AbortController().signal

interface Rig extends AsyncDisposable {
  readonly transport: Transport
  /** Each line said at `info`, and each at `debug`. */
  readonly infos: string[]
  readonly debugs: string[]
  readonly cacheDirectory: string
  /** Where it remembers, below that one. */
  readonly directory: string
}

async function openRig(
  gateway: FakeGateway,
  options: { choice?: TransportChoice; cacheDirectory?: string; proxies?: ProxyVariables } = {},
): Promise<Rig> {
  const cacheDirectory = options.cacheDirectory ?? (await mkdtemp(join(tmpdir(), 'postern-')))
  const [infos, debugs]: [string[], string[]] = [[], []]
  const log: Logger = {
    debug: (message) => void debugs.push(message),
    info: (message) => void infos.push(message),
    warn: assert.fail,
    error: assert.fail,
  }
  const address = parseGatewayUrl(gateway.origin)
  const trust = { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined }
  const transport = createTransport({
    dialer: createDialer({ gateway: address, trust, log, proxies: options.proxies }),
    log,
    choice: options.choice ?? 'auto',
    cacheDirectory,
  })
  return {
    transport,
    infos,
    debugs,
    cacheDirectory,
    directory: join(cacheDirectory, 'transports'),
    async [Symbol.asyncDispose]() {
      transport.destroy()
      if (options.cacheDirectory === undefined) await rm(cacheDirectory, { recursive: true })
    },
  }
}

/** The files by which it remembers. */
async function remembered({ directory }: Rig): Promise<string[]> {
  return readdir(directory).catch(() => [])
}

const versions = ({ connects }: FakeGateway): string[] => connects.map(({ version }) => version)

describe('where CONNECT does not pass', () => {
  for (const edgeOnConnect of ['cut', 'page', 'serve'] as const) {
    for (const protocols of [['h2', 'http/1.1'], ['http/1.1']] as const) {
      test(`a WebSocket is used after a ${edgeOnConnect} over ${protocols[0]}, remembered, and said`, async () => {
        await using gateway = await startFakeGateway({ isPublic: true, edgeOnConnect, protocols })
        await using rig = await openRig(gateway)
        await roundTrip(rig)
        await roundTrip(rig)
        assert.deepEqual(versions(gateway), ['websocket', 'websocket'])
        const lines = rig.infos.filter((line) => line.startsWith('using a WebSocket: CONNECT'))
        assert.equal(lines.length, 1)
        const made = gateway.connections
        await using next = await openRig(gateway, { cacheDirectory: rig.cacheDirectory })
        await roundTrip(next)
        assert.equal(gateway.connections, made + 1, 'the next run pays for no attempt')
        assert.deepEqual(next.infos, ['using a WebSocket: it passed before'])
      })
    }
  }

  test('the memory is a file of mode 0600 and lasts a day', async () => {
    await using gateway = await startFakeGateway({ isPublic: true, edgeOnConnect: 'cut' })
    await using rig = await openRig(gateway)
    await roundTrip(rig)
    const [name = ''] = await remembered(rig)
    assert.match(name, /^localhost-[0-9a-f]{16}\.websocket$/)
    const path = join(rig.directory, name)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const memory = (now: number) => openTransportMemory(rig.directory, gateway.origin, () => now)
    const { mtimeMs } = await stat(path)
    assert.equal(await memory(mtimeMs + 23 * 3_600_000).prefersWebSocket(), true)
    assert.equal(await memory(mtimeMs + 24 * 3_600_000).prefersWebSocket(), false)
    await utimes(path, new Date(), new Date(Date.now() + 3_600_000))
    assert.equal(await memory(Date.now()).prefersWebSocket(), false)
    const other = openTransportMemory(rig.directory, 'https://other.example.com')
    assert.equal(await other.prefersWebSocket(), false)
  })

  test('a memory that is wrong is forgotten, and CONNECT used', async () => {
    await using gateway = await startFakeGateway({ isPublic: true, edgeOnWebSocket: 'page' })
    await using rig = await openRig(gateway)
    await openTransportMemory(rig.directory, gateway.origin).rememberWebSocket()
    await roundTrip(rig)
    assert.deepEqual(versions(gateway), ['2'])
    assert.deepEqual(await remembered(rig), [])
  })

  test('a refusal of the gateway over the WebSocket is the answer', async () => {
    await using gateway = await startFakeGateway({
      isPublic: true,
      edgeOnConnect: 'page',
      connect: () => ({ status: 403, body: '{"error":"policy_denied","request_id":"r1"}' }),
    })
    await using rig = await openRig(gateway)
    const { refusal } = await rig.transport.connect('a:1', undefined, never)
    assert.equal(refusal?.status, 403)
    assert.equal((await remembered(rig)).length, 1)
  })

  test('the token goes along', async () => {
    await using gateway = await startFakeGateway({ edgeOnConnect: 'page' })
    gateway.tokens.add('aa.bb.cc')
    await using rig = await openRig(gateway)
    const { tunnel } = await rig.transport.connect('[::1]:1', 'aa.bb.cc', never)
    assert.ok(tunnel)
    assert.equal(gateway.connects[0]?.authority, '[::1]:1')
    assert.equal(gateway.connects[0]?.token, 'aa.bb.cc')
    tunnel.on('error', () => undefined)
  })
})

describe('where neither passes', () => {
  test('the answer to CONNECT is what is told, and nothing is remembered', async () => {
    await using gateway = await startFakeGateway({ edgeOnConnect: 'page', edgeOnWebSocket: 'cut' })
    await using rig = await openRig(gateway)
    const { refusal } = await rig.transport.connect('a:1', undefined, never)
    assert.equal(refusal?.status, 405)
    assert.deepEqual(await remembered(rig), [])
  })

  test('an edge that finds no gateway says so, remembered or not', async () => {
    await using gateway = await startFakeGateway({ edgeOnConnect: 'page', edgeOnWebSocket: 'away' })
    await using rig = await openRig(gateway)
    for (const isRemembered of [false, true]) {
      if (isRemembered) {
        await openTransportMemory(rig.directory, gateway.origin).rememberWebSocket()
      }
      await using next = await openRig(gateway, { cacheDirectory: rig.cacheDirectory })
      const { refusal } = await next.transport.connect('a:1', undefined, never)
      assert.equal(refusal?.status, 502)
    }
  })

  test('a WebSocket that cannot even be asked for is neither said nor remembered', async () => {
    await using gateway = await startFakeGateway({ edgeOnConnect: 'page', protocols: ['h2'] })
    await using rig = await openRig(gateway)
    const { refusal } = await rig.transport.connect('a:1', undefined, never)
    assert.equal(refusal?.status, 405)
    assert.deepEqual([rig.infos, await remembered(rig)], [[], []])
  })

  test('a gateway that misses the upgrade tells more than a connection that is cut', async () => {
    await using gateway = await startFakeGateway({ edgeOnConnect: 'cut', edgeOnWebSocket: 'strip' })
    await using rig = await openRig(gateway)
    const { refusal } = await rig.transport.connect('a:1', undefined, never)
    assert.match(refusal?.body ?? '', /upgrade_required/)
  })

  test('two connections that are cut are one error', async () => {
    await using gateway = await startFakeGateway({ edgeOnConnect: 'cut', edgeOnWebSocket: 'cut' })
    await using rig = await openRig(gateway)
    await assert.rejects(rig.transport.connect('a:1', undefined, never), {
      code: 'gateway-unreachable',
      message: /gave no answer/,
    })
  })
})

describe('where CONNECT passes', () => {
  for (const [status, body] of [
    [401, ''],
    [302, ''],
    [403, '{"error":"policy_denied","message":"no","request_id":"r1"}'],
    [404, '{"requestId":"r1","status":"404","statusText":"route_not_found"}'],
    [503, '{"error":"upstream_unreachable","request_id":"r1"}'],
  ] as const) {
    test(`a gateway's ${status} is final`, async () => {
      await using gateway = await startFakeGateway({
        isPublic: true,
        connect: () => ({ status, body }),
      })
      await using rig = await openRig(gateway)
      const { refusal } = await rig.transport.connect('a:1', undefined, never)
      assert.equal(refusal?.status, status)
      assert.deepEqual(versions(gateway), ['2'])
    })
  }

  test('no WebSocket is tried, and nobody is told at info', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openRig(gateway)
    await roundTrip(rig)
    assert.deepEqual([versions(gateway), rig.infos], [['2'], []])
    assert.deepEqual(rig.debugs, ['using CONNECT: it passes'])
  })
})

describe('--transport', () => {
  test('websocket tries nothing else', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openRig(gateway, { choice: 'websocket' })
    await roundTrip(rig)
    assert.deepEqual(versions(gateway), ['websocket'])
    assert.deepEqual(await remembered(rig), [])
  })

  test('websocket says that the gateway has none: a Pomerium, or one of ours from before', async () => {
    const answers = [
      { requestId: '7c1d', status: '404', statusText: 'Not Found' },
      { error: 'page_not_found', message: 'there is no page here', next: '', request_id: '7c1d' },
    ]
    for (const body of [...answers.map((answer) => JSON.stringify(answer)), '404 page not found']) {
      await using gateway = await startFakeGateway({ connect: () => ({ status: 404, body }) })
      gateway.tokens.add('t')
      await using rig = await openRig(gateway, { choice: 'websocket' })
      await assert.rejects(rig.transport.connect('a:1', 't', never), {
        code: 'no-websocket',
        message: `"${gateway.origin}" does not accept tunnels over a WebSocket`,
        hint: /leave out "--transport websocket"/,
      })
    }
  })

  test('websocket is still told that there is no such route', async () => {
    const body = encodeRefusal({
      code: 'route_not_found',
      message: 'there is no route "a:1"',
      next: 'check the name',
      requestId: '7c1d',
    })
    await using gateway = await startFakeGateway({ connect: () => ({ status: 404, body }) })
    gateway.tokens.add('t')
    await using rig = await openRig(gateway, { choice: 'websocket' })
    const { refusal } = await rig.transport.connect('a:1', 't', never)
    assert.equal(refusal?.status, 404)
  })

  test('connect takes a page for no tunnel, whatever its status', async () => {
    for (const protocols of [['h2'], ['http/1.1']] as const) {
      await using gateway = await startFakeGateway({ edgeOnConnect: 'serve', protocols })
      await using rig = await openRig(gateway, { choice: 'connect' })
      const { refusal } = await rig.transport.connect('a:1', undefined, never)
      assert.deepEqual([refusal?.status, refusal?.body], [200, '<html>Welcome</html>'])
    }
  })

  test('connect tries nothing else', async () => {
    await using gateway = await startFakeGateway({ isPublic: true, edgeOnConnect: 'page' })
    await using rig = await openRig(gateway, { choice: 'connect' })
    const { refusal } = await rig.transport.connect('a:1', undefined, never)
    assert.equal(refusal?.status, 405)
    assert.deepEqual(versions(gateway), [])
  })
})

for (const [protocol, choice] of [
  ['h2', 'connect'],
  ['http/1.1', 'connect'],
  ['http/1.1', 'websocket'],
] as const) {
  test(`a proxy on the way to the gateway carries tunnels, over ${protocol} as ${choice}`, async () => {
    await using gateway = await startFakeGateway({ isPublic: true, protocols: [protocol] })
    await using proxy = await startProxy({ to: gateway.port })
    const proxies = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
    await using rig = await openRig(gateway, { choice, proxies })
    await roundTrip(rig)
    assert.deepEqual(proxy.asked, [
      { target: `localhost:${gateway.port}`, authorization: undefined },
    ])
  })
}

test('a client that ends cuts its WebSockets, and those that are still being opened', async () => {
  await using gateway = await startFakeGateway({
    isPublic: true,
    connect: () => ({
      serve: (tunnel) => void tunnel.on('error', () => undefined).resume(),
    }),
  })
  await using rig = await openRig(gateway, { choice: 'websocket' })
  const tunnel = await open(rig)
  tunnel.on('error', () => undefined)
  const closed = once(tunnel, 'close')
  rig.transport.destroy()
  await closed
  await assert.rejects(rig.transport.connect('a:1', undefined, never))
})

async function open({ transport }: Rig): Promise<Duplex> {
  const { tunnel, refusal } = await transport.connect('a:1', undefined, never)
  assert.ok(tunnel, refusal?.body ?? '')
  return tunnel
}

async function roundTrip(rig: Rig): Promise<void> {
  const tunnel = await open(rig)
  const chunks: Buffer[] = []
  tunnel.on('data', (chunk: Buffer) => chunks.push(chunk))
  tunnel.end('there and back')
  await once(tunnel, 'end')
  assert.equal(Buffer.concat(chunks).toString(), 'there and back')
}

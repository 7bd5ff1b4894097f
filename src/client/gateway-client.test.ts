import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { AccessError, UpstreamError } from '../errors.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { encodeRefusal } from '../tunnel/refusal.ts'
import {
  echo,
  followSignIn,
  startFakeGateway,
  type FakeGateway,
} from '../reach/fake-gateway.fixture.ts'
import { never, openRig, roundTrip, type Rig } from './gateway-client.fixture.ts'
import { RefusedError } from '../reach/refused.ts'
import { loadTrust } from '../reach/trust.ts'

const cleanUp: (() => unknown)[] = []

/** A sign-in whose tab is open, and whose client has ended. */
async function giveUpSignIn(
  gateway: FakeGateway,
  begin = (_url: string, _onFailed: () => void): void => {},
): Promise<Rig & { readonly tab: string }> {
  const { promise: shown, resolve: show } = Promise.withResolvers<string>()
  const rig = await openRig(gateway, {
    signIn(url, onFailed) {
      begin(url, onFailed)
      show(url)
    },
  })
  const opening = assert.rejects(rig.client.open('a:1', never), AccessError)
  const tab = await shown
  await rig.client.destroy()
  await opening
  return { ...rig, tab }
}

async function keptTokens(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jwt'))
  return Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
}

for (const protocol of ['h2', 'http/1.1'] as const) {
  describe(`a tunnel over ${protocol}`, () => {
    test('carries bytes both ways and says what it should of the request', async () => {
      await using gateway = await startFakeGateway({ protocols: [protocol], isPublic: true })
      await using rig = await openRig(gateway)
      await roundTrip(await rig.client.open('redis.example.com:6379', never), randomBytes(300_000))
      const [connect] = gateway.connects
      assert.equal(connect?.version, protocol === 'h2' ? '2' : '1.1')
      assert.equal(connect?.authority, 'redis.example.com:6379')
      assert.equal(connect?.token, undefined)
      if (protocol === 'http/1.1') assert.equal(connect?.headers.host, 'redis.example.com:6379')
      if (protocol === 'h2') assert.equal(connect?.headers.host, undefined)
    })

    test('learns of a refusal with its words, its next step and its request id', async () => {
      const refusal = {
        code: 'policy_denied',
        message: 'access to "a:1" is denied',
        next: 'ask for the group "dba"',
        requestId: '4bf9',
        reasons: ['groups-unauthorized'],
      }
      await using gateway = await startFakeGateway({
        protocols: [protocol],
        isPublic: true,
        connect: () => ({ status: 403, body: encodeRefusal(refusal) }),
      })
      await using rig = await openRig(gateway)
      await assert.rejects(rig.client.open('a:1', never), {
        code: 'policy-denied',
        message: refusal.message,
        hint: refusal.next,
        requestId: '4bf9',
        reasons: refusal.reasons,
      })
    })
  })
}

test('what somebody names behind a bastion is told apart from what the gateway has', async () => {
  for (const [status, code] of [
    [400, 'bastion_target_missing'],
    [400, 'no_bastion'],
    [403, 'bastion_target_refused'],
  ] as const) {
    const refusal = { code, message: 'no', next: 'name another', requestId: 'r9', reasons: [] }
    await using gateway = await startFakeGateway({
      isPublic: true,
      connect: () => ({ status, body: encodeRefusal(refusal) }),
    })
    await using rig = await openRig(gateway)
    const expected = { code: code.replaceAll('_', '-'), message: 'no', hint: 'name another' }
    await assert.rejects(rig.client.open('a:1', never), expected)
  }
})

test('a gateway that is full is not taken for a service that is down', async () => {
  for (const code of ['too_many_tunnels', 'gateway_exhausted']) {
    const refusal = { code, message: 'full', next: 'close some', requestId: 'r8', reasons: [] }
    await using gateway = await startFakeGateway({
      isPublic: true,
      connect: () => ({ status: 503, body: encodeRefusal(refusal) }),
    })
    await using rig = await openRig(gateway)
    const expected = { code: code.replaceAll('_', '-'), message: 'full', hint: 'close some' }
    await assert.rejects(rig.client.open('a:1', never), expected)
  }
})

test('a TLS port that is asked without TLS is told as that', async () => {
  await using gateway = await startFakeGateway()
  const body = 'this port speaks HTTPS, and this was HTTP without TLS: use an https:// address'
  // As a gateway does on its port for TLS, whatever it is asked: a client tries further ways after the first.
  const plain = createServer((_request, response) => {
    response.writeHead(400, { connection: 'close' }).end(body)
  }).on('connect', (_request, socket) => {
    socket.end(`HTTP/1.1 400 Bad Request\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  })
  await once(plain.listen(0, '127.0.0.1'), 'listening')
  const { port } = plain.address() as AddressInfo
  await using rig = await openRig(gateway, { url: `http://127.0.0.1:${port}` })
  await assert.rejects(rig.client.open('a:1', never), {
    code: 'gateway-unreachable',
    hint: `write "https://127.0.0.1:${port}"`,
  })
  plain.close()
})

describe('a refusal without words', () => {
  const expected = {
    403: ['policy-denied', /access to "a:1" is denied/],
    404: ['route-not-found', /no route "a:1"/],
    450: ['device-not-allowed', /device/],
    495: ['client-certificate-required', /client certificate/],
    503: ['upstream-unreachable', /cannot be reached now/],
    502: ['unexpected-answer', /502/],
    204: ['unexpected-answer', /204/],
  } as const
  for (const [status, [code, message]] of Object.entries(expected)) {
    test(`${status} is "${code}", and the token is kept`, async () => {
      await using gateway = await startFakeGateway({
        connect: () => ({ status: Number(status), headers: { 'x-request-id': 'r7' } }),
      })
      await using rig = await openRig(gateway)
      await assert.rejects(rig.client.open('a:1', never), (error) => {
        assert.ok(error instanceof RefusedError)
        assert.match(error.message, message)
        assert.deepEqual([error.code, error.requestId], [code, 'r7'])
        return true
      })
      await assert.rejects(rig.client.open('a:1', never), RefusedError)
      assert.equal(rig.shown.length, 1)
      assert.deepEqual(await keptTokens(rig.directory), [...gateway.tokens])
    })
  }
})

describe('one connection for many tunnels', () => {
  test('ten tunnels at once share one HTTP/2 connection', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openRig(gateway)
    const tunnels = await Promise.all(tenTimes(() => rig.client.open('a:1', never)))
    await Promise.all(tunnels.map((tunnel) => roundTrip(tunnel)))
    assert.equal(gateway.connections, 1)
  })

  test('more tunnels than a connection allows get another connection', async () => {
    await using gateway = await startFakeGateway({
      isPublic: true,
      settings: { maxConcurrentStreams: 4 },
    })
    await using rig = await openRig(gateway)
    await roundTrip(await rig.client.open('a:1', never))
    const tunnels = await Promise.all(tenTimes(() => rig.client.open('a:1', never)))
    assert.ok(gateway.connections >= 3, `${gateway.connections} connections`)
    await Promise.all(tunnels.map((tunnel) => roundTrip(tunnel)))
  })

  test('a lost connection is replaced at the next tunnel', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openRig(gateway)
    const tunnel = await rig.client.open('a:1', never)
    tunnel.on('error', () => undefined)
    const closed = new Promise((resolve) => tunnel.once('close', resolve))
    gateway.dropConnections()
    await closed
    await roundTrip(await rig.client.open('a:1', never))
    assert.deepEqual(
      gateway.connects.map(({ version }) => version),
      ['2', '2'],
    )
  })

  test('HTTP/1.1 is used, and remembered, where CONNECT over HTTP/2 breaks', async () => {
    await using gateway = await startFakeGateway({
      isPublic: true,
      connect: () => (gateway.connects.at(-1)?.version === '2' ? 'silence' : { serve: echo }),
    })
    // Breaks before an answer: the whole connection is cut when the request arrives.
    gateway.connects.push = (...items) => {
      const length = Array.prototype.push.apply(gateway.connects, items)
      if (items[0]?.version === '2') gateway.dropConnections()
      return length
    }
    await using rig = await openRig(gateway)
    await roundTrip(await rig.client.open('a:1', never))
    await roundTrip(await rig.client.open('a:1', never))
    assert.deepEqual(
      gateway.connects.map(({ version }) => version),
      ['2', '1.1', '1.1'],
    )
  })
})

describe('sign-in', () => {
  for (const [style, options] of [
    ['a Postern gateway', { callback: 'code' }],
    ['a stock Pomerium that answers 302', { callback: 'query', signInStatus: 302 }],
    ['a stock Pomerium whose page posts a form', { callback: 'form', signInStatus: 307 }],
  ] as const) {
    test(`works with ${style}, and the token is kept for the next run`, async () => {
      await using gateway = await startFakeGateway(options)
      await using rig = await openRig(gateway)
      await roundTrip(await rig.client.open('a:1', never))
      assert.deepEqual(await keptTokens(rig.directory), [...gateway.tokens])
      await using next = await openRig(gateway, { cacheDirectory: rig.cacheDirectory })
      await roundTrip(await next.client.open('a:1', never))
      assert.deepEqual([gateway.logins, next.shown.length], [1, 0])
    })
  }

  test('ten connections at once lead to one sign-in', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openRig(gateway)
    const tunnels = await Promise.all(tenTimes(() => rig.client.open('a:1', never)))
    await Promise.all(tunnels.map((tunnel) => roundTrip(tunnel)))
    assert.deepEqual([gateway.logins, rig.shown.length], [1, 1])
  })

  test('clients that share a cache lead to one sign-in', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openRig(gateway)
    await using other = await openRig(gateway, { cacheDirectory: rig.cacheDirectory })
    const tunnels = await Promise.all([
      rig.client.open('a:1', never),
      other.client.open('b:1', never),
    ])
    await Promise.all(tunnels.map((tunnel) => roundTrip(tunnel)))
    assert.equal(gateway.logins, 1)
    assert.deepEqual(
      (await readdir(rig.directory)).filter((name) => name.includes('lock')),
      [],
    )
  })

  test('a rejected token is replaced, and a newer one of another process is tried first', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openRig(gateway)
    await roundTrip(await rig.client.open('a:1', never))
    gateway.tokens.clear()
    gateway.tokens.add('aa.other.bb')
    await roundTrip(await rig.client.open('a:1', never))
    assert.equal(gateway.logins, 2)
    assert.deepEqual(await keptTokens(rig.directory), ['aa.token2.bb'])
    await using other = await openRig(gateway, { cacheDirectory: rig.cacheDirectory })
    await roundTrip(await other.client.open('a:1', never))
    assert.equal(gateway.logins, 2)
  })

  test('a gateway that rejects a fresh token is not asked for ever, and the token is dropped', async () => {
    await using gateway = await startFakeGateway({ callback: 'query' })
    gateway.tokens.add = function add() {
      return this
    }
    await using rig = await openRig(gateway)
    await assert.rejects(rig.client.open('a:1', never), { code: 'sign-in-rejected' })
    assert.deepEqual([gateway.logins, gateway.connects.length], [1, 2])
    assert.deepEqual(await keptTokens(rig.directory), [])
  })

  test('the token is kept by 0600 in a 0700 directory, apart for unverified connections', async () => {
    await using gateway = await startFakeGateway()
    const parent = await mkdtemp(join(tmpdir(), 'postern-'))
    await using rig = await openRig(gateway, { cacheDirectory: parent })
    await roundTrip(await rig.client.open('a:1', never))
    await using loose = await openRig(gateway, {
      cacheDirectory: parent,
      trust: { isVerified: false, extraCa: [] },
    })
    await roundTrip(await loose.client.open('a:1', never))
    assert.equal(gateway.logins, 2)
    const { directory } = rig
    assert.equal((await stat(directory)).mode & 0o777, 0o700)
    const names = await readdir(directory)
    assert.equal(names.length, 2)
    for (const name of names) assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600)
    await rm(parent, { recursive: true })
  })

  test('the callback has a path nobody can guess, on loopback', async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openRig(gateway)
    await roundTrip(await rig.client.open('a:1', never))
    const [shown = ''] = rig.shown
    const redirect = new URL(shown).searchParams.get('pomerium_redirect_uri') ?? ''
    assert.match(redirect, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/)
  })

  test('who waits may leave; the sign-in goes on and serves the next connection', async () => {
    await using gateway = await startFakeGateway()
    const { promise: shown, resolve: show } = Promise.withResolvers<string>()
    await using rig = await openRig(gateway, { signIn: show })
    const leaving = new AbortController()
    const first = rig.client.open('a:1', leaving.signal)
    const url = await shown
    leaving.abort()
    await assert.rejects(first, { code: 'sign-in-cancelled' })
    const second = rig.client.open('a:1', never)
    await followSignIn(url)
    await roundTrip(await second)
    assert.equal(gateway.logins, 1)
  })

  test('an ending client gives the sign-in up and releases its lock', async () => {
    await using gateway = await startFakeGateway()
    await using ended = await giveUpSignIn(gateway)
    const left = (await readdir(ended.directory)).map((name) => name.replace(/^.*\.jwt/, ''))
    assert.deepEqual(left, ['.sign-in'])
  })

  test('a sign-in that was given up is continued, and its tab still comes back', async () => {
    await using gateway = await startFakeGateway()
    await using first = await giveUpSignIn(gateway)
    const [file = ''] = (await readdir(first.directory)).filter((name) => name.endsWith('.sign-in'))
    assert.equal((await stat(join(first.directory, file))).mode & 0o777, 0o600)
    await using next = await openRig(gateway, {
      cacheDirectory: first.cacheDirectory,
      // The person is in the tab that is open already.
      signIn: () => followSignIn(first.tab),
    })
    await roundTrip(await next.client.open('a:1', never))
    assert.deepEqual([next.shown, next.tabs(), gateway.logins], [[first.tab], 0, 1])
    const left = (await readdir(first.directory)).map((name) => name.replace(/^.*\.jwt/, ''))
    assert.deepEqual(left, [''], 'only the token is left')
  })

  test('a sign-in for which no tab could be opened is continued in one', async () => {
    await using gateway = await startFakeGateway()
    await using first = await giveUpSignIn(gateway, (_url, onFailed) => onFailed())
    await using next = await openRig(gateway, { cacheDirectory: first.cacheDirectory })
    await roundTrip(await next.client.open('a:1', never))
    assert.deepEqual([next.shown, next.tabs(), gateway.logins], [[first.tab], 1, 1])
    const left = (await readdir(first.directory)).map((name) => name.replace(/^.*\.jwt/, ''))
    assert.deepEqual(left, [''], 'only the token is left')
  })

  test('a token is not believed that comes to a sign-in which was continued', async () => {
    await using gateway = await startFakeGateway()
    await using first = await giveUpSignIn(gateway)
    // Whoever had the port in between has seen the path in the browser's request.
    const place = new URL(first.tab).searchParams.get('pomerium_redirect_uri') ?? ''
    await using next = await openRig(gateway, {
      cacheDirectory: first.cacheDirectory,
      signIn: async () => void (await fetch(`${place}?pomerium_jwt=aa.mallory.bb`)),
    })
    await assert.rejects(next.client.open('a:1', never), { code: 'sign-in-failed' })
    assert.deepEqual(await keptTokens(first.directory), [])
  })

  test('a sign-in at a gateway that answers with tokens is begun anew', async () => {
    await using gateway = await startFakeGateway({ callback: 'query' })
    await using first = await giveUpSignIn(gateway)
    await using next = await openRig(gateway, { cacheDirectory: first.cacheDirectory })
    await roundTrip(await next.client.open('a:1', never))
    assert.notEqual(next.shown[0], first.tab)
  })

  test('a sign-in whose port somebody else has by now, or that is old, is begun anew', async () => {
    await using gateway = await startFakeGateway()
    for (const spoil of [
      async (text: string) => {
        const { browser } = JSON.parse(text) as { browser: { redirectUri: string } }
        const other = createServer()
        other.listen(Number(new URL(browser.redirectUri).port), '127.0.0.1')
        await once(other, 'listening')
        cleanUp.push(() => other.close())
        return text
      },
      (text: string) => text.replace(/"begunAtMs":\d+/, '"begunAtMs":1'),
      (text: string) => text.replace('http://127.0.0.1', 'http://127.0.0.2'),
      () => '{}',
    ]) {
      await using first = await giveUpSignIn(gateway)
      const [name = ''] = await readdir(first.directory)
      const path = join(first.directory, name)
      await writeFile(path, await spoil(await readFile(path, 'utf8')))
      await using next = await openRig(gateway, { cacheDirectory: first.cacheDirectory })
      await roundTrip(await next.client.open('a:1', never))
      assert.notEqual(next.shown[0], first.tab)
      assert.equal(next.tabs(), 1)
    }
    for (const end of cleanUp) end()
  })

  test('a service account is used from the first request on and opens no browser', async () => {
    await using gateway = await startFakeGateway()
    gateway.tokens.add('aa.robot.bb')
    await using rig = await openRig(gateway, { serviceAccountToken: 'aa.robot.bb' })
    await roundTrip(await rig.client.open('a:1', never))
    gateway.tokens.clear()
    await assert.rejects(rig.client.open('a:1', never), { code: 'service-account-rejected' })
    assert.deepEqual([gateway.logins, rig.shown.length], [0, 0])
    assert.deepEqual(await readdir(rig.cacheDirectory), [])
  })
})

describe('a gateway that cannot be used', () => {
  test('a port where nobody listens is told, and keeps the token', async () => {
    const gateway = await startFakeGateway()
    await using rig = await openRig(gateway)
    await roundTrip(await rig.client.open('a:1', never))
    await gateway[Symbol.asyncDispose]()
    await assert.rejects(rig.client.open('a:1', never), (error) => {
      assert.ok(error instanceof UpstreamError)
      assert.match(error.message, /the gateway "localhost:\d+" refused the connection/)
      return error.code === 'gateway-unreachable'
    })
    assert.equal((await keptTokens(rig.directory)).length, 1)
  })

  test('an unknown authority is told with the way to give it', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openRig(gateway, { trust: { extraCa: [] } })
    await assert.rejects(rig.client.open('a:1', never), {
      code: 'gateway-not-trusted',
      message: /authority that this machine does not know/,
      hint: /--ca-file/,
    })
  })

  test('another name, an expired and a self-signed certificate are each told apart', async () => {
    const authority = await createCertificateAuthority()
    const cases = [
      [await authority.issue(['other.example.com']), /for another name/],
      [
        await authority.issue(['localhost'], {
          notBefore: new Date('2020-01-01'),
          notAfter: new Date('2020-02-01'),
        }),
        /has expired/,
      ],
    ] as const
    for (const [pair, message] of cases) {
      await using gateway = await startFakeGateway({ isPublic: true, pair })
      await using rig = await openRig(gateway, { trust: { extraCa: [authority.cert] } })
      await assert.rejects(rig.client.open('a:1', never), { code: 'gateway-not-trusted', message })
    }
  })

  test('a client certificate is shown to a gateway that asks', async () => {
    const authority = await createCertificateAuthority()
    await using gateway = await startFakeGateway({ isPublic: true })
    const clientCertificate = await authority.issue(['laptop'])
    await using rig = await openRig(gateway, { trust: { clientCertificate } })
    await roundTrip(await rig.client.open('a:1', never))
    assert.deepEqual([...gateway.clientNames], ['laptop'])
  })

  test('a port that speaks no TLS is told', async () => {
    const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    await using gateway = await startFakeGateway()
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    await using rig = await openRig(gateway, { url })
    await assert.rejects(rig.client.open('a:1', never), { message: /does not speak TLS/ })
    server.close()
  })

  test('--ca-file and --ca-cert add to what is believed, and a broken one is refused at once', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    const directory = await mkdtemp(join(tmpdir(), 'postern-'))
    const { writeFile } = await import('node:fs/promises')
    const caFile = join(directory, 'ca.pem')
    await writeFile(caFile, gateway.ca)
    for (const options of [
      { caFile },
      { caCertBase64: Buffer.from(gateway.ca).toString('base64') },
    ]) {
      await using rig = await openRig(gateway, { trust: await loadTrust(options) })
      await roundTrip(await rig.client.open('a:1', never))
    }
    await writeFile(caFile, 'no certificate')
    await assert.rejects(loadTrust({ caFile }), { code: 'certificate-unreadable' })
    await assert.rejects(loadTrust({ clientCertFile: 'x' }), { code: 'client-key-missing' })
    await rm(directory, { recursive: true })
  })
})

for (const protocol of ['h2', 'http/1.1'] as const) {
  test(`a client that ends cuts its tunnels over ${protocol}`, async () => {
    await using gateway = await startFakeGateway({
      isPublic: true,
      protocols: [protocol],
      connect: () => ({ serve: (tunnel) => tunnel.on('error', () => undefined).resume() }),
    })
    await using rig = await openRig(gateway)
    const tunnel = await rig.client.open('a:1', never)
    tunnel.on('error', () => undefined).end('half-closed')
    const closed = once(tunnel, 'close')
    await rig.client.destroy()
    await closed
  })
}

test('a client that ends gives up a connection that is still being made', async () => {
  await using gateway = await startFakeGateway()
  const accepted: Socket[] = []
  const silent = createTcpServer((socket) => void accepted.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  await using rig = await openRig(gateway, { url: `https://localhost:${port}` })
  const opened = assert.rejects(rig.client.open('a:1', never), UpstreamError)
  await once(silent, 'connection')
  const startMs = performance.now()
  await rig.client.destroy()
  await opened
  assert.ok(performance.now() - startMs < 5_000)
  for (const socket of accepted) socket.destroy()
  silent.close()
})

test('a gateway without TLS is spoken to in HTTP/1.1, on this machine', async () => {
  const server = createServer().on('connect', (_request, socket: Duplex) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    echo(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await using gateway = await startFakeGateway()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using rig = await openRig(gateway, { url })
  await roundTrip(await rig.client.open('a:1', never), randomBytes(200_000))
  server.close()
})

function tenTimes<Value>(make: () => Value): Value[] {
  return Array.from({ length: 10 }, make)
}

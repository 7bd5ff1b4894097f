import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe } from 'node:test'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import { peerTest } from './peers.ts'
import { exchange } from './person.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { alice, bob, carol, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

// What pomerium-cli sends and expects, byte for byte as it was recorded.

const target = 'echo.example.com:7'
const down = 'down.example.com:7'

describe('a stock Pomerium client', () => {
  peerTest('probes, signs in and tunnels', [], async (scope) => {
    const rig = await startStock(scope)
    const probe = await get(rig, '/')
    assert.ok(!/h3/.test(probe.headers['alt-svc'] ?? ''))
    const first = await openTunnel(scope, rig, target)
    assert.equal(first.status, 302)
    assert.ok(first.fields.some((field) => /^location: https:\/\/localhost:\d+\//i.test(field)))
    // FIN after close_notify: a reset would make the client forget its token.
    await once(first.socket, 'end')

    const { status, fields, socket } = await openTunnel(
      scope,
      rig,
      target,
      await signIn(scope, rig),
    )
    assert.equal(status, 200)
    assert.ok(!fields.some((field) => /^(?:transfer-encoding|content-length):/i.test(field)))
    assert.equal(await exchange(socket, 'hello'), 'hello')
    socket.end()
    await once(socket, 'end')
    const line = await rig.lines.first(({ ended }) => ended !== undefined)
    assert.deepEqual([line['user-agent'], line['email']], ['Go-http-client/1.1', alice])
  })

  peerTest('gets a token it can read, at any address of the gateway', [], async (scope) => {
    const rig = await startStock(scope)
    for (const host of [`localhost:${rig.port}`, `127.0.0.1:${rig.port}`, target]) {
      const token = await signIn(scope, rig, alice, host)
      const [header = '', payload = '', signature = ''] = token.split('.')
      assert.ok(header !== '' && signature !== '')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
      assert.equal(typeof claims.jti, 'string')
      assert.ok(claims.exp === undefined || Number.isInteger(claims.exp))
      assert.ok(!payload.includes(Buffer.from(alice).toString('base64url')))
    }
  })

  peerTest('keeps its token where it is told to', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    const denied = await signIn(scope, rig, carol)
    const statuses = async (...asked: [string, string | undefined][]): Promise<number[]> => {
      const opening = asked.map(([authority, it]) => openTunnel(scope, rig, authority, it))
      return (await Promise.all(opening)).map(({ status }) => status)
    }
    assert.deepEqual(
      await statuses(
        [target, token],
        [target, denied],
        [down, token],
        [target, `${token}x`],
        ['other.example.com:7', token],
      ),
      [200, 403, 503, 401, 404],
    )
  })

  peerTest('is served whatever it offers by ALPN', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    for (const protocols of [['http/1.1'], []]) {
      const { status, socket } = await openTunnel(scope, rig, target, token, protocols)
      assert.equal(status, 200)
      assert.equal(await exchange(socket, 'hello'), 'hello')
    }
  })

  peerTest('lists its routes and checks its token', [], async (scope) => {
    const rig = await startStock(scope)
    const bearer = async (email: string): Promise<Record<string, string>> => ({
      authorization: `Bearer Pomerium-${await signIn(scope, rig, email)}`,
      accept: 'application/json',
    })
    const names = async (email: string): Promise<unknown[]> => {
      const { status, body } = await get(rig, '/.pomerium/api/v1/routes', await bearer(email))
      assert.equal(status, 200)
      const { routes } = JSON.parse(body) as { routes: Record<string, unknown>[] }
      return routes.map(({ name, type, from }) => [name, type, from])
    }
    const both = [
      ['echo', 'tcp', `tcp+https://${target}`],
      ['down', 'tcp', `tcp+https://${down}`],
    ]
    assert.deepEqual(await names(bob), both)
    assert.deepEqual(await names(carol), [])
    assert.equal((await get(rig, '/.pomerium/api/v1/routes')).status, 401)
    assert.equal((await get(rig, '/healthz', await bearer(alice))).status, 200)
    assert.equal((await get(rig, '/healthz', { authorization: 'Bearer Pomerium-x' })).status, 200)
  })
})

interface Claims {
  readonly jti?: unknown
  readonly exp?: unknown
}

async function startStock(scope: Scope): Promise<GatewayRig> {
  const service = await startService(scope, echo)
  return startRig(scope, [route(target, service), route(down, await freePort())])
}

interface Opened {
  readonly status: number
  /** The lines of the head after the first. */
  readonly fields: readonly string[]
  readonly socket: TLSSocket
}

/** One CONNECT as the client writes it. What follows the answer's head is left in the socket. */
async function openTunnel(
  scope: Scope,
  { port, ca }: GatewayRig,
  authority: string,
  token?: string,
  protocols: readonly string[] = ['http/1.1'],
): Promise<Opened> {
  const address = { port, ca, host: '127.0.0.1', servername: 'localhost', allowHalfOpen: true }
  const alpn = protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }
  const socket = connect({ ...address, ...alpn } as ConnectionOptions)
  scope.defer(() => void socket.destroy())
  socket.write(
    [
      `CONNECT ${authority} HTTP/1.1`,
      `Host: ${authority}`,
      'User-Agent: Go-http-client/1.1',
      ...(token === undefined ? [] : [`Authorization: Pomerium ${token}`]),
      '',
      '',
    ].join('\r\n'),
  )
  const [start = '', ...fields] = (await readHead(socket)).split('\r\n')
  return { status: Number(/^HTTP\/1\.[01] (\d{3}) /.exec(start)?.[1]), fields, socket }
}

async function readHead(socket: TLSSocket): Promise<string> {
  let text = ''
  while (!text.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString()
  }
  return text.slice(0, text.indexOf('\r\n\r\n'))
}

/** The client's sign-in: a listener on loopback, the login API, a browser, the token in the query. */
async function signIn(
  scope: Scope,
  rig: GatewayRig,
  email = alice,
  host = `localhost:${rig.port}`,
): Promise<string> {
  const { promise: token, resolve } = Promise.withResolvers<string>()
  const listener = createServer((asked, response) => {
    resolve(new URL(asked.url ?? '', 'http://x').searchParams.get('pomerium_jwt') ?? '')
    response.end('login complete, you may close this page')
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  scope.defer(() => void listener.close())
  const { port } = listener.address() as AddressInfo
  const redirect = `pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A${port}`
  const { status, headers, body } = await get(rig, `/.pomerium/api/v1/login?${redirect}`, { host })
  assert.equal(status, 200)
  assert.match(headers['content-type'] ?? '', /^text\/plain/)
  assert.equal(new URL(body).href, body)
  await signInWithForms(body, { email }, { request: { ca: rig.ca } })
  return token
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function get(
  { port, ca }: GatewayRig,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const all = { 'user-agent': 'Go-http-client/1.1', 'accept-encoding': 'gzip', ...headers }
  const where = { port, ca, host: '127.0.0.1', servername: 'localhost', agent: false }
  return new Promise((resolve, reject) => {
    const asking = request({ ...where, path, headers: { host: `localhost:${port}`, ...all } })
    asking.on('error', reject).on('response', (response) => {
      const { statusCode: status = 0, headers } = response
      response.toArray().then((chunks: Buffer[]) => {
        resolve({ status, headers, body: Buffer.concat(chunks).toString() })
      }, reject)
    })
    asking.end()
  })
}

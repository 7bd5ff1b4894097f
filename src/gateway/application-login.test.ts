import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import {
  decodeApplicationTokenAnswer,
  encodeApplicationTokenRequest,
} from '../tunnel/application-token.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { alice, signInByDevice, startDeviceRig, type DeviceRig } from './device.fixture.ts'
import { connectTls, echo, startService, testCa } from './gateway.fixture.ts'

describe('a stock client at an application that wants a sign-in', () => {
  test('is sent to the login of the gateway, and that is no refusal', async (t) => {
    const rig = await setUp(t)
    const { head } = await shake(rig, '/a/path?x=1')
    assert.match(head, /^HTTP\/1\.1 302 Found\r\n/)
    const location = new URL(fieldOf(head, 'location'))
    assert.equal(location.origin, rig.origin)
    assert.equal(location.pathname, '/cdn-cgi/access/login/tcp.site.com')
    assert.equal(location.searchParams.get('kid'), fieldOf(head, 'cf-access-aud'))
    assert.equal(location.searchParams.get('redirect_url'), '/a/path?x=1')
    assert.equal(fieldOf(head, 'content-length'), '0')
    const others = rig.lines.filter(
      ({ service, level }) => service !== 'access' || level !== 'debug',
    )
    assert.doesNotMatch(JSON.stringify(others), /tcp\.site\.com|sign.in.required/i)
  })

  test('finds the application over HTTP/2 as over HTTP/1.1, by either way', async (t) => {
    const rig = await setUp(t)
    const session = connectHttp2(rig.origin, { ca: testCa })
    t.after(() => session.close())
    const ask = async (more: Record<string, string>): Promise<IncomingHttpHeaders> => {
      const stream = session.request({
        ':method': 'HEAD',
        ':path': '/',
        ':authority': `tcp.site.com:${new URL(rig.origin).port}`,
        'user-agent': 'cloudflared/2026.8.2',
        ...more,
      })
      const [headers] = (await once(stream.resume(), 'response')) as [IncomingHttpHeaders]
      return headers
    }
    const request = { 'cf-access-metadata-request': 'true' }
    const overHttp2 = await ask(request)
    const overHttp1 = await rig.send('HEAD', '/', {
      headers: { host: 'tcp.site.com:8443', ...request },
    })
    assert.equal(overHttp2[':status'], 302)
    assert.equal(overHttp2['cf-access-metadata'], overHttp1.headers['cf-access-metadata'])
    assert.match(String(overHttp2['cf-access-metadata']), /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.equal((await ask({}))['cf-access-metadata'], undefined)
    assert.equal((await ask({})).location, overHttp1.headers.location)
  })

  test('has its tunnel by a token of this application, until the session is over', async (t) => {
    const rig = await setUp(t)
    const own = await signInByDevice(rig, alice)
    const token = await exchange(rig, own)
    const { head, socket } = await shake(rig, '/', [`Cf-Access-Token: ${token}`])
    assert.match(head, /^HTTP\/1\.1 101 /)
    const cut = once(socket.resume(), 'end')
    await rig.send('POST', gatewayPaths.endSession, {
      headers: { authorization: `Pomerium ${own}` },
    })
    await cut
    const after = await shake(rig, '/', [`Cf-Access-Token: ${token}`])
    assert.match(after.head, /^HTTP\/1\.1 302 /, 'its client throws the token away at this')
    const line = await rig.lineWhere(
      (it) =>
        it['response-code'] === 302 &&
        it['authority'] === 'tcp.site.com:443' &&
        it['level'] === 'info',
    )
    assert.equal(line['error'], 'the sign-in of the token has ended')
  })

  test('has its tunnel by the token of the gateway as well, in either header', async (t) => {
    const rig = await setUp(t)
    const token = await signInByDevice(rig, alice)
    for (const field of [`Cf-Access-Token: ${token}`, `Authorization: Pomerium ${token}`]) {
      const { head, socket } = await shake(rig, '/', [field])
      assert.match(head, /^HTTP\/1\.1 101 /, field)
      socket.destroy()
    }
  })

  test('is not let in by the token of another application, there or by CONNECT', async (t) => {
    const rig = await setUp(t)
    const token = await exchange(rig, await signInByDevice(rig, alice))
    const field = `Cf-Access-Token: ${token}`
    const { head } = await shake(rig, '/', [field], 'ssh.site.com')
    assert.match(head, /^HTTP\/1\.1 302 /)
    const line = await rig.lineWhere((it) => it['authority'] === 'ssh.site.com:443')
    assert.equal(line['error'], 'the token is that of another application')
    const user = await rig.send('GET', gatewayPaths.user, { headers: { 'cf-access-token': token } })
    assert.equal(user.status, 401)
    for (const [target, status] of [
      ['ssh.site.com:443', 401],
      ['db.example.com:5432', 401],
      ['tcp.site.com:443', 200],
    ] as const) {
      const socket = await connectTls(Number(new URL(rig.origin).port))
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${field}\r\n\r\n`)
      assert.match(await until(socket, /\r\n\r\n/), new RegExp(`^HTTP/1.1 ${status} `), target)
      socket.destroy()
    }
  })

  test('is never redirected with a service token or a token from elsewhere, and the log says why', async (t) => {
    const rig = await setUp(t)
    const cases: readonly (readonly [string[], string])[] = [
      [
        ['Cf-Access-Client-Id: ci', 'Cf-Access-Client-Secret: wrong'],
        'the service token is unknown, expired or revoked',
      ],
      [
        ['Cf-Access-Token: nonsense'],
        'the token is none of this gateway, or of a service account that has ended',
      ],
    ]
    for (const [fields, why] of cases) {
      const { head } = await shake(rig, '/', fields)
      assert.match(head, /^HTTP\/1\.1 401 /)
      const line = await rig.lineWhere((it) => it['error'] === why)
      assert.equal(line['response-code-details'], 'sign_in_required')
      assert.equal(line['level'], 'info')
    }
  })

  test('of service accounts tells a secret that is not right from one that may not', async (t) => {
    const rig = await setUp(t)
    const wrong = ['Cf-Access-Client-Id: ci', 'Cf-Access-Client-Secret: wrong']
    const { head } = await shake(rig, '/', wrong, 'robots.site.com')
    assert.match(head, /^HTTP\/1\.1 401 /)
    const line = await rig.lineWhere((it) => it['response-code'] === 401)
    assert.equal(line['response-code-details'], 'credential_unknown')
    assert.equal(line['error'], 'the service token is unknown, expired or revoked')
    const nobody = await shake(rig, '/', [], 'robots.site.com')
    assert.match(nobody.head, /^HTTP\/1\.1 403 /)
  })

  test('by addresses alone asks nobody who they are, whatever they show', async (t) => {
    const rig = await setUp(t)
    const { head } = await shake(rig, '/', ['Cf-Access-Token: nonsense'], 'office.site.com')
    assert.match(head, /^HTTP\/1\.1 403 /)
  })

  test('of somebody who may not use it is refused, with the reasons in the log', async (t) => {
    const rig = await setUp(t)
    const { head } = await shake(
      rig,
      '/',
      [`Cf-Access-Token: ${await signInByDevice(rig, alice)}`],
      'no.site.com',
    )
    assert.match(head, /^HTTP\/1\.1 403 /)
    const line = await rig.lineWhere((it) => it['response-code'] === 403)
    assert.deepEqual(line['reasons'], ['groups-unauthorized'])
  })

  test('writes no line of its own into a log by what it says of itself', async (t) => {
    const rig = await setUp(t)
    const agent = 'x"}{"level":"error"}'
    const { head } = await shake(rig, '/', [`User-Agent: ${agent}`, 'Cf-Access-Token: "}{"a":"b"'])
    assert.match(head, /^HTTP\/1\.1 401 /)
    const line = await rig.lineWhere((it) => it['response-code'] === 401)
    assert.deepEqual([line['level'], line['user-agent']], ['info', agent])
    assert.doesNotMatch(JSON.stringify(line), /\{\\"a/)
  })
})

describe('an open application', () => {
  test('opens at the first upgrade, without a token', async (t) => {
    const rig = await setUp(t)
    const { head, socket } = await shake(rig, '/', [], 'open.site.com')
    assert.match(head, /^HTTP\/1\.1 101 /)
    socket.destroy()
  })
})

describe('a wildcard application', () => {
  test('leaves the host of the gateway its own', async (t) => {
    const policy = 'policy: [{ allow: { and: [{ groups: { has: dba } }] } }]'
    const wildcard = `{ from: 'tcp+https://*:443', to: 'connector://', application: true, ${policy} }`
    const rig = await setUp(t, `  - ${wildcard}\n`)
    const asked = { headers: { accept: 'text/html', host: new URL(rig.origin).host } }
    const own = await rig.send('GET', '/', asked)
    assert.doesNotMatch(own.body, /is no web page/)
    const other = await rig.send('GET', '/', { headers: { ...asked.headers, host: 'a.site.com' } })
    assert.match(other.body, /is no web page/)
    const head = await rig.send('HEAD', '/', asked)
    assert.equal(head.headers['cf-access-domain'], undefined)
  })
})

async function setUp(t: TestContext, more = ''): Promise<DeviceRig> {
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const to = `    to: tcp://127.0.0.1:${service.port}\n    application: true\n`
  const of = (group: string): string =>
    `    policy: [{ allow: { and: [{ groups: { has: ${group} } }] } }]\n`
  const routes = [
    `  - from: tcp+https://tcp.site.com:443\n${to}${of('dba')}`,
    `  - from: tcp+https://ssh.site.com:443\n${to}${of('dba')}`,
    `  - from: tcp+https://no.site.com:443\n${to}${of('nobody')}`,
    `  - from: tcp+https://open.site.com:443\n${to}    allow_public_unauthenticated_access: true\n`,
  ]
  const entry = (host: string, action: string, include: string): string =>
    `  - hostname: ${host}\n    service: tcp://127.0.0.1:${service.port}\n` +
    `    policies: [{ action: ${action}, include: [{ ${include} }] }]\n`
  const access = [
    entry('robots.site.com', 'service_auth', 'service_token: ci'),
    entry('office.site.com', 'bypass', 'ip: 192.0.2.0/24'),
  ]
  return startDeviceRig(t, `${routes.join('')}${more}access:\n${access.join('')}log_level: debug\n`)
}

/** The token of one application, for that of the gateway. */
async function exchange(rig: DeviceRig, token: string): Promise<string> {
  const { body } = await rig.send('POST', gatewayPaths.applicationToken, {
    headers: {
      authorization: `Pomerium ${token}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: encodeApplicationTokenRequest('tcp.site.com'),
  })
  return decodeApplicationTokenAnswer(body)?.token ?? assert.fail(body)
}

/** The handshake of stock clients: without ALPN, and the port in `Host`. */
async function shake(
  { origin }: DeviceRig,
  target: string,
  fields: readonly string[] = [],
  host = 'tcp.site.com',
): Promise<{ head: string; socket: TLSSocket }> {
  const port = Number(new URL(origin).port)
  const socket = await connectTls(port, [])
  socket.on('error', () => undefined)
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}:${port}`,
    ...(fields.some((field) => field.startsWith('User-Agent'))
      ? []
      : ['User-Agent: cloudflared/2026.8.2']),
    'Connection: Upgrade',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    'Upgrade: websocket',
    ...fields,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return { head: await until(socket, /\r\n\r\n/), socket }
}

function fieldOf(head: string, name: string): string {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1] ?? ''
}

function until(socket: TLSSocket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    socket.on('data', function onData(chunk: Buffer) {
      received += chunk.toString('latin1')
      if (!pattern.test(received)) return
      socket.off('data', onData)
      resolve(received)
    })
    socket.once('end', () => reject(new Error(received)))
  })
}

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { describe, test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import {
  createCertificateAuthority,
  type CertificateAuthority,
  type CertificatePair,
  type RevokeOptions,
} from '../../net/certificate.ts'
import { parseRoutePolicy } from '../../policy/shorthand.ts'
import type { DownstreamMtls } from '../config/config.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  startTestGateway,
  testCa,
  testRoute,
  testSession,
  type TestGateway,
} from '../gateway.fixture.ts'
import type { Route } from '../routes/route.ts'
import { compileNamePattern } from './name-pattern.ts'
import { readRevocationLists, type RevocationList } from './revocation-list.ts'

const target = 'echo.example.com:7'
const root = await createCertificateAuthority({ name: 'Root', pathLength: 1 })
const below = await root.issueAuthority({ name: 'Below' })
const other = await createCertificateAuthority({ name: 'Other' })
const laptop = { name: 'laptop', dns: ['laptop.corp.example'] }
const past = new Date(Date.now() - 60_000)
const good = await root.issueClient(laptop)
const revoked = await root.issueClient({ ...laptop, name: 'stolen laptop' })
const ofBelow = await below.issueClient(laptop)
const deep = { cert: ofBelow.cert + below.cert, key: ofBelow.key }

/** Certificates that are good for nothing, by what is wrong with them, and what the log says of it. */
const bad: Readonly<Record<string, readonly [CertificatePair, RegExp]>> = {
  'of another authority': [await other.issueClient(laptop), /no authority/],
  expired: [await root.issueClient(laptop, { notAfter: past }), /expired/],
  'not valid yet': [
    await root.issueClient(laptop, { notBefore: new Date(Date.now() + 3_600_000) }),
    /not valid yet/,
  ],
  revoked: [revoked, /"CN=Root" has revoked it/],
  'under another name': [await root.issueClient({ name: 'x', dns: ['evil.example'] }), /names/],
  'without names': [await root.issueClient({ name: 'laptop.corp.example' }), /names/],
  'too far below its authority': [deep, /max_verify_depth/],
  'of an authority that it does not send': [ofBelow, /no authority/],
  'for servers': [await root.issue(['laptop.corp.example']), /client authentication/],
}

async function revoking(
  by: CertificateAuthority,
  certificates: readonly string[],
  options?: RevokeOptions,
): Promise<readonly RevocationList[]> {
  return readRevocationLists(await by.revoke(certificates, options))
}

const pattern = '.*\\.corp\\.example'
const settings: DownstreamMtls = {
  ca: root.cert,
  revocationLists: await revoking(root, [revoked.cert]),
  enforcement: 'policy_with_default_deny',
  matchSubjectAltNames: [{ kind: 'dns', pattern, matches: compileNamePattern(pattern) }],
  maxVerifyDepth: 1,
}

type Alpn = 'http/1.1' | 'h2'
interface Said {
  readonly status: number
  readonly body: string
}

/** What CONNECT or a page gets; undefined when the connection ends without a byte of HTTP. */
async function ask(
  { port }: TestGateway,
  pair: CertificatePair | undefined,
  alpn: Alpn,
  page?: string,
): Promise<Said | undefined> {
  const socket = await connectTls(port, [alpn], { ...pair }).catch(() => undefined)
  if (socket === undefined) return undefined
  socket.on('error', () => undefined)
  try {
    return alpn === 'h2' ? await askHttp2(socket, page) : await askHttp1(socket, page)
  } finally {
    socket.destroy()
  }
}

async function askHttp1(socket: tls.TLSSocket, page?: string): Promise<Said | undefined> {
  const head =
    page === undefined
      ? connectHead(target, 'Accept: application/json')
      : `GET ${page} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
  socket.write(head)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (text.startsWith('HTTP/1.1 200')) socket.end()
  })
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve))
  const [, status, body] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(text) ?? []
  return status === undefined ? undefined : { status: Number(status), body: body ?? '' }
}

async function askHttp2(socket: tls.TLSSocket, page?: string): Promise<Said | undefined> {
  // Half open, it would wait for a gateway that has gone.
  socket.once('end', () => socket.destroy())
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  const said = await askStream(session, page)
  session.destroy()
  return said
}

function askStream(session: http2.ClientHttp2Session, page?: string): Promise<Said | undefined> {
  const fields =
    page === undefined
      ? { ':method': 'CONNECT', ':authority': target, accept: 'application/json' }
      : { ':path': page }
  const stream = session.request(fields)
  return new Promise((resolve) => {
    let status = 0
    let body = ''
    stream.on('error', () => undefined)
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0
      if (status === 200) stream.end()
    })
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()))
    stream.on('close', () => resolve(status === 0 ? undefined : { status, body }))
  })
}

/** A gateway with one route to an echo service; public unless it has a policy. */
async function start(
  t: TestContext,
  changes: Partial<DownstreamMtls> = {},
  policy?: unknown,
): Promise<{ gateway: TestGateway; route: Route; mtls: DownstreamMtls }> {
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const mtls = { ...settings, ...changes }
  const route = routeTo(service.port, mtls, policy)
  const gateway = await startTestGateway([route], {
    downstreamMtls: mtls,
    accessLogFields: ['response-code', 'client-certificate', 'error', 'reasons', 'ended'],
  })
  t.after(() => gateway[Symbol.asyncDispose]())
  return { gateway, route, mtls }
}

function routeTo(port: number, { enforcement }: DownstreamMtls, policy?: unknown): Route {
  const shorthand = policy === undefined ? { allowPublicUnauthenticatedAccess: true } : {}
  const use = enforcement === 'policy' ? 'policy' : 'default-deny'
  const parsed = parseRoutePolicy(policy, shorthand, use)
  assert.ok('policy' in parsed)
  return testRoute(`tcp+https://${target}`, [port], undefined, { policy: parsed.policy })
}

const codeOf = (said: Said | undefined): unknown =>
  said === undefined ? undefined : (JSON.parse(said.body) as { error: string }).error

/** A tunnel that has carried a byte, over HTTP/1.1. */
async function openTunnel(
  { port }: TestGateway,
  pair: CertificatePair,
  more: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = await connectTls(port, ['http/1.1'], { ...pair, ...more })
  socket.on('error', () => undefined)
  socket.write(connectHead(target))
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 200 /)
  return socket
}

describe('policy_with_default_deny', () => {
  for (const alpn of ['http/1.1', 'h2'] as const) {
    test(`lets only valid certificates through, over ${alpn}`, async (t) => {
      const { gateway } = await start(t)
      assert.equal((await ask(gateway, good, alpn))?.status, 200)
      const none = await ask(gateway, undefined, alpn)
      assert.deepEqual([none?.status, codeOf(none)], [495, 'client_certificate_required'])
      for (const [what, [pair, why]] of Object.entries(bad)) {
        const said = await ask(gateway, pair, alpn)
        assert.deepEqual([said?.status, codeOf(said)], [495, 'client_certificate_invalid'], what)
        const line = await gateway.line(({ error }) => why.test(String(error)))
        assert.equal(line['response-code'], 495, what)
      }
    })
  }

  test('tells whoever is refused that a valid certificate is required, and nothing else', async (t) => {
    const policy = { deny: { or: [{ email: { is: 'mallory@example.com' } }] } }
    const { gateway } = await start(t, {}, policy)
    const said = await ask(gateway, bad['revoked']?.[0], 'h2')
    const { request_id: _, ...body } = JSON.parse(said?.body ?? '') as Record<string, unknown>
    assert.deepEqual(body, {
      error: 'client_certificate_invalid',
      message: 'a valid client certificate is required',
      next: 'show one that this gateway trusts: "postern tcp --client-cert FILE --client-key FILE"',
      reasons: ['invalid-client-certificate'],
    })
  })

  test('comes before the sign-in, and logs what was shown', async (t) => {
    const { gateway } = await start(t, {}, { allow: { or: [{ authenticated_user: true }] } })
    assert.equal((await ask(gateway, undefined, 'http/1.1'))?.status, 495)
    assert.equal((await ask(gateway, bad['revoked']?.[0], 'http/1.1'))?.status, 495)
    assert.equal((await ask(gateway, good, 'http/1.1'))?.status, 401)
    const decision = await gateway.line((line) => line['deny'] === true)
    assert.deepEqual(decision['deny-why-true'], ['client-certificate-required'])
    const access = await gateway.line((line) => line['response-code'] === 401)
    assert.deepEqual(access['client-certificate'], {
      issuer: 'CN=Root',
      subject: 'CN=laptop',
      subjectAltName: ['DNS:laptop.corp.example'],
    })
  })

  test('exempts pages, which a sign-in needs', async (t) => {
    const { gateway } = await start(t)
    for (const alpn of ['http/1.1', 'h2'] as const) {
      assert.equal((await ask(gateway, undefined, alpn, '/healthz'))?.status, 200)
    }
  })

  test('a deeper chain is trusted where it may be, with lists of both its authorities', async (t) => {
    const revocationLists = [...(settings.revocationLists ?? []), ...(await revoking(below, []))]
    for (const maxVerifyDepth of [2, 0]) {
      const { gateway } = await start(t, { maxVerifyDepth, revocationLists })
      assert.equal((await ask(gateway, deep, 'h2'))?.status, 200)
    }
    const { gateway } = await start(t, { maxVerifyDepth: 2 })
    assert.equal((await ask(gateway, deep, 'h2'))?.status, 495)
    await gateway.line(({ error }) => /no revocation list of "CN=Below"/.test(String(error)))
  })

  test('an authority that is listed ends the chain, a root or not', async (t) => {
    const { gateway } = await start(t, { ca: below.cert, revocationLists: undefined })
    assert.equal((await ask(gateway, ofBelow, 'h2'))?.status, 200)
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
  })

  test('what OpenSSL alone finds wrong is wrong, such as an authority that may have none below it', async (t) => {
    const notAllowed = await other.issueAuthority({ name: 'Not allowed' })
    const leaf = await notAllowed.issueClient(laptop)
    const { gateway } = await start(t, {
      ca: other.cert,
      revocationLists: undefined,
      maxVerifyDepth: 0,
    })
    const pair = { cert: leaf.cert + notAllowed.cert, key: leaf.key }
    assert.equal((await ask(gateway, pair, 'h2'))?.status, 495)
    await gateway.line(({ error }) => /PATH_LENGTH_EXCEEDED/.test(String(error)))
  })

  test('nobody is trusted by an outdated revocation list', async (t) => {
    const { gateway } = await start(t, {
      revocationLists: await revoking(root, [], { nextUpdate: past }),
    })
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
    await gateway.line(({ error }) => /list of "CN=Root" is outdated/.test(String(error)))
  })

  test('a list that another key signed in the name of the authority revokes and allows nothing', async (t) => {
    const impostor = await createCertificateAuthority({ name: 'Root' })
    const { gateway } = await start(t, {
      revocationLists: await revoking(impostor, [good.cert]),
    })
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
    await gateway.line(({ error }) => /no revocation list of "CN=Root"/.test(String(error)))
  })

  test('streams of one connection share its certificate, and a refusal lets it go', async (t) => {
    const { gateway } = await start(t)
    const socket = await connectTls(gateway.port, ['h2'], { ...good })
    const session = http2.connect('https://localhost', { createConnection: () => socket })
    t.after(() => session.destroy())
    const said = await Promise.all([askStream(session), askStream(session)])
    assert.deepEqual(
      said.map((one) => one?.status),
      [200, 200],
    )
    const bare = await connectTls(gateway.port, ['h2'])
    const refused = http2.connect('https://localhost', { createConnection: () => bare })
    const closed = once(refused, 'goaway')
    assert.equal((await askStream(refused))?.status, 495)
    await closed
    refused.destroy()
  })
})

describe('what is shown of routes', () => {
  test('whoever is signed in sees what a certificate would open to them, a stranger nothing', async (t) => {
    const policy = { allow: { or: [{ email: { is: 'ada@example.com' } }] } }
    const { gateway } = await start(t, {}, policy)
    const seen = (session?: ReturnType<typeof testSession>): number =>
      gateway.parts.seenBy({ session, ip: '192.0.2.1' }, 'https://gateway.example.com').length
    assert.equal(seen(testSession('s1', 'ada@example.com')), 1)
    assert.equal(seen(testSession('s2', 'bob@example.com')), 0)
    assert.equal(seen(), 0)
    const open = await start(t)
    const asker = { session: undefined, ip: '192.0.2.1' }
    assert.deepEqual(open.gateway.parts.seenBy(asker, 'https://gateway.example.com'), [])
  })
})

describe('policy', () => {
  const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256
  test('asks for a certificate only where a policy does', async (t) => {
    const { gateway } = await start(t, { enforcement: 'policy' })
    assert.equal((await ask(gateway, undefined, 'h2'))?.status, 200)
    assert.equal((await ask(gateway, bad['expired']?.[0], 'h2'))?.status, 200)
  })

  test('a route names the certificates it takes', async (t) => {
    const named = [good, revoked].map(({ cert }) => fingerprint(cert))
    const policy = { allow: { or: [{ client_certificate: { fingerprint: named } }] } }
    const { gateway } = await start(t, { enforcement: 'policy' }, policy)
    const another = await root.issueClient(laptop)
    for (const alpn of ['http/1.1', 'h2'] as const) {
      assert.equal((await ask(gateway, good, alpn))?.status, 200)
      assert.equal((await ask(gateway, undefined, alpn))?.status, 495)
      assert.equal((await ask(gateway, another, alpn))?.status, 403)
      // Named, and not trusted all the same.
      assert.equal((await ask(gateway, revoked, alpn))?.status, 403)
    }
  })
})

describe('reject_connection', () => {
  for (const alpn of ['http/1.1', 'h2'] as const) {
    test(`serves nothing without a valid certificate, over ${alpn}`, async (t) => {
      const { gateway } = await start(t, { enforcement: 'reject_connection' })
      assert.equal((await ask(gateway, good, alpn))?.status, 200)
      assert.equal((await ask(gateway, good, alpn, '/healthz'))?.status, 200)
      for (const page of [undefined, '/healthz']) {
        assert.equal(await ask(gateway, undefined, alpn, page), undefined)
        for (const [what, [pair]] of Object.entries(bad)) {
          assert.equal(await ask(gateway, pair, alpn, page), undefined, what)
        }
      }
      for (const [what, [, why]] of Object.entries(bad)) {
        const reason = 'downstream-transport-failure-reason'
        const line = await gateway.line((one) => why.test(String(one[reason])))
        assert.equal(line['message'], 'listener connection failure', what)
        assert.deepEqual([line['ip'], line['tls-sni-hostname']], ['127.0.0.1', 'localhost'])
        assert.match(JSON.stringify(line['client-certificate']), /"issuer":"CN=/)
      }
      const none = await gateway.line(
        (one) => one['message'] === 'listener connection failure' && !('client-certificate' in one),
      )
      assert.equal(none['downstream-transport-failure-reason'], 'the client showed no certificate')
    })
  }

  test('a connection that stays open is judged again at every request', async (t) => {
    const { gateway, route, mtls } = await start(t, { enforcement: 'reject_connection' })
    const socket = await connectTls(gateway.port, ['http/1.1'], { ...good })
    socket.on('error', () => undefined)
    const page = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'
    socket.write(page)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
    const revocationLists = await revoking(root, [good.cert])
    await gateway.reload([route], { downstreamMtls: { ...mtls, revocationLists } })
    socket.on('data', () => assert.fail('served'))
    const ended = once(socket, 'end')
    socket.write(page)
    await ended
    socket.destroy()
  })
})

describe('a certificate that is trusted no longer', () => {
  test('cuts its tunnels when it is revoked, and no others', async (t) => {
    const { gateway, route, mtls } = await start(t)
    const stays = await openTunnel(gateway, await root.issueClient(laptop))
    const goes = await openTunnel(gateway, good)
    t.after(() => stays.destroy())
    const revocationLists = await revoking(root, [good.cert])
    const ended = once(goes, 'end')
    await gateway.reload([route], { downstreamMtls: { ...mtls, revocationLists } })
    await ended
    goes.destroy()
    const line = await gateway.line((one) => one['ended'] === 'policy-changed')
    assert.deepEqual(line['reasons'], ['invalid-client-certificate'])
    stays.write('still here')
    const [echoed] = (await once(stays, 'data')) as [Buffer]
    assert.equal(echoed.toString(), 'still here')
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
  })

  test('cuts its tunnels when its authority is replaced', async (t) => {
    const { gateway, route, mtls } = await start(t, { revocationLists: undefined })
    const tunnel = await openTunnel(gateway, good)
    const ended = once(tunnel, 'end')
    await gateway.reload([route], { downstreamMtls: { ...mtls, ca: other.cert } })
    await ended
    tunnel.destroy()
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
    const [ofOther] = bad['of another authority'] ?? []
    assert.equal((await ask(gateway, ofOther, 'h2'))?.status, 200)
  })

  test('cuts its tunnels when it expires', async (t) => {
    const { gateway } = await start(t)
    const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2_000)
    const tunnel = await openTunnel(gateway, await root.issueClient(laptop, { notAfter: soon }))
    await once(tunnel.resume(), 'end')
    assert.ok(Date.now() >= soon.getTime())
    tunnel.destroy()
    await gateway.line((one) => one['ended'] === 'policy-changed')
  })
})

describe('a resumed TLS session', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`brings no certificate along, with ${version}`, async (t) => {
      const { gateway } = await start(t)
      const session = await sessionOf(gateway, { ...good, maxVersion: version })
      const again = await connectTls(gateway.port, ['http/1.1'], { maxVersion: version, session })
      assert.equal(again.isSessionReused(), false)
      assert.equal((await askHttp1(again))?.status, 495)
      again.destroy()
    })

    test(`is none from before the gateway asked for certificates, with ${version}`, async (t) => {
      const { gateway, route, mtls } = await start(t)
      await gateway.reload([route], { downstreamMtls: undefined })
      const session = await sessionOf(gateway, { maxVersion: version })
      await gateway.reload([route], { downstreamMtls: mtls })
      const options = { ...good, maxVersion: version, session }
      const again = await openTunnel(gateway, good, options)
      assert.equal(again.isSessionReused(), false)
      again.destroy()
    })
  }
})

test('a gateway that asks for no certificate says no to every policy that wants one', async (t) => {
  const { gateway, route } = await start(t)
  await gateway.reload([route], { downstreamMtls: undefined })
  assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
})

/** A session that a client could resume; it comes at the handshake or, with TLS 1.3, after it. */
async function sessionOf({ port }: TestGateway, more: tls.ConnectionOptions): Promise<Buffer> {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: testCa,
    ...more,
  })
  socket.on('error', () => undefined)
  const [session] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  return session
}

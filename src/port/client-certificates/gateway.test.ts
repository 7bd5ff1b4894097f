import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { describe, test } from 'node:test'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { formatTunnelPath, tunnelProtocol } from '../../tunnel/websocket.ts'
import { connectTls, testCaller, testSession } from '../../gateway/gateway.fixture.ts'
import {
  ask,
  askStream,
  bad,
  below,
  codeOf,
  deep,
  good,
  laptop,
  ofBelow,
  other,
  past,
  revoked,
  revoking,
  root,
  settings,
  start,
  target,
} from './client-certificates.fixture.ts'

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

  test('takes one without a subject by its other names', async (t) => {
    const { gateway } = await start(t)
    const pair = await root.issueClient({ ...laptop, name: '' })
    assert.equal(new X509Certificate(pair.cert).subject, undefined)
    assert.equal((await ask(gateway, pair, 'h2'))?.status, 200)
    assert.equal((await ask(gateway, pair, 'http/1.1', '/healthz'))?.status, 200)
    const line = await gateway.line((one) => one['response-code'] === 200)
    const { subject } = line['client-certificate'] as { subject: string }
    assert.equal(subject, '')
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
    await gateway.line(({ error }) => /no revocation list from "CN=Below"/.test(String(error)))
  })

  test('asks for it on tunnels over a WebSocket too', async (t) => {
    const { gateway } = await start(t)
    const upgrade = async (pair: object): Promise<string> => {
      const socket = await connectTls(gateway.port, ['http/1.1'], pair)
      socket.on('error', () => undefined)
      socket.write(
        `GET ${formatTunnelPath(target)} HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\n` +
          `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n` +
          `Sec-WebSocket-Protocol: ${tunnelProtocol}\r\n\r\n`,
      )
      const [head] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return head.toString().slice(0, 12)
    }
    assert.equal(await upgrade({}), 'HTTP/1.1 495')
    assert.equal(await upgrade(bad['revoked']?.[0] ?? {}), 'HTTP/1.1 495')
    assert.equal(await upgrade(good), 'HTTP/1.1 101')
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
    await gateway.line(({ error }) => /no revocation list from "CN=Root"/.test(String(error)))
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
    const seen = (session?: ReturnType<typeof testSession>): number => {
      const { parts } = gateway
      const { usable, listed } = parts.seenBy(testCaller(session), 'https://gateway.example.com')
      return usable.length + listed.length
    }
    assert.equal(seen(testSession('s1', 'ada@example.com')), 1)
    assert.equal(seen(testSession('s2', 'bob@example.com')), 0)
    assert.equal(seen(), 0)
    const open = await start(t)
    const stranger = open.gateway.parts.seenBy(testCaller(), 'https://gateway.example.com')
    assert.deepEqual(stranger, { usable: [], listed: [] })
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

test('a gateway that asks for no certificate says no to every policy that wants one', async (t) => {
  const { gateway, route } = await start(t)
  await gateway.reload([route], { downstreamMtls: undefined })
  assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
})

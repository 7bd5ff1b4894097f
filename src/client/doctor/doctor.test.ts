import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { echo } from '../../reach/fake-gateway.fixture.ts'
import { httpAnswer, startSmallServer, welcome } from '../../reach/small-server.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { examine } from './doctor.ts'
import { authority, checksOf, detailOf, failureOf, outcome, withGateway } from './doctor.fixture.ts'

describe('a way that works', () => {
  test('is told step by step, to the service, and nobody signs in for it', async (t) => {
    const gateway = await withGateway(t)
    const checks = await checksOf(t, { port: gateway.port })
    const ways = 'transport transport transport'
    assert.equal(
      outcome(checks),
      `dns tcp proxy tls certificate gateway ${ways} sign-in policy service`,
    )
    assert.equal(detailOf(checks, 'dns'), 'IPv4 127.0.0.1')
    assert.match(detailOf(checks, 'tls'), /^TLSv1\.3, TLS_AES_\w+, X25519MLKEM768, HTTP\/2$/)
    assert.match(
      detailOf(checks, 'certificate'),
      /^for "localhost", signed by "Postern example CA", good until [\d-]{10}; the authority that was given/,
    )
    assert.equal(detailOf(checks, 'gateway'), 'a Postern gateway')
    assert.equal(
      detailOf(checks, 'sign-in'),
      'signed in as ada@example.com, until 2099-01-02T03:04:05Z',
    )
    assert.equal(gateway.logins, 0)
    // One answer says both of the policy and the service, and it was waited for the latter.
    const untimed = checks.filter(({ ms }) => !(Number.isInteger(ms) && Number(ms) >= 0))
    assert.deepEqual(
      untimed.map(({ what }) => what),
      ['policy'],
    )
  })

  test('without a destination ends with the number of routes, and what a gateway says of its release', async (t) => {
    const routes = [{ name: 'db', from: 'tcp+https://db:5432' }]
    const gateway = await withGateway(t, { routes }, { name: 'Ada', gateway_version: '1.2.3' })
    const checks = await checksOf(t, { port: gateway.port, authority: undefined })
    assert.match(outcome(checks), /transport sign-in routes$/)
    assert.equal(detailOf(checks, 'sign-in'), 'signed in as Ada, the gateway is Postern 1.2.3')
    assert.equal(detailOf(checks, 'routes'), '1 route to use')
  })

  test('to a public route needs no sign-in', async (t) => {
    const gateway = await withGateway(t, { isPublic: true })
    const checks = await checksOf(t, { port: gateway.port, isSignedIn: false })
    assert.match(outcome(checks), /sign-in policy service$/)
    assert.equal(detailOf(checks, 'sign-in'), 'nobody, and none is needed')
  })

  test('to a gateway of this machine without TLS leaves TLS out', async (t) => {
    const port = await startSmallServer(t, {
      answer: httpAnswer(
        400,
        {},
        encodeRefusal({ code: 'upgrade_required', message: 'x', next: '', requestId: 'r' }),
      ),
    })
    const checks = await checksOf(t, { port, scheme: 'http' })
    assert.match(outcome(checks), /^dns tcp proxy tls=not-tried certificate=not-tried gateway /)
  })
})

describe('the gateway, and what passes to it', () => {
  test('another HTTPS server, one that is away, one that is silent', async (t) => {
    const pair = await authority.issue(['localhost'])
    for (const [options, detail, hint] of [
      [{ answer: welcome }, /is no gateway: a web server \("nginx/, /check the name and the port/],
      [
        { answer: httpAnswer(503, { Server: 'HAProxy' }) },
        /\("HAProxy"\) answers there with status 503/,
        /cannot reach it now/,
      ],
      [{}, /takes the request, and gives no answer/, /try again/],
    ] as const) {
      const port = await startSmallServer(t, { pair, ...options })
      const limits = { gatewayMs: 500 }
      const failed = failureOf(await checksOf(t, { port, limits }))
      assert.equal(failed.what, 'gateway')
      assert.match(failed.detail, detail)
      assert.match(failed.hint ?? '', hint)
    }
  })

  test('an edge that cuts CONNECT leaves a WebSocket, and is a warning', async (t) => {
    const gateway = await withGateway(t, { edgeOnConnect: 'cut' })
    const checks = await checksOf(t, { port: gateway.port })
    assert.match(
      outcome(checks),
      /transport=warning transport=warning transport sign-in policy service$/,
    )
    assert.match(detailOf(checks, 'transport'), /does not pass/)
  })

  test('an edge that lets nothing pass is where it ends', async (t) => {
    const gateway = await withGateway(t, { edgeOnConnect: 'page', edgeOnWebSocket: 'cut' })
    const failed = failureOf(await checksOf(t, { port: gateway.port }))
    assert.deepEqual([failed.what, failed.target], ['transport', 'HTTP/2 CONNECT'])
    assert.match(failed.detail, /does not pass: status 405/)
  })

  test('what a gateway does not offer is neither', async (t) => {
    const gateway = await withGateway(t, { protocols: ['http/1.1'] })
    const checks = await checksOf(t, { port: gateway.port })
    assert.match(outcome(checks), /transport=not-tried transport transport sign-in/)
    assert.match(detailOf(checks, 'tls'), /HTTP\/1\.1$/)
  })
})

describe('who is signed in, and what they may', () => {
  test('nobody, with a destination or without', async (t) => {
    const gateway = await withGateway(t, {
      answers: { [gatewayPaths.routes]: { status: 401, body: '' } },
    })
    for (const destination of ['db:5432', undefined]) {
      const asked = { port: gateway.port, authority: destination, isSignedIn: false }
      const failed = failureOf(await checksOf(t, asked))
      assert.deepEqual([failed.what, failed.code], ['sign-in', 'not-signed-in'])
      assert.equal(failed.hint, `sign in: "postern login https://localhost:${gateway.port}"`)
    }
    assert.equal(gateway.logins, 0)
  })

  test('somebody whose session is over, and a service account that is not accepted', async (t) => {
    const gateway = await withGateway(t, {
      answers: { [gatewayPaths.user]: { status: 401, body: '' } },
    })
    const over = failureOf(await checksOf(t, { port: gateway.port }))
    assert.deepEqual(
      [over.what, over.detail],
      ['sign-in', 'the gateway does not take the sign-in any more'],
    )
    const asked = { port: gateway.port, serviceAccountToken: 'x.y.z' }
    assert.equal(failureOf(await checksOf(t, asked)).code, 'service-account-rejected')
  })

  test('a clock that is wrong, and a sign-in that is about to end, are warnings', async (t) => {
    const gateway = await withGateway(t)
    const late = Date.now() - 600_000
    const checks = await checksOf(t, { port: gateway.port, now: () => late })
    assert.match(
      detailOf(checks, 'sign-in'),
      /this machine's clock is (?:600|599|601) s behind the gateway's$/,
    )
    const soon = new Date(Date.now() + 60_000).toISOString()
    const ending = await withGateway(t, {}, { name: 'Ada', session_expires_at: soon })
    const told = await checksOf(t, { port: ending.port })
    assert.match(outcome(told), /sign-in=warning policy service$/)
    assert.match(told.find(({ what }) => what === 'sign-in')?.hint ?? '', /postern login --renew/)
  })

  for (const [name, status, code, what, exit] of [
    ['policy', 403, 'policy_denied', 'policy', 'policy-denied'],
    ['routes', 404, 'route_not_found', 'policy', 'route-not-found'],
    ['service', 503, 'upstream_unreachable', 'service', 'upstream-unreachable'],
  ] as const) {
    test(`a no of the ${name} is told by its own words, and by nobody else's`, async (t) => {
      const said = { code, message: `no: ${code}`, next: 'ask ada', requestId: 'r7' }
      const body = encodeRefusal(said)
      const gateway = await withGateway(t, {
        connect: (asked) => (asked === 'db:5432' ? { status, body } : { serve: echo }),
      })
      const failed = failureOf(await checksOf(t, { port: gateway.port }))
      assert.deepEqual([failed.what, failed.code, failed.hint], [what, exit, 'ask ada'])
      assert.equal(failed.requestId, 'r7')
      assert.match(failed.detail, new RegExp(`no: ${code}`))
    })
  }
})

test('whoever ends it gets no further check', async (t) => {
  const gateway = await withGateway(t)
  const ending = new AbortController()
  const checks = examine({
    gateway: parseGatewayUrl(gateway.origin),
    trust: { isVerified: true, extraCa: [authority.cert], clientCertificate: undefined },
    authority: 'db:5432',
    serviceAccountToken: undefined,
    cacheDirectory: join(tmpdir(), 'nothing-is-here'),
    signal: ending.signal,
  })
  await checks.next()
  ending.abort(new Error('enough'))
  await assert.rejects(checks.next(), /enough/)
})

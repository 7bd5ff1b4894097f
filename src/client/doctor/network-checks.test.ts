import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LookUpAll } from '../../net/dial.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { httpAnswer, startSmallServer, welcome } from '../../reach/small-server.fixture.ts'
import {
  authority,
  checksOf,
  detailOf,
  failureOf,
  lookupTo,
  nowMs,
  outcome,
  withGateway,
} from './doctor.fixture.ts'

describe('the name and its addresses', () => {
  test('a name that does not resolve', async (t) => {
    const lookup: LookUpAll = (_host, _options, done) =>
      done(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), [])
    const failed = failureOf(await checksOf(t, { port: 1, lookup }))
    assert.deepEqual([failed.what, failed.detail], ['dns', 'the name "localhost" does not resolve'])
  })

  test('a name server that never answers is waited for so long', async (t) => {
    const failed = failureOf(
      await checksOf(t, { port: 1, lookup: () => undefined, limits: { addressMs: 50 } }),
    )
    assert.equal(failed.what, 'dns')
    assert.match(failed.detail, /could not be looked up \(no name server answers\)/)
  })

  test('nobody listens', async (t) => {
    const failed = failureOf(await checksOf(t, { port: 1 }))
    assert.equal(failed.what, 'tcp')
    assert.match(failed.detail, /"127\.0\.0\.1:1" refused the connection/)
  })

  test('one of two addresses that is dead is a warning', async (t) => {
    const gateway = await withGateway(t)
    const lookup = lookupTo('127.0.0.9', '127.0.0.1')
    const checks = await checksOf(t, { port: gateway.port, lookup })
    assert.match(outcome(checks), /^dns tcp=warning tcp proxy tls .* service$/)
  })
})

describe('a proxy', () => {
  const secret = 'hunter2'
  const proxies = (port: number) => ({ https_proxy: `http://ada:${secret}@127.0.0.1:${port}` })
  const answers: readonly (readonly [
    string,
    Parameters<typeof startSmallServer>[1],
    string,
    RegExp,
  ])[] = [
    [
      'asks for a sign-in',
      { answer: httpAnswer(407, {}) },
      'proxy',
      /does not accept the user and password of https_proxy/,
    ],
    [
      'forbids it',
      { answer: httpAnswer(403, {}) },
      'proxy',
      /does not allow a connection to "localhost:\d+" \(status 403\)/,
    ],
    ['says nothing', {}, 'proxy', /takes the connection, and gives no answer/],
    ['is none', { banner: 'SSH-2.0-x\r\n' }, 'proxy', /gave no answer/],
  ]
  for (const [name, options, what, words] of answers) {
    test(`that ${name}`, async (t) => {
      const port = await startSmallServer(t, options)
      const checks = await checksOf(t, { port: 443, proxies: proxies(port) })
      const failed = failureOf(checks)
      assert.equal(failed.what, what)
      assert.match(failed.detail, words)
      assert.match(`${checks[1]?.target}`, new RegExp(`^127\\.0\\.0\\.1:${port}$`))
      assert.doesNotMatch(JSON.stringify(checks), new RegExp(secret))
    })
  }

  test('that connects and then passes nothing on', async (t) => {
    const port = await startSmallServer(t, { banner: 'HTTP/1.1 200 OK\r\n\r\n' })
    const failed = failureOf(await checksOf(t, { port: 443, proxies: proxies(port) }))
    assert.equal(failed.what, 'tls')
    assert.match(failed.detail, /says nothing to a TLS handshake/)
    assert.match(
      failed.hint ?? '',
      /the proxy "127\.0\.0\.1:\d+" of https_proxy .* passes nothing on/,
    )
  })

  test('that nobody understands, or that NO_PROXY leaves out', async (t) => {
    const failed = failureOf(
      await checksOf(t, { port: 1, proxies: { https_proxy: `socks5://x:${secret}@y` } }),
    )
    assert.deepEqual([failed.what, failed.code], ['proxy', 'invalid-proxy'])
    const gateway = await withGateway(t)
    const exempt = { ...proxies(1), no_proxy: 'localhost' }
    const checks = await checksOf(t, { port: gateway.port, proxies: exempt })
    assert.match(
      detailOf(checks, 'proxy'),
      /^NO_PROXY exempts "localhost" from the proxy of https_proxy/,
    )
  })
})

describe('TLS and the certificate', () => {
  for (const [name, options, words] of [
    ['plain HTTP', { answer: welcome }, /does not speak TLS: a web server \("nginx\/1\.24\.0"/],
    ['SSH', { banner: 'SSH-2.0-OpenSSH_9.6\r\n' }, /an SSH server answers there/],
    ['a peer that never speaks', {}, /takes the connection and says nothing/],
    ['one that hangs up', { ends: true }, /ended the connection during the TLS handshake/],
  ] as const) {
    test(`${name} is named`, async (t) => {
      const failed = failureOf(await checksOf(t, { port: await startSmallServer(t, options) }))
      assert.equal(failed.what, 'tls')
      assert.match(failed.detail, words)
    })
  }

  test('a certificate that has expired, is for another name, or of a stranger', async (t) => {
    const day = 86_400_000
    const past = { notBefore: new Date(nowMs - 9 * day), notAfter: new Date(nowMs - 2 * day) }
    const other = await createCertificateAuthority({ name: 'Elsewhere' })
    for (const [pair, words] of [
      [
        await authority.issue(['localhost'], past),
        /has expired: it was good until 2026-11-27, and this machine's clock says 2026-11-29/,
      ],
      [
        await authority.issue(['a.example', 'b.example']),
        /for another name: it is for "a\.example", "b\.example"/,
      ],
      [await other.issue(['localhost']), /does not know: "Elsewhere"/],
    ] as const) {
      const port = await startSmallServer(t, { pair })
      const failed = failureOf(await checksOf(t, { port, now: () => nowMs }))
      assert.deepEqual([failed.what, failed.code], ['certificate', 'gateway-not-trusted'])
      assert.match(failed.detail, words)
    }
  })

  test('something that looks into TLS is named by its issuer, believed or not', async (t) => {
    const box = await createCertificateAuthority({ name: 'Zscaler Intermediate Root CA' })
    const pair = await box.issue(['localhost'])
    const failed = failureOf(await checksOf(t, { port: await startSmallServer(t, { pair }) }))
    assert.match(failed.detail, /"Zscaler Intermediate Root CA" of Zscaler, which looks into TLS/)
    assert.match(failed.hint ?? '', /ask whoever runs Zscaler to let "localhost" pass/)
    const gateway = await withGateway(t, { pair })
    const checks = await checksOf(t, { port: gateway.port, trust: { extraCa: [box.cert] } })
    assert.match(outcome(checks), /tls certificate=warning gateway .* service$/)
    assert.match(detailOf(checks, 'certificate'), /Zscaler looks into TLS on the way/)
  })

  test('one that nobody looks at is a warning', async (t) => {
    const gateway = await withGateway(t)
    const trust = { isVerified: false, extraCa: [] }
    const checks = await checksOf(t, { port: gateway.port, trust })
    assert.match(outcome(checks), /certificate=warning/)
    assert.match(detailOf(checks, 'certificate'), /nobody has checked it/)
  })
})

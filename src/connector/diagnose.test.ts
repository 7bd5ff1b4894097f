import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import { createCertificateAuthority, type CertificateAuthority } from '../net/certificate.ts'
import { createDialer } from '../reach/dialer.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import { rulesOf } from './connector.fixture.ts'
import { diagnose, type ConnectorCheck } from './diagnose.ts'
import { strangerHint } from './run-connector.ts'
import {
  fakeGatewayAuthority,
  startFakeGateway,
  type FakeGatewayOptions,
} from './fake-gateway.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'

async function run(
  t: TestContext,
  yaml: string,
  options: FakeGatewayOptions & {
    readonly isAway?: boolean
    readonly proxy?: string
    /** Who answers in place of the gateway. */
    readonly port?: number
  } = {},
): Promise<readonly ConnectorCheck[]> {
  const made = await startFakeGateway(options)
  t.after(() => made.close())
  if (options.isAway === true) await made.close()
  const { port = made.port } = options
  const credential = { ...made.credential, gateway: `https://localhost:${port}` }
  const gateway = { ...made, credential }
  const checks: ConnectorCheck[] = []
  for await (const check of diagnose({
    credential: gateway.credential,
    rules: rulesOf(yaml),
    gateway: parseGatewayUrl(gateway.credential.gateway),
    dialer: createDialer({
      gateway: parseGatewayUrl(gateway.credential.gateway),
      trust: { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined },
      proxies: { https_proxy: options.proxy },
      strangerHint,
    }),
    proxies: { https_proxy: options.proxy },
    signal: new AbortController().signal,
    lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  })) {
    checks.push(check)
  }
  return checks
}

const outcome = (checks: readonly ConnectorCheck[]): readonly string[] =>
  checks.map(({ what, verdict, code }) => `${what} ${verdict === 'ok' ? 'ok' : (code ?? 'failed')}`)

test('everything that works is said, from the name to the service', async (t) => {
  const { port } = await startService(t, echo)
  const checks = await run(t, `  - service: tcp://127.0.0.1:${port}\n`)
  assert.deepEqual(outcome(checks), ['dns ok', 'tcp ok', 'tls ok', 'registration ok', 'service ok'])
})

test('a blocked way out names the address and the port', async (t) => {
  const checks = await run(t, '  - service: tcp://127.0.0.1:1\n', { isAway: true })
  assert.deepEqual(outcome(checks), [
    'dns ok',
    'tcp gateway-unreachable',
    'tls gateway-unreachable',
    'service upstream-unreachable',
  ])
  assert.match(checks[1]?.target ?? '', /^127\.0\.0\.1:\d+$/)
})

test('a credential that is not taken is told apart from the way', async (t) => {
  const checks = await run(t, '  - service: http_status:404\n', {
    answer: () => ({
      type: 'refused',
      code: 'wrong-secret',
      message: 'the secret is not right',
      next: '',
      retry: false,
    }),
  })
  const last = checks.at(-1)
  assert.equal(last?.code, 'tunnel-refused')
  assert.equal(last?.detail, 'the secret is not right')
})

test('with a proxy the gateway is asked for through it, and looked up by nobody here', async (t) => {
  const proxy = await startService(t, (socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  const checks = await run(t, '  - service: http_status:404\n', {
    proxy: `http://127.0.0.1:${proxy.port}`,
  })
  assert.deepEqual(outcome(checks), ['proxy ok', 'tls proxy-refused'])
})

/** A box that ends TLS in place of the gateway; without protocols it takes no note of those it is offered. */
async function startBox(
  t: TestContext,
  authority: Pick<CertificateAuthority, 'issue'>,
  { name = 'localhost', protocols }: { readonly name?: string; readonly protocols?: string[] } = {},
): Promise<number> {
  const identity = await authority.issue([name])
  const box = tls.createServer(
    protocols === undefined ? identity : { ...identity, ALPNProtocols: protocols },
  )
  const { port, server } = await startService(t, (socket) => void box.emit('connection', socket))
  box.on('tlsClientError', () => undefined)
  t.after(() => server.close())
  return port
}

const company = await createCertificateAuthority()

test('a box that looks into TLS is told from the gateway, trusted or not', async (t) => {
  const port = await startBox(t, company)
  const checks = await run(t, '  - service: http_status:404\n', { port })
  assert.deepEqual(outcome(checks), ['dns ok', 'tcp ok', 'tls gateway-not-trusted'])
  assert.equal(checks[2]?.target, `localhost:${port}`)
  assert.match(
    checks[2]?.detail ?? '',
    /certificate from an authority that this machine does not know/,
  )

  assert.match(checks[2]?.hint ?? '', /in its place/)

  // Its authority is in the store of the company's machines: then it speaks HTTP and nothing else.
  const trusted = await startBox(t, fakeGatewayAuthority)
  const [, , last] = await run(t, '  - service: http_status:404\n', { port: trusted })
  assert.equal(last?.code, 'protocol-unknown')
  assert.equal(last?.target, `localhost:${trusted}`)
  assert.match(last?.hint ?? '', /something before the gateway ends TLS/)
})

test('one that refuses what it does not know is told by that, before its certificate is seen', async (t) => {
  const port = await startBox(t, company, { protocols: ['h2', 'http/1.1'] })
  const [, , last] = await run(t, '  - service: http_status:404\n', { port })
  assert.equal(last?.code, 'protocol-unknown')
})

test('a gateway that knows no connectors is told as that', async (t) => {
  const old = await startBox(t, fakeGatewayAuthority, { protocols: ['http/1.1'] })
  const [, , last] = await run(t, '  - service: http_status:404\n', { port: old })
  assert.equal(last?.code, 'protocol-unknown')
  assert.match(last?.detail ?? '', /does not speak "postern-connector\/1"/)
  assert.match(last?.hint ?? '', /the gateway is older/)
})

test('a captive portal answers for another name, or without TLS', async (t) => {
  const elsewhere = await startBox(t, fakeGatewayAuthority, { name: 'portal.hotel.example' })
  const [, , named] = await run(t, '  - service: http_status:404\n', { port: elsewhere })
  assert.equal(named?.code, 'gateway-not-trusted')
  assert.match(named?.detail ?? '', /"localhost:\d+" showed a certificate for another name/)
  assert.match(named?.hint ?? '', /in its place/)
  const answer = 'HTTP/1.1 302 Found\r\nLocation: http://portal.hotel.example/\r\n\r\n'
  const plain = await startService(t, (socket) => socket.end(answer))
  const [, , spoken] = await run(t, '  - service: http_status:404\n', { port: plain.port })
  assert.equal(spoken?.code, 'gateway-unreachable')
  assert.match(spoken?.detail ?? '', /"localhost:\d+" does not speak TLS/)
})

test('a proxy that cannot be reached, or reaches nobody, is named with what it was asked for', async (t) => {
  const gone = await run(t, '  - service: http_status:404\n', { proxy: 'http://127.0.0.1:1' })
  assert.deepEqual(outcome(gone), ['proxy proxy-unreachable', 'tls proxy-unreachable'])
  assert.equal(gone[0]?.target, '127.0.0.1:1')
  const proxy = await startService(t, (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
  const lost = await run(t, '  - service: http_status:404\n', {
    proxy: `http://127.0.0.1:${proxy.port}`,
  })
  assert.match(
    lost[1]?.detail ?? '',
    /the proxy "127\.0\.0\.1:\d+" cannot reach "localhost:\d+" \(status 502\)/,
  )
})

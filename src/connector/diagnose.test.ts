import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createDialer } from '../reach/dialer.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import { rulesOf } from './connector.fixture.ts'
import { diagnose, type Check } from './diagnose.ts'
import { startFakeGateway, type FakeGatewayOptions } from './fake-gateway.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'

async function run(
  t: TestContext,
  yaml: string,
  options: FakeGatewayOptions & { readonly isAway?: boolean; readonly proxy?: string } = {},
): Promise<readonly Check[]> {
  const gateway = await startFakeGateway(options)
  t.after(() => gateway.close())
  if (options.isAway === true) await gateway.close()
  const checks: Check[] = []
  for await (const check of diagnose({
    credential: gateway.credential,
    rules: rulesOf(yaml),
    gateway: parseGatewayUrl(gateway.credential.gateway),
    dialer: createDialer({
      gateway: parseGatewayUrl(gateway.credential.gateway),
      trust: { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined },
      proxies: { https_proxy: options.proxy },
    }),
    proxies: { https_proxy: options.proxy },
    signal: new AbortController().signal,
    lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  })) {
    checks.push(check)
  }
  return checks
}

const outcome = (checks: readonly Check[]): readonly string[] =>
  checks.map(({ what, isOk, code }) => `${what} ${isOk ? 'ok' : (code ?? 'failed')}`)

test('everything that works is said, from the name to the service', async (t) => {
  const { port } = await startService(t, echo)
  const checks = await run(t, `  - service: tcp://127.0.0.1:${port}\n`)
  assert.deepEqual(outcome(checks), ['dns ok', 'tcp ok', 'tls ok', 'registration ok', 'service ok'])
})

test('a blocked way out names the address and the port', async (t) => {
  const checks = await run(t, '  - service: tcp://127.0.0.1:1\n', { isAway: true })
  assert.deepEqual(outcome(checks), [
    'dns ok',
    'tcp upstream-unreachable',
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

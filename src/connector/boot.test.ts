import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createCertificateAuthority } from '../net/certificate.ts'
import type { LookUpAll } from '../net/dial.ts'
import { createDialer } from '../reach/dialer.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import { createConnectorMetrics } from './connector-metrics.ts'
import { collectLog, join, rulesOf } from './connector.fixture.ts'
import {
  registered,
  startFakeGateway,
  type AcceptedLink,
  type FakeGateway,
} from './fake-gateway.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'
import { startConnector, type ConnectorOptions } from './start-connector.ts'

const nowhere = '  - service: tcp://127.0.0.1:1\n'

/** A connector whose waits take no time. */
async function boot(t: TestContext, gateway: FakeGateway, options: Partial<ConnectorOptions> = {}) {
  const log = collectLog()
  const connector = await startConnector({
    credential: gateway.credential,
    dialer: gateway.dialer(),
    offer: { rules: rulesOf(nowhere), hostnames: [] },
    metrics: createConnectorMetrics(),
    log,
    random: () => 0,
    ...options,
  })
  t.after(() => connector.close(0))
  return { connector, log }
}

/** A resolver that fails in these ways, one for each time it is asked, and then answers. */
function failingAtFirst(...codes: readonly string[]): LookUpAll {
  const left = [...codes]
  return (_host, _options, done) => {
    const code = left.shift()
    if (code === undefined) return done(null, [{ address: '127.0.0.1', family: 4 }])
    done(Object.assign(new Error(code), { code }), [])
  }
}

const problems = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.startsWith('cannot connect'))

test('names that cannot be looked up yet are asked for until they can', async (t) => {
  const gateway = await startFakeGateway()
  t.after(() => gateway.close())
  const lookup = failingAtFirst('EAI_AGAIN', 'EAI_AGAIN', 'EAI_AGAIN', 'ENOTFOUND', 'ENOTFOUND')
  const { connector, log } = await boot(t, gateway, { lookup })
  await connector.registered
  const [first = '', second = '', ...rest] = problems(log.lines)
  assert.match(first, /the gateway "localhost:\d+" has a name that could not be looked up now/)
  assert.match(second, /has a name that does not resolve/)
  assert.deepEqual(rest, [])
})

test('a network that is not there yet is waited for', async (t) => {
  const gateway = await startFakeGateway()
  t.after(() => gateway.close())
  let asked = 0
  const lookup: LookUpAll = (_host, _options, done) => {
    asked += 1
    // TCP to a group of hosts fails at once with ENETUNREACH, as everything does without a network.
    done(null, [
      asked > 3 ? { address: '127.0.0.1', family: 4 } : { address: '224.0.0.1', family: 4 },
    ])
  }
  const { connector, log } = await boot(t, gateway, { lookup })
  await connector.registered
  assert.equal(problems(log.lines).length, 1)
  assert.match(problems(log.lines)[0] ?? '', /cannot be reached from here/)
})

test('a gateway whose certificate is not trusted is tried again, and named', async (t) => {
  const gateway = await startFakeGateway()
  t.after(() => gateway.close())
  const other = await createCertificateAuthority()
  const strict = createDialer({
    gateway: parseGatewayUrl(gateway.credential.gateway),
    trust: { isVerified: true, extraCa: [other.cert], clientCertificate: undefined },
  })
  let attempts = 0
  const mended = Promise.withResolvers<void>()
  const { connector, log } = await boot(t, gateway, {
    dialer: {
      gateway: strict.gateway,
      openOwn(protocol, options) {
        attempts += 1
        if (attempts > 3) mended.resolve()
        return (attempts > 3 ? gateway.dialer() : strict).openOwn(protocol, options)
      },
    },
  })
  await mended.promise
  await connector.registered
  assert.equal(problems(log.lines).length, 1)
  assert.match(problems(log.lines)[0] ?? '', /showed a certificate from an authority/)
})

test('a service that is not there is no reason not to connect', async (t) => {
  const service = await startService(t, echo)
  service.server.close()
  const { gateway } = await join(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  await gateway.linked(4)
  const [link] = gateway.links as [AcceptedLink]
  await assert.rejects(gateway.open(link), { code: 'connector-origin-unreachable' })
  service.server.listen(service.port, '127.0.0.1')
  const stream = await gateway.open(link)
  stream.destroy()
})

test('a gateway that refuses all connections at once is said once, and waited for', async (t) => {
  let isFull = false
  const refusals: number[] = []
  const gateway = await startFakeGateway({
    answer({ registration }) {
      if (!isFull) return registered()
      refusals.push(registration.connIndex)
      if (refusals.length === 40) isFull = false
      return { type: 'refused', code: 'full', message: 'it is full', next: '', retry: true }
    },
  })
  t.after(() => gateway.close())
  const { log } = await boot(t, gateway)
  for (const index of [0, 1, 2, 3]) await log.line(new RegExp(`^Registered .*connIndex=${index} `))
  isFull = true
  for (const { socket } of gateway.links) socket.destroy()
  await gateway.linked(8)
  assert.deepEqual(problems(log.lines), ['cannot connect: it is full; trying again'])
  assert.deepEqual(new Set(refusals), new Set([0, 1, 2, 3]))
})

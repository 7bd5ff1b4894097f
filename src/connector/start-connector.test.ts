import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { systemClock } from '../clock.ts'
import { createFakeClock } from '../fake-clock.ts'
import { collectLog, countedChance, join, rulesOf } from './connector.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'
import { registered, startFakeGateway, type AcceptedLink } from './fake-gateway.fixture.ts'
import { startConnector } from './start-connector.ts'
import { createConnectorMetrics } from './connector-metrics.ts'

/** The time of day may be moved; timers run by the machine's. */
function movedClock() {
  let aheadMs = 0
  return {
    now: () => Date.now() + aheadMs,
    schedule: systemClock.schedule,
    move: (ms: number) => void (aheadMs += ms),
  }
}

const nowhere = '  - service: tcp://127.0.0.1:1\n'

test('four connections are registered, and each is said in one line', async (t) => {
  const { gateway, connector, log } = await join(t, nowhere)
  await connector.registered
  await gateway.linked(4)
  const indexes = gateway.links.map(({ registration }) => registration.connIndex)
  assert.deepEqual(
    indexes.toSorted((a, b) => a - b),
    [0, 1, 2, 3],
  )
  const [{ registration, secret }] = gateway.links as [AcceptedLink]
  assert.equal(registration.tunnelId, gateway.credential.tunnelId)
  assert.equal(registration.connectorId, connector.connectorId)
  assert.deepEqual(secret, gateway.credential.secret)
  assert.deepEqual(registration.services, [{ hostname: undefined, service: 'tcp://127.0.0.1:1' }])
  for (const index of indexes)
    await log.line(
      new RegExp(
        `^Registered tunnel connection connIndex=${index} connection=\\S+ ip=\\S+ location=gateway-1$`,
      ),
    )
  assert.equal(connector.ready, 4)
})

test('a stream reaches the service of its rule, and each side ends by itself', async (t) => {
  const service = await startService(t, echo)
  const { gateway } = await join(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  await gateway.linked(1)
  const stream = await gateway.open(gateway.links[0] as AcceptedLink)
  stream.end('hello')
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  assert.equal(Buffer.concat(chunks).toString(), 'hello')
})

test('a lost connection is replaced at once, and its index is free again', async (t) => {
  const clock = movedClock()
  const { gateway, log } = await join(t, nowhere, { clock, random: () => 1 })
  for (const index of [0, 1, 2, 3]) await log.line(new RegExp(`connIndex=${index} `))
  clock.move(10_000)
  const [first] = gateway.links as [AcceptedLink]
  first.socket.destroy()
  await gateway.linked(5)
  assert.equal(gateway.links[4]?.registration.connIndex, first.registration.connIndex)
  await log.line(
    new RegExp(`^lost connection connIndex=${first.registration.connIndex}: .*connecting again`),
  )
})

test('a gateway that takes a connection and drops it is not asked again at once', async (t) => {
  const clock = createFakeClock(Date.now())
  const chance = countedChance(0.5)
  const { gateway } = await join(t, nowhere, {
    clock,
    random: chance.random,
    answer(link) {
      if (link.registration.connIndex > 0) return 'silent'
      setImmediate(() => link.end.destroy())
      return registered()
    },
  })
  await chance.waits(1)
  assert.equal(gateway.links.length, 1)
  clock.advance(499)
  assert.equal(gateway.links.length, 1)
  clock.advance(1)
  await gateway.linked(2)
})

test('a gateway that is away is said once, however often it is tried', async (t) => {
  const gateway = await startFakeGateway()
  const dialer = gateway.dialer()
  await gateway.close()
  const [clock, log, chance] = [createFakeClock(Date.now()), collectLog(), countedChance(1)]
  const connector = await startConnector({
    credential: gateway.credential,
    dialer,
    offer: { rules: rulesOf(nowhere), hostnames: [] },
    metrics: createConnectorMetrics(),
    log,
    clock,
    random: chance.random,
  })
  t.after(() => connector.close(0))
  let isFailed = false
  void connector.failed.then(() => (isFailed = true))
  for (const [attempt, waitMs] of [1, 2, 4, 5, 5].entries()) {
    await chance.waits(attempt + 1)
    clock.advance(waitMs * 1000)
  }
  assert.equal(log.lines.length, 1)
  assert.match(
    log.lines[0] ?? '',
    /^cannot connect: the gateway "localhost:\d+" refused the connection.*trying again/,
  )
  assert.equal(isFailed, false)
})

test('a gateway that will not have the connector ends it, with its words and no secret', async (t) => {
  const { connector } = await join(t, nowhere, {
    answer: () => ({
      type: 'refused',
      code: 'wrong-secret',
      message: 'the secret of tunnel "t" is not the one it has now\u001B[31m',
      next: 'print a new token',
      retry: false,
    }),
  })
  const error = await connector.failed
  assert.equal((error as { code?: string }).code, 'tunnel-refused')
  assert.equal(error.message, 'the secret of tunnel "t" is not the one it has now [31m')
  assert.equal(connector.ready, 0)
})

test('one that may try again does, after its back-off', async (t) => {
  let asked = 0
  const { gateway, log } = await join(t, nowhere, {
    random: () => 0,
    answer: () =>
      (asked += 1) === 1
        ? { type: 'refused', code: 'full', message: 'the gateway is full', next: '', retry: true }
        : registered(),
  })
  await log.line(/^cannot connect: the gateway is full; trying again/)
  await gateway.linked(4)
})

test('a first attempt that hangs leaves the others to begin after five seconds', async (t) => {
  const gateway = await startFakeGateway()
  const [clock, through] = [createFakeClock(Date.now()), gateway.dialer()]
  let attempts = 0
  const dialer = {
    gateway: through.gateway,
    openOwn: (...asked: Parameters<typeof through.openOwn>) =>
      (attempts += 1) === 1
        ? once(asked[1].signal, 'abort').then(abandon)
        : through.openOwn(...asked),
  }
  const connector = await startConnector({
    credential: gateway.credential,
    dialer,
    offer: { rules: rulesOf(nowhere), hostnames: [] },
    metrics: createConnectorMetrics(),
    log: collectLog(),
    clock,
  })
  t.after(async () => {
    await connector.close(0)
    await gateway.close()
  })
  clock.advance(4_999)
  assert.equal(attempts, 1)
  clock.advance(1)
  await connector.registered
  await gateway.linked(3)
  assert.equal(attempts, 4)
})

function abandon(): never {
  throw new Error('given up')
}

test('a gateway that answers nothing to a registration is left', async (t) => {
  const clock = createFakeClock(Date.now())
  let asked = 0
  const begun = Promise.withResolvers<void>()
  const { log } = await join(t, nowhere, {
    clock,
    answer() {
      begun.resolve()
      return (asked += 1) === 1 ? 'silent' : registered()
    },
  })
  await begun.promise
  clock.advance(15_000)
  await log.line(/^cannot connect: .*trying again/)
})

test('rules that are replaced are told to the gateway, and cut no stream', async (t) => {
  const service = await startService(t, echo)
  const { gateway, connector } = await join(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  await gateway.linked(4)
  const [link] = gateway.links as [AcceptedLink]
  const stream = await gateway.open(link)
  connector.replace({ rules: rulesOf('  - service: http_status:404\n'), hostnames: ['a.site.com'] })
  stream.write('still here')
  assert.equal(String((await once(stream, 'data'))[0]), 'still here')
  assert.deepEqual(link.said, [
    {
      type: 'services',
      services: [{ hostname: undefined, service: 'http_status:404' }],
      hostnames: ['a.site.com'],
    },
  ])
  await assert.rejects(gateway.open(link), { code: 'connector-not-served' })
  stream.destroy()
})

test('a close tells the gateway first, and lets open streams finish', async (t) => {
  const service = await startService(t, echo)
  const { gateway, connector } = await join(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  await gateway.linked(4)
  const [link] = gateway.links as [AcceptedLink]
  const stream = await gateway.open(link)
  stream.write('a')
  await once(stream, 'data')
  let isClosed = false
  const closed = connector.close(60_000).then(() => (isClosed = true))
  assert.equal(connector.ready, 0)
  await Promise.all(gateway.links.slice(1).map(({ end }) => end.ended))
  await assert.rejects(gateway.open(link))
  stream.write('b')
  assert.equal(String((await once(stream, 'data'))[0]), 'b')
  assert.deepEqual(link.said, [{ type: 'draining' }])
  assert.equal(isClosed, false)
  stream.end().resume()
  await closed
  await link.end.ended
})

test('a close with no time left cuts what is open', async (t) => {
  const service = await startService(t, echo)
  const { gateway, connector } = await join(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  await gateway.linked(1)
  const stream = await gateway.open(gateway.links[0] as AcceptedLink)
  stream.on('error', () => undefined)
  const lost = new Promise((resolve) => stream.once('close', resolve))
  await connector.close(0)
  await lost
})

test('a close while a connection is being made waits for nothing', async (t) => {
  const begun = Promise.withResolvers<void>()
  const { connector } = await join(t, nowhere, {
    answer() {
      begun.resolve()
      return 'silent'
    },
  })
  await begun.promise
  await connector.close(60_000)
})

test('a gateway that is about to end is replaced beside, and its streams go on', async (t) => {
  const service = await startService(t, echo)
  const clock = movedClock()
  const yaml = `  - service: tcp://127.0.0.1:${service.port}\n`
  const { gateway, connector } = await join(t, yaml, { clock, random: () => 1 })
  await gateway.linked(4)
  await connector.registered
  clock.move(10_000)
  const [link] = gateway.links as [AcceptedLink]
  const stream = await gateway.open(link)
  link.end.control.send({ type: 'draining' })
  link.end.drain()
  await gateway.linked(5)
  stream.write('still here')
  assert.equal(String((await once(stream, 'data'))[0]), 'still here')
  stream.end().resume()
  await link.end.ended
})

test('a gateway that wants its connections replaced again and again holds so many and no more', async (t) => {
  const service = await startService(t, echo)
  const clock = movedClock()
  const yaml = `  - service: tcp://127.0.0.1:${service.port}\n`
  const { gateway } = await join(t, yaml, { clock, random: () => 0 })
  await gateway.linked(4)
  const first = gateway.links[0] as AcceptedLink
  for (let drained = 0; drained < 65; drained += 1) {
    const link = gateway.links[drained] as AcceptedLink
    const iat = Math.floor(clock.now() / 1000)
    const stream = await gateway.open(link, { iat, exp: iat + 30 })
    stream.on('error', () => undefined)
    clock.move(10_000)
    link.end.control.send({ type: 'draining' })
    await gateway.linked(5 + drained)
  }
  await first.end.ended
})

test('a notice of the gateway is said once, whichever connections it comes on', async (t) => {
  const notice = 'nobody may use "tcp.site.com" yet'
  const { gateway, log } = await join(t, nowhere, {
    answer: () => ({ ...registered(), notices: [notice] }) as ReturnType<typeof registered>,
  })
  await gateway.linked(4)
  gateway.links[0]?.end.control.send({ type: 'notice', message: 'a second one' })
  await log.line(/a second one/)
  assert.equal(log.lines.filter((line) => line === notice).length, 1)
})

test('a key that a trusted one vouches for is trusted, and any other is not', async (t) => {
  const service = await startService(t, echo)
  const { gateway, log } = await join(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  await gateway.linked(1)
  const [link] = gateway.links as [AcceptedLink]
  const word = await gateway.rotateKey(link)
  await assert.rejects(gateway.open(link), { code: 'connector-bad-grant' })
  for (let again = 0; again < 20; again += 1)
    link.end.control.send({ type: 'grant-key', signed: `${word.slice(0, -4)}AAAA` })
  await log.line(/new grant key of the gateway is not trusted/)
  link.end.control.send({ type: 'grant-key', signed: word })
  link.end.control.send({ type: 'notice', message: 'after it' })
  await log.line(/after it/)
  // Each is verified by itself.
  const tryOpen = (): Promise<Duplex> => gateway.open(link).catch(tryOpen)
  const stream = await tryOpen()
  stream.destroy()
  assert.equal(log.lines.filter((line) => /is not trusted/.test(line)).length, 1)
})

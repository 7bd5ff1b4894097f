import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import type { OwnProtocolDialer } from '../reach/dialer.ts'
import { collectLog, rulesOf } from './connector.fixture.ts'
import { createConnectorMetrics } from './connector-metrics.ts'
import { startFakeGateway } from './fake-gateway.fixture.ts'
import { startConnector } from './start-connector.ts'

const connections = 4
const minuteMs = 60_000
/** The longest wait of a connector after a long outage, and after a restart. */
const promisedMs = { outage: 30_000, restart: 5_000 } as const

test('an outage of 30 minutes is tried through with patience, and over within 30 seconds', async (t) => {
  const stage = await setUp(t)
  const said = stage.log.lines.length
  await stage.away()
  await stage.pass(30 * minuteMs)

  // A draw from 30 s takes 15 s in the mean; in the first minute it is 2.5 s.
  const perConnection = stage.attempts.length / connections
  assert.ok(perConnection > 60 && perConnection < 240, `${perConnection} attempts each`)
  const gapsMs = stage.attempts.slice(1).map((atMs, index) => atMs - (stage.attempts[index] ?? 0))
  assert.ok(Math.max(...gapsMs) <= promisedMs.outage)
  const together = gapsMs.filter((gapMs) => gapMs === 0).length
  assert.ok(together < stage.attempts.length / 10, 'the connections try all at one moment')
  const losses = stage.log.lines.slice(said)
  assert.equal(losses.filter((line) => /^lost connection connIndex=\d: /.test(line)).length, 4)
  assert.equal(losses.filter((line) => /^cannot connect: .*trying again$/.test(line)).length, 1)
  assert.equal(losses.length, connections + 1)

  assert.equal(await stage.comesBackWithin(promisedMs.outage), 0, 'they come one by one')
  assert.equal(stage.log.lines.length, said + losses.length + connections)
})

test('after a restart of up to a minute all connections are back within 5 seconds', async (t) => {
  const stage = await setUp(t)
  for (const awayMs of [500, 3_000, 20_000, 55_000]) {
    await stage.away()
    await stage.pass(awayMs)
    await stage.comesBackWithin(promisedMs.restart)
  }
})

/** Between two looks, in milliseconds of the fake clock. */
const stepMs = 100

async function setUp(t: TestContext) {
  const gateway = await startFakeGateway()
  const clock = createFakeClock()
  const log = collectLog()
  const line = createLine(gateway.dialer(), clock)
  const connector = await startConnector({
    credential: gateway.credential,
    dialer: line.dialer,
    offer: { rules: rulesOf('  - service: tcp://127.0.0.1:1\n'), hostnames: [] },
    metrics: createConnectorMetrics(),
    log,
    clock,
    random: seededChance(),
  })
  t.after(async () => {
    await connector.close(0)
    await gateway.close()
  })
  while (connector.ready < connections) await nextTurn()
  let over = 0
  const settled = async (): Promise<void> => {
    do await nextTurn()
    while (line.attempts.length > line.failed + log.lines.filter(isRegistered).length - over)
  }
  return {
    log,
    attempts: line.attempts,
    async away() {
      await settled()
      over = log.lines.filter(isRegistered).length
      line.attempts.length = 0
      line.failed = 0
      line.isAway = true
      for (const { socket } of gateway.links) socket.destroy()
      while (connector.ready > 0) await nextTurn()
    },
    async pass(durationMs: number) {
      for (const endMs = clock.now() + durationMs; clock.now() < endMs;) {
        await settled()
        clock.advance(stepMs)
      }
    },
    /** The gateway is there again; resolves to how long after the first connection the last was back. */
    async comesBackWithin(limitMs: number): Promise<number> {
      line.isAway = false
      const endMs = clock.now() + limitMs
      let firstMs: number | undefined
      while (connector.ready < connections && clock.now() < endMs) {
        clock.advance(stepMs)
        await settled()
        if (connector.ready > 0) firstMs ??= clock.now()
      }
      assert.equal(connector.ready, connections)
      return clock.now() - (firstMs ?? 0)
    },
  }
}

function isRegistered(line: string): boolean {
  return line.startsWith('Registered tunnel connection ')
}

/** A way to the gateway that leads nowhere at times. */
function createLine(through: OwnProtocolDialer, clock: FakeClock) {
  /** When each attempt was made. */
  const attempts: number[] = []
  const line = {
    attempts,
    failed: 0,
    isAway: false,
    dialer: {
      gateway: through.gateway,
      async openOwn(...asked) {
        attempts.push(clock.now())
        if (!line.isAway) return through.openOwn(...asked)
        line.failed += 1
        throw new UpstreamError('gateway-unreachable', 'nobody answers')
      },
    } satisfies OwnProtocolDialer,
  }
  return line
}

/** The same draws in each run (a linear congruential generator of Numerical Recipes). */
function seededChance(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

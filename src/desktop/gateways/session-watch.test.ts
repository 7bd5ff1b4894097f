import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Renewal, RenewalOutcome } from '../../client/sign-in/renew-session.ts'
import { AccessError, UpstreamError } from '../../errors.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { sayEndsIn, watchSession, type SessionNews, type SessionUse } from './session-watch.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))

function setUp(lifeMs = 14 * hourMs) {
  const clock = createFakeClock()
  const startMs = clock.now()
  const told: SessionNews[] = []
  /** What the gateway says when it is asked; undefined for what it said before. */
  let elsewhere: number | undefined
  let use: Partial<SessionUse> = {}
  let looks = 0
  const renewals: PromiseWithResolvers<Renewal>[] = []
  const watch = watchSession({
    clock,
    use: () => ({ connections: 1, tunnels: 1, lastMs: clock.now(), ...use }),
    look() {
      looks += 1
      if (elsewhere !== undefined) watch.follow(at(elsewhere))
      return Promise.resolve()
    },
    renew: () => {
      const renewal = Promise.withResolvers<Renewal>()
      renewals.push(renewal)
      return renewal.promise
    },
    tell: (news) => void told.push(news),
  })
  const at = (ms: number): string => new Date(startMs + ms).toISOString()
  watch.follow(at(lifeMs))
  return {
    watch,
    clock,
    renewals,
    at,
    looks: () => looks,
    setUse: (change: Partial<SessionUse>) => void (use = change),
    renewedElsewhere: (untilMs: number) => void (elsewhere = untilMs),
    /** A minute at a time, as a clock goes; answers what was told. */
    async go(durationMs: number): Promise<readonly string[]> {
      for (let leftMs = durationMs; leftMs > 0; leftMs -= minuteMs) {
        clock.advance(Math.min(leftMs, minuteMs))
        await settled()
      }
      return words(told.splice(0))
    },
    /** All at once, as after a sleep. */
    async sleep(durationMs: number): Promise<readonly string[]> {
      clock.advance(durationMs)
      await settled()
      return words(told.splice(0))
    },
    async finish(outcome: RenewalOutcome, untilMs: number): Promise<readonly string[]> {
      const owner = { userId: 'u', email: undefined, name: undefined, expiresAt: at(untilMs) }
      renewals.at(-1)?.resolve({ outcome, token: 'aa.bb.cc', owner })
      await settled()
      return words(told.splice(0))
    },
    async fail(error: Error): Promise<readonly string[]> {
      renewals.at(-1)?.reject(error)
      await settled()
      return words(told.splice(0))
    },
  }
}

function words(told: readonly SessionNews[]): readonly string[] {
  return told.map((news) => {
    if (news.kind === 'ending') return `ending in ${news.leftMs / minuteMs}`
    if (news.kind === 'renewed') return `renewed: ${news.outcome}`
    if (news.kind === 'failed') return news.isTriedAgain ? 'failed, tried again' : 'failed'
    return news.kind
  })
}

const away = new UpstreamError('gateway-unreachable', 'the gateway is away')
const nobodyThere = new AccessError('sign-in-timeout', 'nobody signed in within 5 minutes')

describe('a session that is watched', () => {
  test('is renewed half an hour before its end while tunnels are up, and then again', async () => {
    const rig = setUp()
    assert.deepEqual(await rig.go(13 * hourMs + 29 * minuteMs), [])
    assert.deepEqual(await rig.go(minuteMs), ['renewing'])
    assert.equal(rig.watch.renewal, 'under-way')
    const untilMs = 27 * hourMs
    assert.deepEqual(await rig.finish('prolonged', untilMs), ['renewed: prolonged'])
    assert.equal(rig.watch.endMs, Date.parse(rig.at(untilMs)))
    assert.equal(rig.watch.renewal, 'none')
    assert.deepEqual(await rig.go(13 * hourMs - minuteMs), [])
    assert.deepEqual(await rig.go(minuteMs), ['renewing'])
    assert.equal(rig.renewals.length, 2)
  })

  test('is said to end twice while connections are up, and never where none is', async () => {
    const rig = setUp()
    rig.setUse({ tunnels: 0 })
    assert.deepEqual(await rig.go(14 * hourMs + hourMs), ['ending in 15', 'ending in 5'])
    const idle = setUp()
    idle.setUse({ tunnels: 0, connections: 0 })
    assert.deepEqual(await idle.go(13 * hourMs + 50 * minuteMs), [])
    idle.setUse({ tunnels: 0 })
    assert.deepEqual(await idle.go(2 * minuteMs), ['ending in 9'])
    assert.deepEqual(await idle.go(hourMs), ['ending in 5'])
    assert.equal(rig.renewals.length + idle.renewals.length, 0)
    assert.equal(rig.clock.pending + idle.clock.pending, 0)
  })

  test('opens one tab for a person who does not come, and warns all the same', async () => {
    const rig = setUp()
    assert.deepEqual(await rig.go(13 * hourMs + 30 * minuteMs), ['renewing'])
    assert.deepEqual(await rig.go(5 * minuteMs), [])
    assert.deepEqual(await rig.fail(nobodyThere), ['failed'])
    assert.equal(rig.watch.renewal, 'failed')
    assert.deepEqual(await rig.go(2 * hourMs), ['ending in 15', 'ending in 5'])
    assert.equal(rig.renewals.length, 1)
  })

  test('opens no tab where nothing has moved for an hour, and does once something moves', async () => {
    const rig = setUp()
    const lastMs = rig.clock.now()
    rig.setUse({ lastMs })
    assert.deepEqual(await rig.go(13 * hourMs + 40 * minuteMs), [])
    rig.setUse({})
    assert.deepEqual(await rig.go(minuteMs), ['renewing'])
  })

  test('is asked about again, a minute apart, while the gateway is away, and says so once', async () => {
    const rig = setUp()
    await rig.go(13 * hourMs + 30 * minuteMs)
    assert.deepEqual(await rig.fail(away), ['failed, tried again'])
    assert.deepEqual(await rig.go(minuteMs), ['renewing'])
    assert.deepEqual(await rig.fail(away), [])
    assert.deepEqual(await rig.go(minuteMs), ['renewing'])
    assert.deepEqual(await rig.finish('prolonged', 28 * hourMs), ['renewed: prolonged'])
  })

  test('that another process has renewed is left alone', async () => {
    const rig = setUp()
    await rig.go(13 * hourMs)
    rig.renewedElsewhere(20 * hourMs)
    assert.deepEqual(await rig.go(2 * hourMs), [])
    assert.equal(rig.watch.endMs, Date.parse(rig.at(20 * hourMs)))
    assert.equal(rig.looks(), 1)
  })

  test('is renewed as soon as a person says so, once', async () => {
    const rig = setUp()
    const [one, two] = [rig.watch.renew(), rig.watch.renew()]
    assert.equal(rig.renewals.length, 1)
    assert.deepEqual(await rig.finish('prolonged', 28 * hourMs), ['renewing', 'renewed: prolonged'])
    assert.equal(await one, await two)
  })

  test('is warned of once after a sleep, and not after its end', async () => {
    const rig = setUp()
    rig.setUse({ tunnels: 0 })
    assert.deepEqual(await rig.sleep(13 * hourMs + 57 * minuteMs), ['ending in 3'])
    assert.deepEqual(await rig.go(hourMs), [])
    const long = setUp()
    assert.deepEqual(await long.sleep(20 * hourMs), [])
    assert.equal(long.clock.pending, 0)
  })

  test('that lasts for minutes is renewed in its last quarter, not as soon as it was', async () => {
    const rig = setUp(20 * minuteMs)
    assert.deepEqual(await rig.go(14 * minuteMs), ['ending in 15'])
    assert.deepEqual(await rig.go(minuteMs), ['renewing', 'ending in 5'])
    await rig.finish('prolonged', 35 * minuteMs)
    assert.deepEqual(await rig.go(14 * minuteMs), ['ending in 15'])
    assert.deepEqual(await rig.go(minuteMs), ['renewing', 'ending in 5'])
  })

  test('of a gateway that renews nothing gets one tab, and no more', async () => {
    const rig = setUp()
    await rig.go(13 * hourMs + 30 * minuteMs)
    assert.deepEqual(await rig.finish('unchanged', 14 * hourMs), ['renewed: unchanged'])
    assert.deepEqual(await rig.go(2 * hourMs), ['ending in 15', 'ending in 5'])
    rig.watch.follow(rig.at(30 * hourMs))
    assert.deepEqual(await rig.go(20 * hourMs), ['ending in 15', 'ending in 5'])
    assert.equal(rig.renewals.length, 1)
  })

  test('is followed no more once nobody is signed in, or nobody watches', async () => {
    const rig = setUp()
    rig.watch.follow(undefined)
    assert.deepEqual([rig.watch.endMs, rig.clock.pending], [undefined, 0])
    rig.watch.follow(rig.at(14 * hourMs))
    await rig.go(13 * hourMs + 30 * minuteMs)
    rig.watch[Symbol.dispose]()
    assert.deepEqual(await rig.finish('prolonged', 28 * hourMs), [])
    assert.equal(rig.clock.pending, 0)
    rig.watch.follow('no time')
    assert.equal(rig.watch.endMs, undefined)
  })

  test('ends in so many minutes, never more than there are', () => {
    const said = [0, 1, 59_999, 60_000, 23 * minuteMs + 59_000, 2 * hourMs + 5 * minuteMs]
    assert.deepEqual(said.map(sayEndsIn), [
      'has ended',
      'ends in less than a minute',
      'ends in less than a minute',
      'ends in 1 minute',
      'ends in 23 minutes',
      'ends in 2 hours 5 minutes',
    ])
  })
})

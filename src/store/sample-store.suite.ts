import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { GatewayCounts, RouteCounts, SampleBatch, SampleRange } from './sample-store.ts'
import type { Store } from './store.ts'

const nothingOfRoute: RouteCounts = {
  tunnelsOpen: 0,
  tunnelsOpened: 0,
  bytesUp: 0,
  bytesDown: 0,
  allowed: 0,
  denied: 0,
  signInNeeded: 0,
  certificateNeeded: 0,
}
const nothing: GatewayCounts = {
  ...nothingOfRoute,
  signInsOk: 0,
  signInsFailed: 0,
  sessions: 0,
  connectors: 0,
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** Ten past three at night. */
const startMs = Date.UTC(2026, 7, 20, 3, 10)

function batch(
  atMs: number,
  gateway: Partial<GatewayCounts> = {},
  routes: Readonly<Record<string, Partial<GatewayCounts>>> = {},
): SampleBatch {
  return {
    atMs,
    gateway: { ...nothing, ...gateway },
    routes: Object.entries(routes).map(([routeId, counts]) => ({
      routeId,
      ...nothingOfRoute,
      ...counts,
    })),
  }
}

function last(span: SampleRange['span'], durationMs: number, untilMs = startMs): SampleRange {
  return { span, sinceMs: untilMs - durationMs, untilMs }
}

/** What every store promises about figures over time. `open` gives an empty store. */
export function sampleStoreSuite(title: string, open: (t: TestContext) => Promise<Store>): void {
  describe(`samples in ${title}`, () => {
    test('a batch is read back as its minute, its hour and its day', async (t) => {
      const { samples } = await open(t)
      const gateway: GatewayCounts = {
        tunnelsOpen: 1,
        tunnelsOpened: 2,
        bytesUp: 2 ** 40,
        bytesDown: 4,
        allowed: 5,
        denied: 6,
        signInNeeded: 7,
        certificateNeeded: 8,
        signInsOk: 9,
        signInsFailed: 10,
        sessions: 11,
        connectors: 12,
      }
      await samples.add(batch(startMs + 12_345, gateway))
      const read = (span: SampleRange['span']) =>
        samples.points({ span, sinceMs: startMs, untilMs: startMs + 1 })
      assert.deepEqual(await read('minute'), [{ atMs: startMs, ...gateway }])
      assert.deepEqual(await read('hour'), [{ atMs: Date.UTC(2026, 7, 20, 3), ...gateway }])
      assert.deepEqual(await read('day'), [{ atMs: Date.UTC(2026, 7, 20), ...gateway }])
    })

    test('what is counted again for a minute is added, of what stood the most is kept', async (t) => {
      const { samples } = await open(t)
      const first = { tunnelsOpen: 5, tunnelsOpened: 5, bytesUp: 10, denied: 1, sessions: 3 }
      const second = { tunnelsOpen: 2, tunnelsOpened: 1, bytesUp: 7, denied: 2, sessions: 4 }
      await samples.add(batch(startMs, first, { db: first }))
      await samples.add(batch(startMs + 59_999, second, { db: second, ssh: second }))
      const sum = { tunnelsOpen: 5, tunnelsOpened: 6, bytesUp: 17, denied: 3, sessions: 4 }
      const range = last('minute', 0, startMs + 1)
      assert.deepEqual(await samples.points(range), [{ atMs: startMs, ...nothing, ...sum }])
      const ofRoute = { ...sum, sessions: 0 }
      assert.deepEqual(await samples.points(range, 'db'), [
        { atMs: startMs, ...nothing, ...ofRoute },
      ])
      assert.deepEqual(await samples.points(range, 'nobody'), [])
    })

    test('points are those of a range, oldest first, the begun one at its end left out', async (t) => {
      const { samples } = await open(t)
      for (const minute of [3, 0, 1, 2])
        await samples.add(batch(startMs + minute * minuteMs, { allowed: minute }))
      const points = await samples.points({
        span: 'minute',
        sinceMs: startMs + minuteMs + 5_000,
        untilMs: startMs + 3 * minuteMs,
      })
      assert.deepEqual(
        points.map(({ allowed }) => allowed),
        [1, 2],
      )
      const [hour = assert.fail()] = await samples.points(last('hour', 0, startMs + 1))
      assert.equal(hour.allowed, 6)
    })

    test('the busiest routes are those with most bytes, and then with most tunnels', async (t) => {
      const { samples } = await open(t)
      await samples.add(
        batch(startMs, {}, { a: { bytesUp: 5 }, b: { tunnelsOpened: 1 }, c: { tunnelsOpened: 2 } }),
      )
      await samples.add(
        batch(startMs + minuteMs, {}, { a: { tunnelsOpen: 4 }, d: { bytesDown: 6, allowed: 3 } }),
      )
      const busiest = await samples.busiest(last('hour', 0, startMs + 1), 3)
      assert.deepEqual(busiest, [
        { routeId: 'd', ...nothingOfRoute, bytesDown: 6, allowed: 3 },
        { routeId: 'a', ...nothingOfRoute, bytesUp: 5, tunnelsOpen: 4 },
        { routeId: 'c', ...nothingOfRoute, tunnelsOpened: 2 },
      ])
      assert.deepEqual(await samples.busiest(last('hour', hourMs, startMs - hourMs), 3), [])
    })

    test('minutes are kept for two days, hours and days for ninety', async (t) => {
      const { samples } = await open(t)
      await samples.add(batch(startMs, {}, { db: { allowed: 1 } }))
      const kept = async () => {
        const all = { sinceMs: 0, untilMs: startMs + 1 }
        const spans = (['minute', 'hour', 'day'] as const).map((span) => ({ span, ...all }))
        const points = await Promise.all(spans.map((range) => samples.points(range, 'db')))
        return points.map(({ length }) => length)
      }
      await samples.add(batch(startMs + 2 * dayMs))
      assert.deepEqual(await kept(), [1, 1, 1])
      await samples.add(batch(startMs + 2 * dayMs + minuteMs))
      assert.deepEqual(await kept(), [0, 1, 1])
      await samples.add(batch(startMs + 90 * dayMs))
      assert.deepEqual(await kept(), [0, 1, 1])
      await samples.add(batch(startMs + 91 * dayMs))
      assert.deepEqual(await kept(), [0, 0, 0])
    })

    test('a batch of three thousand routes is kept whole', async (t) => {
      const { samples } = await open(t)
      const ids = Array.from({ length: 3_000 }, (_, index) => `route-${index}`)
      const routes = Object.fromEntries(ids.map((id, index) => [id, { bytesUp: index + 1 }]))
      await samples.add(batch(startMs, {}, routes))
      await samples.add(batch(startMs, {}, routes))
      const busiest = await samples.busiest(last('minute', 0, startMs + 1), 5_000)
      assert.equal(busiest.length, 3_000)
      assert.deepEqual([busiest[0]?.routeId, busiest[0]?.bytesUp], ['route-2999', 6_000])
    })
  })
}

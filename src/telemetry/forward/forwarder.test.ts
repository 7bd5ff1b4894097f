import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFakeClock } from '../../fake-clock.ts'
import { openAuditFiles } from '../audit/audit-files.ts'
import type { AuditKind, AuditSeries } from '../audit/keeper.ts'
import { DeliveryError, type Destination } from './destination.ts'
import { startForwarder, type Forwarder, type ForwarderOptions } from './forwarder.ts'
import type { Position } from './record.ts'

/** A receiver that takes what it is told to take. */
function receiver() {
  const events: string[] = []
  const waiting: { resolve(): void; reject(error: Error): void }[] = []
  return {
    events,
    waiting,
    /** Records that it is handed count as taken at once. */
    isSure: true,
    fault: undefined as Error | undefined,
    isStalled: false,
    isClosed: false,
    async send(records, signal) {
      if (this.fault !== undefined) return Promise.reject(this.fault)
      if (this.isStalled)
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('given up')))
        })
      for (const { entry } of records) if (entry.kind !== 'audit') events.push(entry.event)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      if (this.isSure) resolve()
      else waiting.push({ resolve, reject })
      return { taken: promise }
    },
    close() {
      this.isClosed = true
      for (const { reject } of waiting.splice(0)) reject(new Error('closed'))
      return Promise.resolve()
    },
  } satisfies Destination & Record<string, unknown>
}

function forwarding(t: TestContext, given: Partial<ForwarderOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'forward-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const clock = createFakeClock(Date.UTC(2026, 7, 20, 3))
  const files = openAuditFiles(directory, clock)
  t.after(() => files.close())
  const to = receiver()
  const said: string[] = []
  const saved: Position[] = []
  const running: Forwarder[] = []
  t.after(() => Promise.all(running.map((it) => it.close(0))))
  return {
    clock,
    to,
    said,
    saved,
    async keep(series: AuditSeries, ...events: string[]) {
      const time = new Date(clock.now()).toISOString()
      const kind: AuditKind = series === 'people' ? 'admin' : 'decision'
      await files.append(
        series,
        events.map((event) => JSON.stringify({ time, kind, event })),
      )
    },
    start(position: Position = {}): Forwarder {
      const forwarder = startForwarder({
        directory,
        destination: to,
        kinds: undefined,
        position,
        savePosition: (next) => Promise.resolve(void saved.push(next)),
        report: {
          taken: () => undefined,
          failed: (why) => void said.push(why),
          dropped: (records) => void said.push(`${records} dropped`),
        },
        clock,
        random: () => 1,
        ...given,
      })
      running.push(forwarder)
      return forwarder
    },
    /** Moves on by some milliseconds at each turn until it holds; every so often nothing happens meanwhile. */
    async until(holds: () => boolean, stepMs = 0): Promise<void> {
      const deadlineMs = performance.now() + 60_000
      while (!holds()) {
        if (performance.now() > deadlineMs) assert.fail('it never holds')
        await nextTurn()
        clock.advance(stepMs)
      }
    },
    async turns(count = 50, stepMs = 0): Promise<void> {
      for (let turn = 0; turn < count; turn += 1) {
        await nextTurn()
        clock.advance(stepMs)
      }
    },
  }
}

test('what is kept is sent, in order in each series, and nothing twice', async (t) => {
  const { to, keep, start, until, turns } = forwarding(t)
  await keep('people', 'p1', 'p2')
  await keep('decisions', 'd1')
  const forwarder = start()
  await until(() => to.events.length === 3, 10)
  await keep('people', 'p3')
  forwarder.wake()
  await until(() => to.events.length === 4, 10)
  await turns(100, 1_000)
  assert.deepEqual(
    to.events.filter((event) => event.startsWith('p')),
    ['p1', 'p2', 'p3'],
  )
  assert.equal(to.events.length, 4)
  assert.equal(forwarder.waitingSinceMs(), undefined)
})

test('what is kept without a word is found after a while', async (t) => {
  const { to, clock, keep, start, until, turns } = forwarding(t)
  start()
  // It has looked, and will again.
  await until(() => clock.pending === 1)
  await keep('people', 'p1')
  await turns(50, 100)
  assert.deepEqual(to.events, [])
  await until(() => to.events.length === 1, 1_000)
})

test('a receiver that fails gets the same again, each time after a longer wait', async (t) => {
  const { to, clock, keep, start, until, said } = forwarding(t)
  await keep('people', 'p1')
  to.fault = new Error('no route to host')
  const times: number[] = []
  const forwarder = start()
  for (let failures = 1; failures <= 9; failures += 1) {
    await until(() => said.length === failures, 100)
    times.push(clock.now())
  }
  const leastWaits = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000)
  for (const [index, leastMs] of leastWaits.entries())
    assert.ok((times[index + 1] ?? 0) - (times[index] ?? 0) >= leastMs, String(index))
  assert.equal(forwarder.waitingSinceMs(), Date.UTC(2026, 7, 20, 3))
  to.fault = undefined
  await until(() => to.events.length === 1, 1_000)
  assert.deepEqual(to.events, ['p1'])
})

test('a receiver that asks for time gets it', async (t) => {
  const { to, clock, keep, start, until, said } = forwarding(t)
  await keep('people', 'p1')
  to.fault = new DeliveryError('it answered 429', 300_000)
  start()
  await until(() => said.length === 1, 100)
  const startMs = clock.now()
  await until(() => said.length === 2, 1_000)
  assert.ok(clock.now() - startMs >= 300_000)
})

test('what may be lost on a connection is sent again with all that came behind it', async (t) => {
  const { to, keep, start, until, said } = forwarding(t)
  to.isSure = false
  await keep('people', 'p1')
  const forwarder = start()
  await until(() => to.waiting.length === 1, 10)
  to.waiting.splice(0)[0]?.resolve()
  await keep('people', 'p2')
  forwarder.wake()
  await until(() => to.waiting.length === 1, 10)
  await keep('people', 'p3')
  forwarder.wake()
  await until(() => to.waiting.length === 2, 10)
  const [second, third] = to.waiting.splice(0)
  third?.resolve()
  second?.reject(new Error('the receiver has closed'))
  await until(() => to.waiting.length === 1, 100)
  assert.deepEqual(said, ['the receiver has closed'])
  assert.deepEqual(to.events, ['p1', 'p2', 'p3', 'p2', 'p3'])
})

test('after a restart it goes on where the receiver was sure to be', async (t) => {
  const { to, keep, start, until, saved } = forwarding(t)
  await keep('people', 'p1', 'p2')
  await keep('strangers', 's1')
  const first = start()
  await until(() => to.events.length === 3, 10)
  to.isSure = false
  await keep('people', 'p3')
  first.wake()
  await until(() => to.events.length === 4, 10)
  await first.close(1_000)
  assert.ok(to.isClosed)
  to.events.length = 0
  to.isSure = true
  start(saved.at(-1))
  await until(() => to.events.length === 1, 10)
  assert.deepEqual(to.events, ['p3'])
})

test('its place is kept once a second at most while much is sent', async (t) => {
  const { to, clock, keep, start, until, saved } = forwarding(t)
  const startMs = clock.now()
  const forwarder = start()
  for (let index = 1; index <= 20; index += 1) {
    await keep('people', `p${index}`)
    forwarder.wake()
    await until(() => to.events.length === index, 10)
  }
  await until(() => saved.at(-1)?.people?.seq === 21, 10)
  assert.deepEqual(saved.at(-1), forwarder.position())
  const seconds = (clock.now() - startMs) / 1000
  assert.ok(saved.length <= seconds, `${saved.length} times in ${seconds} s`)
})

test('a destination of some kinds gets no others, and is not behind for them', async (t) => {
  const { to, keep, start, until, turns } = forwarding(t, { kinds: new Set(['admin']) })
  await keep('decisions', 'd1')
  await keep('people', 'p1')
  const forwarder = start()
  await until(() => to.events.length === 1, 10)
  await until(() => forwarder.position().decisions?.seq === 2, 10)
  await turns(20, 100)
  assert.deepEqual(to.events, ['p1'])
  assert.equal(forwarder.waitingSinceMs(), undefined)
})

test('closing sends what there is, and waits no longer than it is told for a receiver that stalls', async (t) => {
  const { to, keep, start, turns } = forwarding(t)
  const forwarder = start()
  await turns()
  await keep('people', 'p1')
  await forwarder.close(60_000)
  assert.deepEqual(to.events, ['p1'])
  to.isStalled = true
  await keep('people', 'p2')
  const stalled = start(forwarder.position())
  await turns()
  await Promise.all([stalled.close(20), stalled.close(20)])
  assert.deepEqual(stalled.position(), forwarder.position())
})

test('closing waits for a disk that hangs no longer than for some seconds', async (t) => {
  const never = new Promise<never>(() => undefined)
  const { to, keep, start, until } = forwarding(t, { savePosition: () => never })
  await keep('people', 'p1')
  const forwarder = start()
  await until(() => to.events.length === 1, 50)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const seen = { isClosed: false }
  void forwarder.close(0).then(() => (seen.isClosed = true))
  for (let turn = 0; turn < 100 && !seen.isClosed; turn += 1) {
    t.mock.timers.tick(1_000)
    await nextTurn()
  }
  t.mock.timers.reset()
  assert.ok(seen.isClosed)
})

test('a receiver that is sure of nothing gets a bounded number of batches', async (t) => {
  const { to, keep, start, turns, until } = forwarding(t)
  to.isSure = false
  const forwarder = start()
  const bound = 256
  for (let index = 1; index <= bound; index += 1) {
    await keep('people', `p${index}`)
    forwarder.wake()
    await until(() => to.events.length === index, 250)
  }
  await keep('people', 'one more')
  forwarder.wake()
  await turns(200, 1_000)
  assert.equal(to.events.length, bound)
  to.isSure = true
  for (const { resolve } of to.waiting.splice(0)) resolve()
  await until(() => to.events.length === bound + 1, 100)
})

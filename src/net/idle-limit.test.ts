import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createIdleLimit } from './idle-limit.ts'
import { onceHeard } from './runtime.ts'

const dayMs = 24 * 60 * 60_000

test('a limit of two months, which is more than one timer can wait, is kept', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const limit = createIdleLimit(60 * dayMs)
  limit.watch(() => undefined)
  await pass(t, 59)
  assert.equal(limit.isMet, false)
  limit.touch()
  await pass(t, 59)
  assert.equal(limit.isMet, false, 'a byte has passed')
  await pass(t, 2)
  assert.equal(limit.isMet, true)
})

test('a limit that was stopped is met no more, whatever comes', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const limit = createIdleLimit(60 * dayMs)
  limit.watch(() => undefined)
  limit.stop()
  limit.touch()
  limit.change(1)
  await pass(t, 61)
  assert.equal(limit.isMet, false)
})

test('a limit goes by the clock that it is given, and a byte begins it anew', async () => {
  const clock = createFakeClock()
  const limit = createIdleLimit(1_000, clock)
  limit.watch(() => undefined)
  clock.advance(999)
  limit.touch()
  clock.advance(999)
  await new Promise<void>((resolve) => void onceHeard(resolve))
  assert.equal(limit.isMet, false)
  clock.advance(1)
  await new Promise<void>((resolve) => void onceHeard(resolve))
  assert.equal(limit.isMet, true)
  assert.equal(clock.pending, 0)
})

test('bytes that came while the process stood still are heard before the limit is met', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [
    [Socket],
    unknown,
  ]
  t.after(() => [socket, peer].forEach((end) => end.destroy()))
  const limit = createIdleLimit(50)
  const heard = once(socket.on('data', limit.touch), 'data')
  limit.watch(() => undefined)
  peer.write('.')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  await heard
  assert.equal(limit.isMet, false)
  limit.stop()
})

/** Day by day: a timer that is set within a tick counts from the end of it. */
async function pass(t: TestContext, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) t.mock.timers.tick(dayMs)
  await new Promise<void>((resolve) => void onceHeard(resolve))
}

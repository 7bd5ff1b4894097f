import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createUnreadPool } from './unread-pool.ts'

const mib = 1024 * 1024
const limits = { maxUnreadBytes: 64 * mib, maxWindowBytes: mib, minWindowBytes: mib / 64 }

test('connections whose streams wait have less credit, so that all of them stay within the bound', () => {
  const { join } = createRig()
  const members = Array.from({ length: 100 }, () => join(mib / 4))
  assert.deepEqual(creditsOf(members), [mib])
  members[0]?.came(4 * mib)
  assert.deepEqual(creditsOf(members), [mib / 2])
  for (const member of members) member.waiting = mib / 2
  for (let more = 0; more < 100; more += 1) members.push(join(mib / 4))
  members[0]?.came(4 * mib)
  assert.deepEqual(creditsOf(members), [limits.minWindowBytes])
  assert.ok(members.slice(0, 100).every(({ told }) => told === 2))
})

test('a connection that is read keeps its whole credit beside them', () => {
  const { join } = createRig()
  const [slow, fast] = [Array.from({ length: 100 }, () => join(mib)), join(0)]
  slow[0]?.came(4 * mib)
  assert.deepEqual(creditsOf(slow), [limits.minWindowBytes])
  assert.deepEqual([fast.credit(), fast.told], [mib, 0])
})

test('what is read leaves room again within a second, and so does whoever has gone', () => {
  const { join, clock } = createRig()
  const members = Array.from({ length: 100 }, () => join(mib / 2))
  const read = members.slice(0, 10)
  members[0]?.came(4 * mib)
  for (const member of read) member.waiting = 0
  // Not by bytes that come: whoever is read now and then would be told again and again.
  members[0]?.came(4 * mib)
  assert.deepEqual(creditsOf(members), [mib / 2])
  clock.advance(1_000)
  assert.deepEqual([creditsOf(read), creditsOf(members.slice(10))], [[mib], [mib / 2]])
  for (const member of members.slice(10, 40)) member.leave()
  clock.advance(1_000)
  assert.deepEqual(creditsOf(members.slice(40)), [mib])
  assert.equal(clock.pending, 0)
})

test('streams of which nothing waits take no room from others, and no timer', () => {
  const { join, clock } = createRig()
  for (let joined = 0; joined < 1_000; joined += 1) join(0)
  const member = join(mib)
  member.came(100 * mib)
  assert.equal(member.credit(), mib)
  assert.equal(clock.pending, 0)
})

interface Waiting {
  waiting: number
  told: number
}

function createRig() {
  const clock = createFakeClock()
  const pool = createUnreadPool({ limits, clock })
  return {
    clock,
    /** A connection with one stream, of which so much waits. */
    join(waiting: number) {
      const state: Waiting = { waiting, told: 0 }
      const place = pool.join({
        unread: () => [state.waiting],
        limited: () => void (state.told += 1),
      })
      return Object.assign(state, {
        came: (bytes: number) => place.came(bytes),
        leave: () => place[Symbol.dispose](),
        credit: () => place.windowBytes,
      })
    },
  }
}

function creditsOf(members: readonly { credit(): number }[]): readonly number[] {
  return [...new Set(members.map((member) => member.credit()))]
}

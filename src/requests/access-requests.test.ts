import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { AccessRequestStore } from '../store/request-store.ts'
import { openAccessRequests } from './access-requests.ts'

const wish = {
  routeId: 'db',
  routeFrom: 'tcp+https://db.example.com:5432',
  userId: 'u-alice',
  email: 'alice@example.com',
  reason: 'incident 7',
  forMs: 3_600_000,
  isBreakGlass: true,
}

async function openRig(t: TestContext, change: Partial<AccessRequestStore>) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const accessRequests = { ...store.accessRequests, ...change }
  const said: string[] = []
  const log = { ...silentLogger, error: (message: string) => void said.push(message) }
  const clock = createFakeClock(Date.parse('2026-11-29T14:00:00Z'))
  const requests = await openAccessRequests({
    store: { accessRequests, feed: store.feed },
    clock,
    log,
  })
  return { requests, clock, said, store: accessRequests }
}

test('what was judged is kept at once, and not after those of months ago were removed', async (t) => {
  const order: string[] = []
  const never = new Promise<never>(() => undefined)
  const { requests } = await openRig(t, {
    removeOld() {
      order.push('removing')
      return never
    },
  })
  const added = requests.add(wish).then(() => order.push('added'))
  assert.deepEqual(order, [], 'the row is written first')
  await added
  assert.deepEqual(order, ['removing', 'added'])
  assert.ok(requests.accessGrant('u-alice', { id: 'db', from: wish.routeFrom }))
})

test('those of months ago that cannot be removed keep nobody from asking', async (t) => {
  let asked = 0
  const { requests, clock, said } = await openRig(t, {
    removeOld() {
      asked += 1
      return Promise.reject(new Error('disk full'))
    },
  })
  const add = (userId: string) => requests.add({ ...wish, userId })
  await add('u-1')
  await add('u-2')
  assert.equal(asked, 1)
  clock.advance(-86_400_000)
  await add('u-3')
  await new Promise(setImmediate)
  assert.equal(asked, 2)
  assert.deepEqual(new Set(said), new Set(['requests for access that are over cannot be removed']))
})

test('access is over at its moment, also where nobody looks at when that is', async (t) => {
  const { requests, clock } = await openRig(t, {})
  await requests.add(wish)
  const find = () => requests.accessGrant('u-alice', { id: 'db', from: wish.routeFrom })
  clock.advance(wish.forMs - 1)
  assert.ok(find())
  clock.advance(1)
  assert.equal(find(), undefined)
})

test('access that was ended is over also where its row cannot be read', async (t) => {
  const { requests, store } = await openRig(t, {})
  const { id } = await requests.add(wish)
  const find = () => requests.accessGrant('u-alice', { id: 'db', from: wish.routeFrom })
  assert.ok(find())
  const row = await requests.find(id)
  assert.ok(row)
  t.mock.method(store, 'get', () => Promise.reject(new Error('no database')))
  await requests.change(row, { state: 'ended', endedBy: 'bob@example.com', endedAtMs: 0 })
  assert.equal(find(), undefined)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { AccessRequestRecord } from './request-store.ts'
import type { Change, Store } from './store.ts'

/** A request that waits for its answer; tests change what they are about. */
export function accessRequestRecord(
  change: Partial<AccessRequestRecord> = {},
): AccessRequestRecord {
  return {
    id: 'r-1',
    routeId: 'db',
    routeFrom: 'tcp+https://db.example.com:5432',
    userId: 'u-alice',
    email: 'alice@example.com',
    reason: 'incident 7',
    forMs: 3_600_000,
    createdAtMs: 1_000,
    expiresAtMs: 100_000,
    state: 'pending',
    decidedBy: undefined,
    decidedAtMs: undefined,
    note: undefined,
    untilMs: undefined,
    endedBy: undefined,
    endedAtMs: undefined,
    isBreakGlass: false,
    ...change,
  }
}

const limits = { maxOpen: 10, maxOpenPerPerson: 10, maxRecentPerPerson: 10, recentAtMs: 0 }
const approval = {
  state: 'approved',
  decidedBy: 'bob@example.com',
  decidedAtMs: 2_000,
  note: 'for today',
  untilMs: 50_000,
} as const

/** What every store promises about requests for access. `open` gives an empty store. */
export function accessRequestStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`requests for access in ${title}`, () => {
    test('one is read back as it was asked and as it was answered', async (t) => {
      const { accessRequests } = await open(t)
      assert.equal(await accessRequests.add(accessRequestRecord(), limits), 'added')
      const asked = { ...accessRequestRecord(), revision: 1 }
      assert.deepEqual(await accessRequests.get('r-1'), asked)
      assert.equal(await accessRequests.update({ ...asked, ...approval }), true)
      const approved = { ...asked, ...approval, revision: 2 }
      assert.deepEqual(await accessRequests.get('r-1'), approved)
      const ended = { ...approved, state: 'ended', endedBy: 'bob', endedAtMs: 9 } as const
      assert.equal(await accessRequests.update({ ...ended, isBreakGlass: true }), true)
      const now = { ...ended, isBreakGlass: true, revision: 3 }
      assert.deepEqual(await accessRequests.get('r-1'), now)
      assert.equal(await accessRequests.get('missing'), undefined)
    })

    test('of two who answer one at once, one has done it', async (t) => {
      const { accessRequests } = await open(t)
      await accessRequests.add(accessRequestRecord(), limits)
      const answer = (state: 'approved' | 'denied') =>
        accessRequests.update({ ...accessRequestRecord({ state, untilMs: 9 }), revision: 1 })
      assert.deepEqual(await Promise.all([answer('approved'), answer('denied')]), [true, false])
      assert.equal((await accessRequests.get('r-1'))?.state, 'approved')
    })

    test('a person asks for one route once at a time', async (t) => {
      const { accessRequests } = await open(t)
      const ask = (id: string, change: Partial<AccessRequestRecord> = {}) =>
        accessRequests.add(accessRequestRecord({ id, ...change }), limits)
      const both = await Promise.all([ask('a'), ask('b')])
      assert.deepEqual(both, ['added', 'asked-already'])
      assert.equal(await ask('c', { routeId: 'web' }), 'added')
      assert.equal(await ask('d', { userId: 'u-bob' }), 'added')
      assert.equal(await ask('e', { ...approval, isBreakGlass: true }), 'added')
      assert.equal(await ask('f', { createdAtMs: 100_000 }), 'added')
    })

    test('there are no more open ones than were asked for, in all and of one person', async (t) => {
      const { accessRequests } = await open(t)
      const few = { ...limits, maxOpen: 3, maxOpenPerPerson: 2 }
      const ask = (id: string, userId: string, createdAtMs = 1_000) =>
        accessRequests.add(accessRequestRecord({ id, routeId: id, userId, createdAtMs }), few)
      assert.equal(await ask('a', 'u-alice'), 'added')
      assert.equal(await ask('b', 'u-alice'), 'added')
      assert.equal(await ask('c', 'u-alice'), 'person-full')
      assert.equal(await ask('d', 'u-bob'), 'added')
      assert.equal(await ask('e', 'u-carol'), 'full')
      assert.equal(await ask('e', 'u-carol', 100_000), 'added')
    })

    test('whoever asks and takes it back does so no more often than was asked for', async (t) => {
      const { accessRequests } = await open(t)
      const few = { ...limits, maxRecentPerPerson: 2, recentAtMs: 500 }
      for (const [index, id] of ['a', 'b'].entries()) {
        const asked = accessRequestRecord({ id })
        assert.equal(await accessRequests.add(asked, few), 'added')
        await accessRequests.update({ ...asked, state: 'cancelled', revision: 2 * index + 1 })
      }
      const again = accessRequestRecord({ id: 'c' })
      assert.equal(await accessRequests.add(again, few), 'person-full')
      assert.equal(await accessRequests.add(again, { ...few, recentAtMs: 1_000 }), 'added')
    })

    test('those that wait or give access are listed, and no others', async (t) => {
      const { accessRequests } = await open(t)
      const records = [
        accessRequestRecord({ id: 'waits', createdAtMs: 3 }),
        accessRequestRecord({ id: 'unanswered', expiresAtMs: 20 }),
        accessRequestRecord({ id: 'gives', ...approval, createdAtMs: 2 }),
        accessRequestRecord({ id: 'over', ...approval, untilMs: 20 }),
        accessRequestRecord({ id: 'refused', state: 'denied' }),
        accessRequestRecord({ id: 'cut', ...approval, state: 'ended' }),
      ]
      for (const record of records)
        await accessRequests.add({ ...record, routeId: record.id }, limits)
      const ids = async (nowMs: number) =>
        (await accessRequests.listOpen(nowMs)).map(({ id }) => id)
      assert.deepEqual(await ids(20), ['gives', 'waits'])
      assert.deepEqual(await ids(100_000), [])
    })

    test('pages go through all of them, newest first, also where one was removed', async (t) => {
      const { accessRequests } = await open(t)
      for (const [index, id] of ['a', 'b', 'c', 'd', 'e'].entries()) {
        const createdAtMs = index < 2 ? 1 : index
        const userId = id === 'c' ? 'u-bob' : 'u-alice'
        const state = id === 'd' ? 'denied' : 'pending'
        const record = accessRequestRecord({ id, routeId: id, createdAtMs, userId, state })
        await accessRequests.add(record, limits)
      }
      const ids = async (...asked: Parameters<typeof accessRequests.listPage>) =>
        (await accessRequests.listPage(...asked)).map(({ id }) => id)
      assert.deepEqual(await ids({}, 3), ['e', 'd', 'c'])
      assert.deepEqual(await ids({}, 3, { id: 'c', createdAtMs: 2 }), ['a', 'b'])
      assert.deepEqual(await ids({}, 3, { id: 'a', createdAtMs: 1 }), ['b'])
      assert.deepEqual(await ids({}, 9, { id: 'gone', createdAtMs: 3 }), ['c', 'a', 'b'])
      assert.deepEqual(await ids({ userId: 'u-bob' }, 9), ['c'])
      assert.deepEqual(await ids({ state: 'denied' }, 9), ['d'])
      assert.deepEqual(await ids({ routeId: 'a', state: 'pending' }, 9), ['a'])
    })

    test('old ones are removed, but none that is open', async (t) => {
      const { accessRequests } = await open(t)
      const add = (change: Partial<AccessRequestRecord>) =>
        accessRequests.add(accessRequestRecord({ ...change, routeId: change.id ?? '' }), limits)
      await add({ id: 'waits' })
      await add({ id: 'gives', ...approval })
      await add({ id: 'refused', state: 'denied' })
      await add({ id: 'new', state: 'denied', createdAtMs: 2_000 })
      assert.equal(await accessRequests.removeOld(2_000, 10), 1)
      assert.equal(await accessRequests.removeOld(2_000, 60_000), 1)
      const left = await accessRequests.listPage({}, 9)
      assert.deepEqual(
        left.map(({ id }) => id),
        ['new', 'waits'],
      )
    })

    test('each write is told of before it is answered, and one that is not kept is not', async (t) => {
      const { accessRequests, feed } = await open(t)
      const heard: Change[] = []
      feed.onChanges((changes) => void heard.push(...changes))
      await accessRequests.add(accessRequestRecord(), limits)
      await accessRequests.add(accessRequestRecord({ id: 'r-2' }), limits)
      await accessRequests.update({ ...accessRequestRecord(), ...approval, revision: 1 })
      await accessRequests.update({ ...accessRequestRecord(), ...approval, revision: 1 })
      assert.deepEqual(heard, [
        { revision: 1, kind: 'access-request', id: 'r-1', change: 'added' },
        { revision: 2, kind: 'access-request', id: 'r-1', change: 'changed' },
      ])
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { serviceAccountRecord } from './service-account-store.suite.ts'
import { sessionRecord } from './session-store.suite.ts'
import type { Change, Store } from './store.ts'

/** What every store promises about its feed and its leases. `open` gives an empty store. */
export function changeFeedSuite(name: string, open: (t: TestContext) => Promise<Store>): void {
  describe(`the change feed of ${name}`, () => {
    test('every write is one change, in order, with contiguous revisions', async (t) => {
      const store = await open(t)
      const { sessions, serviceAccounts, feed } = store
      const added = await sessions.add(sessionRecord())
      const kept = await sessions.update({ ...sessionRecord(), revision: added }, 'kept')
      assert.ok(kept !== undefined)
      await sessions.update({ ...sessionRecord(), revision: kept }, 'changed')
      await serviceAccounts.add(serviceAccountRecord(), 1)
      await serviceAccounts.update({ ...serviceAccountRecord(), revision: added + 3 })
      await sessions.remove('s-1', 'signed-out')
      const { changes, revision, isWhole } = await feed.changes(added - 1)
      assert.deepEqual(
        changes.map(({ kind, id, change, reason }) => [kind, id, change, reason]),
        [
          ['session', 's-1', 'added', undefined],
          ['session', 's-1', 'kept', undefined],
          ['session', 's-1', 'changed', undefined],
          ['service-account', 'backup', 'added', undefined],
          ['service-account', 'backup', 'changed', undefined],
          ['session', 's-1', 'ended', 'signed-out'],
        ],
      )
      assert.deepEqual(
        changes.map((change) => change.revision),
        changes.map((_, index) => added + index),
      )
      assert.deepEqual([revision, isWhole], [changes.at(-1)?.revision, true])
      assert.deepEqual((await feed.changes(revision)).changes, [])
    })

    test('what is not kept is no change', async (t) => {
      const store = await open(t)
      const { sessions, serviceAccounts, feed } = store
      const added = await sessions.add(sessionRecord())
      const { revision: before } = await feed.changes(added)
      await assert.rejects(sessions.add(sessionRecord()))
      await sessions.update({ ...sessionRecord(), revision: added + 1 }, 'changed')
      await sessions.remove('s-2', 'revoked')
      await sessions.removeExpired(0)
      await serviceAccounts.add(serviceAccountRecord(), 0)
      await serviceAccounts.update({ ...serviceAccountRecord(), revision: added })
      await serviceAccounts.markUsed('backup', 1)
      assert.deepEqual(await feed.changes(added), { changes: [], revision: before, isWhole: true })
      assert.equal(await sessions.remove('s-1', 'revoked'), true)
      assert.equal((await feed.changes(added)).changes[0]?.revision, before + 1)
    })

    test('how far changes are recorded is noted beside them', async (t) => {
      const { sessions, feed } = await open(t)
      assert.equal(await feed.recordedUpTo(), undefined)
      const added = await sessions.add(sessionRecord())
      await feed.noteRecorded(added)
      await feed.noteRecorded(added - 1)
      assert.equal(await feed.recordedUpTo(), added - 1)
      assert.deepEqual((await feed.changes(added)).revision, added)
    })

    test('whoever follows has heard of a write before it resolves, and of each once', async (t) => {
      const store = await open(t)
      const { sessions, feed } = store
      const heard: Change[] = []
      const following = feed.onChanges((changes) => void heard.push(...changes))
      const ids = Array.from({ length: 20 }, (_, index) => `s-${index}`)
      const heardAtEnd = await Promise.all(
        ids.map(async (id) => {
          const revision = await sessions.add(sessionRecord({ id }))
          return heard.some((it) => it.id === id && it.revision === revision)
        }),
      )
      assert.deepEqual(
        heardAtEnd,
        ids.map(() => true),
      )
      assert.deepEqual(
        heard.map(({ revision }) => revision),
        heard.map(({ revision }) => revision).toSorted((a, b) => a - b),
      )
      assert.deepEqual((await feed.changes(0)).changes, heard)
      following[Symbol.dispose]()
      await sessions.remove('s-1', 'revoked')
      assert.equal(heard.length, ids.length)
    })

    test('many changes come in parts, and none is missed between them', async (t) => {
      const store = await open(t)
      for (let index = 0; index < 501; index += 1) {
        await store.sessions.add(sessionRecord({ id: `s-${index}` }))
      }
      const read: Change[] = []
      for (;;) {
        const { changes, revision } = await store.feed.changes(read.at(-1)?.revision ?? 0)
        read.push(...changes)
        if (read.at(-1)?.revision === revision) break
      }
      assert.deepEqual(
        read.map(({ id }) => id),
        Array.from({ length: 501 }, (_, index) => `s-${index}`),
      )
    })
  })

  describe(`leases in ${name}`, () => {
    const lease = { name: 'sweep', holder: 'one', untilMs: 100 }
    const other = { ...lease, holder: 'two' }

    test('of two who take one at the same time one has it, until its time is over', async (t) => {
      const { leases } = await open(t)
      const taken = await Promise.all([leases.take(lease, 0), leases.take(other, 0)])
      assert.deepEqual(taken, [true, false])
      assert.equal(await leases.take(other, 99), false)
      assert.equal(await leases.take({ ...other, untilMs: 200 }, 100), true)
      assert.equal(await leases.take(lease, 150), false)
    })

    test('its holder prolongs it, and another name is another lease', async (t) => {
      const { leases } = await open(t)
      await leases.take(lease, 0)
      assert.equal(await leases.take({ ...lease, untilMs: 200 }, 50), true)
      assert.equal(await leases.take(other, 150), false)
      assert.equal(await leases.take({ ...other, name: 'refresh' }, 150), true)
    })

    test('what is given back is free at once, and nobody gives back what is not theirs', async (t) => {
      const { leases } = await open(t)
      await leases.take(lease, 0)
      await leases.release('sweep', 'two')
      assert.equal(await leases.take(other, 1), false)
      await leases.release('sweep', 'one')
      assert.equal(await leases.take(other, 1), true)
    })
  })
}

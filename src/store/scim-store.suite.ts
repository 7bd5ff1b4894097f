import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ScimLimits, ScimRecord } from './scim-store.ts'
import type { Change, Store } from './store.ts'
import type { Stored } from './stored.ts'

const limits: ScimLimits = { maxRecords: 2, maxDeleted: 1 }

function user(change: Partial<ScimRecord> = {}): ScimRecord {
  return {
    kind: 'user',
    id: 'i-1',
    key: 'alice@example.com',
    body: '{"userName":"Alice@example.com"}',
    createdAtMs: 1_000,
    updatedAtMs: 1_000,
    isDeleted: false,
    ...change,
  }
}

/** What every store promises about users and groups that were provisioned. `open` gives an empty store. */
export function scimStoreSuite(title: string, open: (t: TestContext) => Promise<Store>): void {
  const added = async ({ scim }: Store, record: ScimRecord): Promise<Stored<ScimRecord>> => {
    const revision = await scim.add(record, limits)
    assert.ok(typeof revision === 'number', String(revision))
    return { ...record, revision }
  }

  describe(`provisioned users and groups in ${title}`, () => {
    test('one is read back as it was written last, until it is removed', async (t) => {
      const store = await open(t)
      const { scim } = store
      const first = await added(store, user())
      assert.deepEqual(await scim.get('user', 'i-1'), first)
      assert.equal(await scim.get('group', 'i-1'), undefined)
      const next = { ...first, body: '{}', key: undefined, updatedAtMs: 2_000 }
      const revision = await scim.update(next, limits)
      assert.ok(typeof revision === 'number' && revision > first.revision)
      assert.deepEqual(await scim.get('user', 'i-1'), { ...next, revision })
      assert.equal(await scim.remove(first), false)
      assert.equal(await scim.remove({ ...next, revision }), true)
      assert.equal(await scim.get('user', 'i-1'), undefined)
    })

    test('of two writes to what both have read one is kept', async (t) => {
      const store = await open(t)
      const first = await added(store, user())
      const both = ['one', 'two'].map((body) => store.scim.update({ ...first, body }, limits))
      assert.deepEqual(
        (await Promise.all(both)).map((it) => typeof it === 'number' || it),
        [true, 'changed'],
      )
    })

    test('a key is one user', async (t) => {
      const store = await open(t)
      await added(store, user())
      assert.equal(await store.scim.add(user({ id: 'i-2' }), limits), 'taken')
      const other = await added(store, user({ id: 'i-2', key: 'bob@example.com' }))
      assert.equal(await store.scim.update({ ...other, key: 'alice@example.com' }, limits), 'taken')
      await added(store, user({ kind: 'group', id: 'g-1' }))
    })

    test('there are no more than were asked for, in the order of their making', async (t) => {
      const store = await open(t)
      await added(store, user({ key: undefined, createdAtMs: 2_000 }))
      await added(store, user({ key: undefined, id: 'i-2' }))
      assert.equal(await store.scim.add(user({ id: 'i-3', key: undefined }), limits), 'full')
      assert.deepEqual(
        (await store.scim.list('user')).map(({ id }) => id),
        ['i-2', 'i-1'],
      )
      assert.deepEqual(await store.scim.list('group'), [])
    })

    test('deleted ones count for nothing, and of too many the oldest is forgotten', async (t) => {
      const store = await open(t)
      const remove = async (id: string, updatedAtMs: number): Promise<void> => {
        const record = await added(store, user({ id, key: id }))
        const gone = { ...record, key: undefined, isDeleted: true, updatedAtMs }
        assert.equal(typeof (await store.scim.update(gone, limits)), 'number')
      }
      await remove('a', 10)
      await remove('b', 30)
      await remove('c', 20)
      assert.deepEqual(
        (await store.scim.list('user')).map(({ id }) => id),
        ['b'],
      )
    })

    test('each write is told of before it is answered', async (t) => {
      const store = await open(t)
      const heard: Change[] = []
      store.feed.onChanges((changes) => void heard.push(...changes))
      const first = await added(store, user())
      await store.scim.add(user({ id: 'i-2' }), limits)
      const revision = await store.scim.update(first, limits)
      assert.ok(typeof revision === 'number')
      await store.scim.remove({ ...first, revision })
      await added(store, user({ kind: 'group', id: 'g-1', key: undefined }))
      assert.deepEqual(
        heard.map(({ kind, id, change }) => [kind, id, change]),
        [
          ['scim-user', 'i-1', 'added'],
          ['scim-user', 'i-1', 'changed'],
          ['scim-user', 'i-1', 'ended'],
          ['scim-group', 'g-1', 'added'],
        ],
      )
    })
  })
}

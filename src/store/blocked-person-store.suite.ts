import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { BlockedPersonRecord, RefusalRecord } from './request-store.ts'
import type { Change, Store } from './store.ts'

function blocked(change: Partial<BlockedPersonRecord> = {}): BlockedPersonRecord {
  return {
    who: 'alice@example.com',
    userIds: ['u-alice'],
    emails: ['alice@example.com'],
    reason: 'laptop stolen',
    blockedBy: 'bob@example.com',
    blockedAtMs: 1_000,
    ...change,
  }
}

/** What every store promises about blocked people. `open` gives an empty store. */
export function blockedPersonStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`blocked people in ${title}`, () => {
    test('one is read back as it was written last, until it is removed', async (t) => {
      const { blockedPeople } = await open(t)
      assert.equal(await blockedPeople.put(blocked(), 9), 'added')
      const again = blocked({ userIds: ['u-alice', 'u-2'], reason: '' })
      assert.equal(await blockedPeople.put(again, 9), 'replaced')
      assert.deepEqual(await blockedPeople.get('alice@example.com'), { ...again, revision: 2 })
      assert.equal(await blockedPeople.remove('alice@example.com'), true)
      assert.equal(await blockedPeople.remove('alice@example.com'), false)
      assert.equal(await blockedPeople.get('alice@example.com'), undefined)
    })

    test('they are listed newest first, and there are no more than were asked for', async (t) => {
      const { blockedPeople } = await open(t)
      const put = (who: string, blockedAtMs: number) =>
        blockedPeople.put(blocked({ who, blockedAtMs }), 2)
      const ends = [await put('a', 1), await put('b', 2), await put('c', 3), await put('a', 4)]
      assert.deepEqual(ends, ['added', 'added', 'full', 'replaced'])
      const listed = await blockedPeople.list()
      assert.deepEqual(
        listed.map(({ who }) => who),
        ['a', 'b'],
      )
    })

    test('each write is told of before it is answered', async (t) => {
      const { blockedPeople, feed } = await open(t)
      const heard: Change[] = []
      feed.onChanges((changes) => void heard.push(...changes))
      await blockedPeople.put(blocked(), 9)
      await blockedPeople.put(blocked(), 9)
      await blockedPeople.remove(blocked().who)
      await blockedPeople.remove(blocked().who)
      assert.deepEqual(
        heard.map(({ revision, kind, id, change }) => [revision, kind, id, change]),
        [
          [1, 'blocked-person', 'alice@example.com', 'added'],
          [2, 'blocked-person', 'alice@example.com', 'changed'],
          [3, 'blocked-person', 'alice@example.com', 'ended'],
        ],
      )
    })
  })
}

function refusal(id: string, atMs: number): RefusalRecord {
  return { id, userId: 'u-alice', email: undefined, routeId: 'db', atMs, body: '{}' }
}

/** What every store promises about refusals. `open` gives an empty store. */
export function refusalStoreSuite(title: string, open: (t: TestContext) => Promise<Store>): void {
  describe(`refusals in ${title}`, () => {
    test('one is read back by its id, and the first of an id stays', async (t) => {
      const { refusals } = await open(t)
      const first = { ...refusal('a', 5), email: 'alice@example.com', body: '{"code":"x"}' }
      await refusals.add([first, refusal('b', 6)], 9, 0)
      await refusals.add([refusal('a', 7)], 9, 0)
      assert.deepEqual(await refusals.get('a'), first)
      assert.deepEqual(await refusals.get('b'), refusal('b', 6))
      assert.equal(await refusals.get('c'), undefined)
    })

    test('old ones are forgotten, and the oldest beyond a number', async (t) => {
      const { refusals } = await open(t)
      await refusals.add(['a', 'b', 'c', 'd'].map(refusal), 3, 0)
      const ids = async () => {
        const found = await Promise.all(['a', 'b', 'c', 'd'].map((id) => refusals.get(id)))
        return found.flatMap((row) => row?.id ?? [])
      }
      assert.deepEqual(await ids(), ['b', 'c', 'd'])
      await refusals.add([], 3, 3)
      assert.deepEqual(await ids(), ['d'])
    })
  })
}

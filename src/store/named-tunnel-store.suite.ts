import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { NamedTunnelRecord } from './publish-store.ts'
import type { Change, Store } from './store.ts'

/** A named tunnel without a host name; tests change what they are about. */
export function namedTunnelRecord(change: Partial<NamedTunnelRecord> = {}): NamedTunnelRecord {
  return {
    id: '0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11',
    name: 'web',
    site: 'site.com',
    createdBy: 'alice@example.com',
    userId: 'u-alice',
    createdAtMs: 1_000,
    generation: 1,
    deletedAtMs: undefined,
    services: undefined,
    hostnames: [],
    ...change,
  }
}

const limits = { maxTunnels: 10, maxPerPerson: 10, maxDeleted: 10 }
const name = (hostname: string) => ({ hostname, createdAtMs: 5 })

/** What every store promises about named tunnels. `open` gives an empty store. */
export function namedTunnelStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`named tunnels in ${title}`, () => {
    test('one is read back as it was added and changed, with its host names', async (t) => {
      const { namedTunnels } = await open(t)
      assert.equal(await namedTunnels.add(namedTunnelRecord(), limits), 'added')
      const { id } = namedTunnelRecord()
      assert.deepEqual(await namedTunnels.get(id), { ...namedTunnelRecord(), revision: 1 })
      const hostnames = [name('a.site.com'), name('b.site.com')]
      const changed = namedTunnelRecord({ generation: 2, services: '[]', hostnames })
      assert.equal(await namedTunnels.update({ ...changed, revision: 1 }), 'updated')
      assert.deepEqual(await namedTunnels.get(id), { ...changed, revision: 2 })
      assert.deepEqual(await namedTunnels.list(), [{ ...changed, revision: 2 }])
      assert.equal(await namedTunnels.get('missing'), undefined)
    })

    test('of two who make one name at once, one has it, whatever its case', async (t) => {
      const { namedTunnels } = await open(t)
      const made = await Promise.all([
        namedTunnels.add(namedTunnelRecord({ id: 'one' }), limits),
        namedTunnels.add(namedTunnelRecord({ id: 'two', name: 'WEB' }), limits),
      ])
      assert.deepEqual(made, ['added', 'name-taken'])
      assert.deepEqual(
        (await namedTunnels.list()).map(({ id }) => id),
        ['one'],
      )
    })

    test('the name and the host names of a deleted one are free', async (t) => {
      const { namedTunnels } = await open(t)
      await namedTunnels.add(namedTunnelRecord({ id: 'one' }), limits)
      const one = namedTunnelRecord({ id: 'one', hostnames: [name('a.site.com')] })
      await namedTunnels.update({ ...one, revision: 1 })
      const deleted = { ...one, hostnames: [], deletedAtMs: 9, revision: 2 }
      assert.equal(await namedTunnels.update(deleted), 'updated')
      assert.equal(await namedTunnels.add(namedTunnelRecord({ id: 'two' }), limits), 'added')
      const two = namedTunnelRecord({ id: 'two', hostnames: [name('a.site.com')] })
      assert.equal(await namedTunnels.update({ ...two, revision: 4 }), 'updated')
      assert.equal((await namedTunnels.get('one'))?.deletedAtMs, 9)
    })

    test('a host name is one tunnel’s, and whoever asks for it second keeps nothing', async (t) => {
      const { namedTunnels } = await open(t)
      await namedTunnels.add(namedTunnelRecord({ id: 'one', name: 'one' }), limits)
      await namedTunnels.add(namedTunnelRecord({ id: 'two', name: 'two' }), limits)
      const ask = (id: string, revision: number, hostnames: readonly string[]) =>
        namedTunnels.update({
          ...namedTunnelRecord({ id, name: id, hostnames: hostnames.map(name) }),
          revision,
        })
      const both = [ask('one', 1, ['a.site.com']), ask('two', 2, ['b.site.com', 'a.site.com'])]
      assert.deepEqual(await Promise.all(both), ['updated', 'hostname-taken'])
      const two = await namedTunnels.get('two')
      assert.deepEqual([two?.hostnames, two?.revision], [[], 2])
    })

    test('of two who have read the same, one writes it', async (t) => {
      const { namedTunnels } = await open(t)
      await namedTunnels.add(namedTunnelRecord(), limits)
      const write = (generation: number) =>
        namedTunnels.update({ ...namedTunnelRecord({ generation }), revision: 1 })
      assert.deepEqual(await Promise.all([write(2), write(3)]), ['updated', 'overtaken'])
      assert.equal((await namedTunnels.get(namedTunnelRecord().id))?.generation, 2)
    })

    test('there are no more than were asked for, in all and of one person', async (t) => {
      const { namedTunnels } = await open(t)
      const few = { maxTunnels: 3, maxPerPerson: 2, maxDeleted: 1 }
      const add = (id: string, userId: string) =>
        namedTunnels.add(namedTunnelRecord({ id, name: id, userId }), few)
      const ends = [add('a', 'alice'), add('b', 'alice'), add('c', 'alice'), add('d', 'bob')]
      assert.deepEqual(await Promise.all(ends), ['added', 'added', 'person-full', 'added'])
      assert.equal(await add('e', 'carol'), 'full')
    })

    test('deleted ones are kept up to a number, the oldest are forgotten', async (t) => {
      const { namedTunnels } = await open(t)
      const few = { ...limits, maxDeleted: 1 }
      for (const [index, id] of ['a', 'b'].entries()) {
        await namedTunnels.add(namedTunnelRecord({ id, name: id }), few)
        const record = namedTunnelRecord({ id, name: id, deletedAtMs: index })
        await namedTunnels.update({ ...record, revision: 2 * index + 1 })
      }
      await namedTunnels.add(namedTunnelRecord({ id: 'c', name: 'c' }), few)
      assert.deepEqual(
        (await namedTunnels.list()).map(({ id }) => id),
        ['b', 'c'],
      )
    })

    test('each write is told of before it is answered', async (t) => {
      const { namedTunnels, feed } = await open(t)
      const heard: Change[] = []
      feed.onChanges((changes) => void heard.push(...changes))
      const { id } = namedTunnelRecord()
      await namedTunnels.add(namedTunnelRecord(), limits)
      await namedTunnels.update({ ...namedTunnelRecord({ generation: 2 }), revision: 1 })
      await namedTunnels.update({ ...namedTunnelRecord({ deletedAtMs: 1 }), revision: 2 })
      assert.deepEqual(heard, [
        { revision: 1, kind: 'named-tunnel', id, change: 'added' },
        { revision: 2, kind: 'named-tunnel', id, change: 'changed' },
        { revision: 3, kind: 'named-tunnel', id, change: 'ended' },
      ])
    })
  })
}

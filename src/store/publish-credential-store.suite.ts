import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { PublishCredentialRecord } from './publish-store.ts'
import type { Change, Store } from './store.ts'

/** Alice's credential; tests change what they are about. */
export function publishCredentialRecord(
  change: Partial<PublishCredentialRecord> = {},
): PublishCredentialRecord {
  return {
    id: 'pc-1',
    secretHash: 'a-hash',
    site: 'site.com',
    person: {
      userId: 'u-alice',
      email: 'alice@example.com',
      emailVerified: true,
      name: 'Alice ü',
      groups: ['ops'],
      claims: { sub: 'u-alice' },
      issuer: 'https://idp.example.com',
    },
    host: 'build-7',
    issuedAtMs: 1_000,
    expiresAtMs: 4_000,
    revokedAtMs: undefined,
    ...change,
  }
}

/** What every store promises about publish credentials. `open` gives an empty store. */
export function publishCredentialStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`publish credentials in ${title}`, () => {
    test('one is read back as it was added, absent values too', async (t) => {
      const { publishCredentials } = await open(t)
      const { person } = publishCredentialRecord()
      const bare = publishCredentialRecord({
        id: 'pc-2',
        issuedAtMs: 2_000,
        person: { ...person, email: undefined, name: undefined },
      })
      assert.equal(await publishCredentials.add(publishCredentialRecord(), 2), 'added')
      assert.equal(await publishCredentials.add(bare, 2), 'added')
      const first = { ...publishCredentialRecord(), revision: 1 }
      assert.deepEqual(await publishCredentials.get('pc-1'), first)
      assert.deepEqual(await publishCredentials.list(), [{ ...bare, revision: 2 }, first])
      assert.equal(await publishCredentials.get('pc-3'), undefined)
    })

    test('a person has so many at once; ended ones do not count', async (t) => {
      const { publishCredentials } = await open(t)
      const add = (id: string, change: Partial<PublishCredentialRecord> = {}) =>
        publishCredentials.add(publishCredentialRecord({ id, ...change }), 2)
      const ends = await Promise.all(['a', 'b', 'c'].map((id) => add(id)))
      assert.deepEqual(ends, ['added', 'added', 'full'])
      await publishCredentials.revoke('a', 5)
      assert.equal(await add('c'), 'added')
      assert.equal(await add('d', { issuedAtMs: 4_000 }), 'added')
    })

    test('one is revoked once, and told of before it is answered', async (t) => {
      const { publishCredentials, feed } = await open(t)
      await publishCredentials.add(publishCredentialRecord(), 1)
      const heard: Change[] = []
      feed.onChanges((changes) => void heard.push(...changes))
      const both = [publishCredentials.revoke('pc-1', 5), publishCredentials.revoke('pc-1', 6)]
      assert.deepEqual(await Promise.all(both), [true, false])
      assert.equal((await publishCredentials.get('pc-1'))?.revokedAtMs, 5)
      assert.equal(await publishCredentials.revoke('missing', 5), false)
      const change = { revision: 2, kind: 'publish-credential', id: 'pc-1', change: 'changed' }
      assert.deepEqual(heard, [change])
    })

    test('those past their end are removed, from that moment on', async (t) => {
      const { publishCredentials } = await open(t)
      await publishCredentials.add(publishCredentialRecord(), 9)
      await publishCredentials.add(publishCredentialRecord({ id: 'pc-2', expiresAtMs: 4_001 }), 9)
      assert.equal(await publishCredentials.removeExpired(3_999), 0)
      assert.equal(await publishCredentials.removeExpired(4_000), 1)
      assert.deepEqual(
        (await publishCredentials.list()).map(({ id }) => id),
        ['pc-2'],
      )
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ServiceAccountRecord, Store } from './store.ts'

/** A record with everything set; tests change what they are about. */
export function serviceAccountRecord(
  change: Partial<ServiceAccountRecord> = {},
): ServiceAccountRecord {
  return {
    id: 'backup',
    description: 'nightly, ü "quoted"',
    format: 'jwt',
    secretHash: 'a-hash',
    formerSecretHash: 'a-former-hash',
    formerUntilMs: 3_000,
    createdAtMs: 1_000,
    rotatedAtMs: 2_000,
    expiresAtMs: 4_000_000_000_000,
    revokedAtMs: 5_000,
    lastUsedDayMs: 6_000,
    ...change,
  }
}

/** What every store promises about service accounts. `open` gives an empty store. */
export function serviceAccountStoreSuite(
  name: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`service accounts in ${name}`, () => {
    test('one is read back as it was added, absent values too', async (t) => {
      const { serviceAccounts } = await open(t)
      const bare = serviceAccountRecord({
        id: 'bare',
        description: '',
        format: 'id-secret',
        formerSecretHash: undefined,
        formerUntilMs: undefined,
        expiresAtMs: undefined,
        revokedAtMs: undefined,
        lastUsedDayMs: undefined,
      })
      assert.equal(await serviceAccounts.add(serviceAccountRecord()), true)
      assert.equal(await serviceAccounts.add(bare), true)
      assert.deepEqual(await serviceAccounts.get('backup'), serviceAccountRecord())
      assert.deepEqual(await serviceAccounts.get('bare'), bare)
      assert.equal(await serviceAccounts.get('BACKUP'), undefined)
    })

    test('an id is taken once, and the second of two at once keeps nothing', async (t) => {
      const { serviceAccounts } = await open(t)
      const second = serviceAccountRecord({ secretHash: 'another' })
      const added = [serviceAccounts.add(serviceAccountRecord()), serviceAccounts.add(second)]
      assert.deepEqual(await Promise.all(added), [true, false])
      assert.equal((await serviceAccounts.get('backup'))?.secretHash, 'a-hash')
    })

    test('an update replaces one that is there, and makes none', async (t) => {
      const { serviceAccounts } = await open(t)
      assert.equal(await serviceAccounts.update(serviceAccountRecord()), false)
      assert.equal(await serviceAccounts.get('backup'), undefined)
      await serviceAccounts.add(serviceAccountRecord())
      const changed = serviceAccountRecord({ secretHash: 'new', expiresAtMs: undefined })
      assert.equal(await serviceAccounts.update(changed), true)
      assert.deepEqual(await serviceAccounts.get('backup'), changed)
    })

    test('noting a use changes the day and nothing else', async (t) => {
      const { serviceAccounts } = await open(t)
      await serviceAccounts.add(serviceAccountRecord())
      await serviceAccounts.add(serviceAccountRecord({ id: 'other' }))
      await serviceAccounts.markUsed('backup', 86_400_000)
      await serviceAccounts.markUsed('missing', 86_400_000)
      const used = serviceAccountRecord({ lastUsedDayMs: 86_400_000 })
      assert.deepEqual(await serviceAccounts.get('backup'), used)
      assert.equal((await serviceAccounts.get('other'))?.lastUsedDayMs, 6_000)
      assert.equal(await serviceAccounts.get('missing'), undefined)
    })

    test('a list is by id, revoked ones included', async (t) => {
      const { serviceAccounts } = await open(t)
      for (const id of ['b', 'c', 'a']) await serviceAccounts.add(serviceAccountRecord({ id }))
      assert.deepEqual(
        (await serviceAccounts.list()).map(({ id }) => id),
        ['a', 'b', 'c'],
      )
    })
  })
}

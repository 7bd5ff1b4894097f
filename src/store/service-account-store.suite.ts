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
      assert.equal(await serviceAccounts.add(serviceAccountRecord(), 2), 'added')
      assert.equal(await serviceAccounts.add(bare, 2), 'added')
      assert.deepEqual(await serviceAccounts.get('backup'), {
        ...serviceAccountRecord(),
        revision: 1,
      })
      assert.deepEqual(await serviceAccounts.get('bare'), { ...bare, revision: 2 })
      assert.equal(await serviceAccounts.get('BACKUP'), undefined)
    })

    test('an id is taken once, and the second of two at once keeps nothing', async (t) => {
      const { serviceAccounts } = await open(t)
      const second = serviceAccountRecord({ secretHash: 'another' })
      const added = [serviceAccounts.add(serviceAccountRecord(), 2), serviceAccounts.add(second, 2)]
      assert.deepEqual(await Promise.all(added), ['added', 'id-taken'])
      assert.equal((await serviceAccounts.get('backup'))?.secretHash, 'a-hash')
    })

    test('there are no more than were asked for, also of two who add at once', async (t) => {
      const { serviceAccounts } = await open(t)
      const add = (id: string) => serviceAccounts.add(serviceAccountRecord({ id }), 2)
      assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(add)), ['added', 'added', 'full'])
      assert.equal(await add('a'), 'id-taken')
      assert.equal((await serviceAccounts.list()).length, 2)
    })

    test('an update replaces one that is there, and makes none', async (t) => {
      const { serviceAccounts } = await open(t)
      const changed = serviceAccountRecord({ secretHash: 'new', expiresAtMs: undefined })
      assert.equal(await serviceAccounts.update({ ...changed, revision: 0 }), false)
      assert.equal(await serviceAccounts.get('backup'), undefined)
      await serviceAccounts.add(serviceAccountRecord(), 1)
      const { revision = 0 } = (await serviceAccounts.get('backup')) ?? {}
      assert.equal(await serviceAccounts.update({ ...changed, revision }), true)
      const read = await serviceAccounts.get('backup')
      assert.ok((read?.revision ?? 0) > revision)
      assert.deepEqual(read, { ...changed, revision: read?.revision })
    })

    test('of two who have read the same, one writes it', async (t) => {
      const { serviceAccounts } = await open(t)
      await serviceAccounts.add(serviceAccountRecord(), 1)
      const read = await serviceAccounts.get('backup')
      assert.ok(read)
      const write = (secretHash: string) => serviceAccounts.update({ ...read, secretHash })
      assert.deepEqual(await Promise.all([write('one'), write('two')]), [true, false])
      assert.equal((await serviceAccounts.get('backup'))?.secretHash, 'one')
    })

    test('those that are neither revoked nor past their end are counted', async (t) => {
      const { serviceAccounts } = await open(t)
      const add = (change: Partial<ServiceAccountRecord>) =>
        serviceAccounts.add(serviceAccountRecord({ revokedAtMs: undefined, ...change }), 10)
      await add({ id: 'a', expiresAtMs: undefined })
      await add({ id: 'b', expiresAtMs: 11 })
      await add({ id: 'c', expiresAtMs: 10 })
      await add({ id: 'd', revokedAtMs: 1 })
      assert.equal(await serviceAccounts.count(10), 2)
    })

    test('noting a use changes the day and nothing else', async (t) => {
      const { serviceAccounts } = await open(t)
      await serviceAccounts.add(serviceAccountRecord(), 2)
      await serviceAccounts.add(serviceAccountRecord({ id: 'other' }), 2)
      await serviceAccounts.markUsed('backup', 86_400_000)
      await serviceAccounts.markUsed('missing', 86_400_000)
      const used = serviceAccountRecord({ lastUsedDayMs: 86_400_000 })
      assert.deepEqual(await serviceAccounts.get('backup'), { ...used, revision: 1 })
      assert.equal((await serviceAccounts.get('other'))?.lastUsedDayMs, 6_000)
      assert.equal(await serviceAccounts.get('missing'), undefined)
    })

    test('a list is by id, revoked ones included', async (t) => {
      const { serviceAccounts } = await open(t)
      for (const id of ['b', 'c', 'a']) await serviceAccounts.add(serviceAccountRecord({ id }), 3)
      assert.deepEqual(
        (await serviceAccounts.list()).map(({ id }) => id),
        ['a', 'b', 'c'],
      )
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { AcmeRecord } from './acme-store.ts'
import type { Change, Store } from './store.ts'

/** A certificate that is none; tests change what they are about. */
export function acmeRecord(change: Partial<AcmeRecord> = {}): AcmeRecord {
  return {
    kind: 'certificate',
    name: 'db.example.com',
    text: '-----BEGIN CERTIFICATE-----\n',
    privateKey: '-----BEGIN PRIVATE KEY-----\na private key to keep secret\n',
    changedAtMs: 1_000,
    ...change,
  }
}

/** What every store promises about what ACME keeps. `open` gives an empty store. */
export function acmeStoreSuite(title: string, open: (t: TestContext) => Promise<Store>): void {
  describe(`ACME in ${title}`, () => {
    test('each is read back as it was put, by its kind and name', async (t) => {
      const { acme } = await open(t)
      const account = acmeRecord({ kind: 'account', text: 'https://ca.example/acct/1' })
      const challenge = acmeRecord({ kind: 'challenge', text: '{}', privateKey: undefined })
      for (const record of [acmeRecord(), account, challenge]) await acme.put(record)
      for (const record of [acmeRecord(), account, challenge])
        assert.deepEqual(await acme.get(record.kind, record.name), record)
      assert.equal((await acme.list()).length, 3)
      assert.equal(await acme.get('account', 'other'), undefined)
    })

    test('one takes the place of the one of its name', async (t) => {
      const { acme } = await open(t)
      await acme.put(acmeRecord())
      const renewed = acmeRecord({ text: 'renewed', privateKey: 'another', changedAtMs: 2_000 })
      await acme.put(renewed)
      assert.deepEqual(await acme.list(), [renewed])
    })

    test('others hear of each, and of what was there to remove', async (t) => {
      const { acme, feed } = await open(t)
      const heard: (readonly Change[])[] = []
      feed.onChanges((changes) => heard.push(changes))
      await acme.put(acmeRecord())
      assert.equal(await acme.remove('certificate', 'db.example.com'), true)
      assert.equal(await acme.remove('certificate', 'db.example.com'), false)
      const told = heard.flat().map(({ kind, id, change }) => [kind, id, change])
      assert.deepEqual(told, [
        ['acme-record', 'certificate/db.example.com', 'changed'],
        ['acme-record', 'certificate/db.example.com', 'ended'],
      ])
    })
  })
}

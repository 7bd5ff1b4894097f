import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SigningKeyRecord } from './publish-store.ts'
import type { Change, Store } from './store.ts'

/** A key pair that is none; tests change what they are about. */
export function signingKeyRecord(change: Partial<SigningKeyRecord> = {}): SigningKeyRecord {
  return {
    kid: 'k-1',
    purpose: 'connector-grant',
    privateKey: '-----BEGIN PRIVATE KEY-----\na private key to keep secret\n',
    publicKey: '{"kty":"OKP"}',
    createdAtMs: 1_000,
    retiredAtMs: undefined,
    ...change,
  }
}

/** What every store promises about signing keys. `open` gives an empty store. */
export function signingKeyStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  describe(`signing keys in ${title}`, () => {
    test('one is read back as it was added, and no other purpose sees it', async (t) => {
      const { signingKeys } = await open(t)
      assert.equal(await signingKeys.add(signingKeyRecord(), undefined), true)
      assert.deepEqual(await signingKeys.list('connector-grant'), [signingKeyRecord()])
      assert.deepEqual(await signingKeys.list('ssh-ca'), [])
    })

    test('of two who make the first at once, one has made it', async (t) => {
      const { signingKeys } = await open(t)
      const made = ['k-1', 'k-2'].map((kid) =>
        signingKeys.add(signingKeyRecord({ kid }), undefined),
      )
      assert.deepEqual(await Promise.all(made), [true, false])
      assert.equal((await signingKeys.list('connector-grant')).length, 1)
    })

    test('a new one retires the one it replaces, and only while that is current', async (t) => {
      const { signingKeys } = await open(t)
      await signingKeys.add(signingKeyRecord(), undefined)
      const [second, third] = ['k-2', 'k-3'].map((kid, index) =>
        signingKeyRecord({ kid, createdAtMs: 2_000 + index }),
      )
      assert.ok(second && third)
      const both = [signingKeys.add(second, 'k-1'), signingKeys.add(third, 'k-1')]
      assert.deepEqual(await Promise.all(both), [true, false])
      const first = signingKeyRecord({ retiredAtMs: 2_000 })
      assert.deepEqual(await signingKeys.list('connector-grant'), [second, first])
      assert.equal(await signingKeys.add(third, undefined), false)
    })

    test('those that are retired are removed, of one purpose alone, and others hear of it', async (t) => {
      const { signingKeys, feed } = await open(t)
      for (const purpose of ['connector-grant', 'ssh-ca'] as const) {
        await signingKeys.add(signingKeyRecord({ kid: `${purpose}-1`, purpose }), undefined)
        const second = signingKeyRecord({ kid: `${purpose}-2`, purpose, createdAtMs: 2_000 })
        await signingKeys.add(second, `${purpose}-1`)
        const third = signingKeyRecord({ kid: `${purpose}-3`, purpose, createdAtMs: 3_000 })
        await signingKeys.add(third, `${purpose}-2`)
      }
      const heard: Change[] = []
      feed.onChanges((changes) => heard.push(...changes))
      const removed = await signingKeys.removeRetired('ssh-ca')
      assert.deepEqual(removed.toSorted(), ['ssh-ca-1', 'ssh-ca-2'])
      assert.deepEqual(await signingKeys.removeRetired('ssh-ca'), [])
      assert.deepEqual(
        heard.map(({ id, change, revision }) => [id, change, revision]),
        removed.map((id, index) => [id, 'ended', 7 + index]),
      )
      const left = await signingKeys.list('ssh-ca')
      assert.deepEqual(
        left.map(({ kid }) => kid),
        ['ssh-ca-3'],
      )
      assert.equal((await signingKeys.list('connector-grant')).length, 3)
    })
  })
}

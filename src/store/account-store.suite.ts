import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { AccountRecord, PasskeyRecord, PasskeyUse } from './account-store.ts'
import type { Change, Store } from './store.ts'

export function accountRecord(change: Partial<AccountRecord> = {}): AccountRecord {
  return {
    id: 'a-1',
    email: 'Alice@example.com',
    emailKey: 'alice@example.com',
    name: '',
    groups: ['ops', 'dba'],
    createdBy: 'the operator',
    createdAtMs: 1_000,
    disabledAtMs: undefined,
    generation: 1,
    invitation: { hash: 'h-1', by: 'the operator', expiresAtMs: 9_000 },
    ...change,
  }
}

export function passkeyRecord(change: Partial<PasskeyRecord> = {}): PasskeyRecord {
  return {
    id: 'k-1',
    accountId: 'a-1',
    publicKey: 'cose',
    counter: 0,
    transports: ['internal', 'hybrid'],
    rpId: 'gateway.example.com',
    name: 'Laptop',
    isBackedUp: true,
    createdAtMs: 2_000,
    lastUsedAtMs: undefined,
    ...change,
  }
}

const use = (change: Partial<PasskeyUse> = {}): PasskeyUse => ({
  id: 'k-1',
  accountId: 'a-1',
  counter: 0,
  isBackedUp: false,
  atMs: 3_000,
  challenge: 'c-1',
  challengeExpiresAtMs: 5_000,
  ...change,
})

/** What every store promises about accounts and passkeys. `open` gives an empty store. */
export function accountStoreSuite(title: string, open: (t: TestContext) => Promise<Store>): void {
  const openWith = async (t: TestContext, ...passkeys: readonly PasskeyRecord[]) => {
    const { accounts, feed } = await open(t)
    assert.equal(await accounts.add(accountRecord(), 9), 'added')
    for (const passkey of passkeys) assert.equal(await accounts.addPasskey(passkey, 1, 9), 'added')
    return { accounts, feed }
  }

  describe(`accounts in ${title}`, () => {
    test('one is found by its id, its address and its invitation', async (t) => {
      const { accounts } = await openWith(t)
      const stored = { ...accountRecord(), revision: 1 }
      assert.deepEqual(await accounts.get('a-1'), stored)
      assert.deepEqual(await accounts.findByEmail('alice@example.com'), stored)
      assert.deepEqual(await accounts.findByInvitation('h-1'), stored)
      assert.equal(await accounts.get('h-1'), undefined)
      assert.equal(await accounts.findByInvitation('h-2'), undefined)
    })

    test('no two have one address, and there are no more than were asked for', async (t) => {
      const { accounts } = await openWith(t)
      const add = (id: string, emailKey: string) =>
        accounts.add(accountRecord({ id, emailKey, invitation: undefined }), 2)
      assert.equal(await add('a-2', 'alice@example.com'), 'email-taken')
      assert.equal(await add('a-3', 'aaron@example.com'), 'added')
      assert.equal(await add('a-4', 'bob@example.com'), 'full')
      assert.deepEqual(
        (await accounts.list()).map(({ id }) => id),
        ['a-3', 'a-1'],
      )
    })

    test('it is written only as it was read', async (t) => {
      const { accounts } = await openWith(t)
      const read = { ...accountRecord(), revision: 1 }
      const disabled = { ...read, disabledAtMs: 7_000, generation: 2, invitation: undefined }
      assert.equal(await accounts.update(disabled), true)
      assert.equal(await accounts.update({ ...read, name: 'late' }), false)
      assert.deepEqual(await accounts.get('a-1'), { ...disabled, revision: 2 })
      assert.equal(await accounts.update({ ...read, id: 'a-2' }), false)
    })

    test('a reset removes its passkeys and no others, and so does its removal', async (t) => {
      const other = passkeyRecord({ id: 'k-2', accountId: 'a-2' })
      const { accounts } = await openWith(t, passkeyRecord())
      await accounts.add(accountRecord({ id: 'a-2', emailKey: 'b', invitation: undefined }), 9)
      await accounts.addPasskey(other, 1, 9)
      const read = await accounts.get('a-1')
      assert.ok(read)
      assert.equal(await accounts.update({ ...read, generation: 2 }, true), true)
      assert.deepEqual(await accounts.passkeysOf('a-1'), [])
      assert.equal(await accounts.remove('a-2'), true)
      assert.equal(await accounts.remove('a-2'), false)
      assert.equal(await accounts.getPasskey('k-2'), undefined)
    })

    test('of two who accept one invitation one has accepted it', async (t) => {
      const { accounts } = await openWith(t)
      const read = { ...accountRecord(), revision: 1 }
      const accept = (id: string) =>
        accounts.accept({ ...read, name: id, invitation: undefined }, passkeyRecord({ id }))
      assert.deepEqual(await Promise.all([accept('k-1'), accept('k-2')]), ['accepted', 'changed'])
      assert.deepEqual(await accounts.passkeysOf('a-1'), [passkeyRecord()])
      assert.equal(await accounts.findByInvitation('h-1'), undefined)
      assert.equal((await accounts.get('a-1'))?.name, 'k-1')
    })

    test("another account's passkey accepts nothing", async (t) => {
      const { accounts } = await openWith(t)
      await accounts.add(accountRecord({ id: 'a-2', emailKey: 'b', invitation: undefined }), 9)
      await accounts.addPasskey(passkeyRecord({ accountId: 'a-2' }), 1, 9)
      const read = { ...accountRecord(), revision: 1, invitation: undefined }
      assert.equal(await accounts.accept(read, passkeyRecord()), 'passkey-taken')
      assert.equal((await accounts.findByInvitation('h-1'))?.id, 'a-1')
    })
  })

  describe(`passkeys in ${title}`, () => {
    test('they are kept for an account as it was, once each, and so many', async (t) => {
      const { accounts } = await openWith(t, passkeyRecord())
      const add = (id: string, generation = 1, accountId = 'a-1') =>
        accounts.addPasskey(passkeyRecord({ id, accountId }), generation, 2)
      assert.equal(await add('k-1'), 'taken')
      assert.equal(await add('k-2', 2), 'account-gone')
      assert.equal(await add('k-2', 1, 'a-2'), 'account-gone')
      assert.equal(await add('k-2'), 'added')
      assert.equal(await add('k-3'), 'full')
      const read = await accounts.get('a-1')
      assert.ok(read)
      await accounts.update({ ...read, disabledAtMs: 1 })
      assert.equal(await accounts.addPasskey(passkeyRecord({ id: 'k-3' }), 1, 9), 'account-gone')
      assert.equal(await accounts.countPasskeysNotOf('gateway.example.com'), 0)
      assert.equal(await accounts.countPasskeysNotOf('new.example.com'), 2)
    })

    test('one is renamed and removed by its own account, and the last one stays', async (t) => {
      const { accounts } = await openWith(t, passkeyRecord(), passkeyRecord({ id: 'k-2' }))
      assert.equal(await accounts.renamePasskey('a-2', 'k-1', 'x'), false)
      assert.equal(await accounts.renamePasskey('a-1', 'k-1', 'Phone'), true)
      assert.equal((await accounts.getPasskey('k-1'))?.name, 'Phone')
      assert.equal(await accounts.removePasskey('a-2', 'k-1'), 'not-found')
      const both = ['k-1', 'k-2'].map((id) => accounts.removePasskey('a-1', id))
      assert.deepEqual(await Promise.all(both), ['removed', 'last'])
      assert.equal(await accounts.removePasskey('a-1', 'k-1'), 'not-found')
    })

    test('a challenge is signed once, also at the same time', async (t) => {
      const { accounts } = await openWith(t, passkeyRecord())
      const twice = [accounts.usePasskey(use()), accounts.usePasskey(use())]
      assert.deepEqual(await Promise.all(twice), ['used', 'replayed'])
      assert.equal(await accounts.usePasskey(use({ challenge: 'c-2' })), 'used')
      assert.equal(await accounts.usePasskey(use({ atMs: 4_999 })), 'replayed')
      const { lastUsedAtMs, isBackedUp } = (await accounts.getPasskey('k-1')) ?? {}
      assert.deepEqual([lastUsedAtMs, isBackedUp], [3_000, false])
    })

    test('one that has counted once counts on, or is refused', async (t) => {
      const { accounts } = await openWith(t, passkeyRecord())
      const next = (counter: number) =>
        accounts.usePasskey(use({ counter, challenge: `c-${counter}-${Math.random()}` }))
      assert.deepEqual([await next(0), await next(0), await next(5)], ['used', 'used', 'used'])
      assert.deepEqual(
        [await next(5), await next(4), await next(0)],
        ['counter', 'counter', 'counter'],
      )
      assert.equal(await next(6), 'used')
    })

    test('one of an account that is disabled or gone is of no use', async (t) => {
      const { accounts } = await openWith(t, passkeyRecord())
      assert.equal(await accounts.usePasskey(use({ accountId: 'a-2' })), 'gone')
      assert.equal(await accounts.usePasskey(use({ id: 'k-2' })), 'gone')
      const read = await accounts.get('a-1')
      assert.ok(read)
      await accounts.update({ ...read, disabledAtMs: 1 })
      assert.equal(await accounts.usePasskey(use()), 'gone')
    })

    test('each write is told of before it is answered, and what was not kept is not', async (t) => {
      const { accounts, feed } = await openWith(t, passkeyRecord())
      const heard: Change[] = []
      feed.onChanges((changes) => void heard.push(...changes))
      await accounts.usePasskey(use())
      await accounts.usePasskey(use())
      await accounts.removePasskey('a-1', 'k-1')
      await accounts.renamePasskey('a-1', 'k-1', 'Phone')
      const read = await accounts.get('a-1')
      assert.ok(read)
      await accounts.update(read)
      await accounts.remove('a-1')
      assert.deepEqual(
        heard.map(({ revision, kind, id, change }) => [revision, kind, id, change]),
        [
          [3, 'account', 'a-1', 'kept'],
          [4, 'account', 'a-1', 'kept'],
          [5, 'account', 'a-1', 'changed'],
          [6, 'account', 'a-1', 'ended'],
        ],
      )
    })
  })
}

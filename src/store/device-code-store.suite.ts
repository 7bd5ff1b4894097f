import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { DeviceCodeRecord, Store } from './store.ts'

/** A code that nobody has looked at yet; tests change what they are about. */
export function deviceCodeRecord(change: Partial<DeviceCodeRecord> = {}): DeviceCodeRecord {
  return {
    secretHash: 'h-1',
    userCode: 'BCDFGHJK',
    host: 'build-7',
    command: 'postern login --device',
    address: '192.0.2.1',
    createdAtMs: 0,
    expiresAtMs: 100,
    state: 'pending',
    userId: undefined,
    sessionId: undefined,
    ...change,
  }
}

const alice = { userId: 'u-alice', sessionId: 's-1' }

/** What every store promises about device codes. `open` gives an empty store. */
export function deviceCodeStoreSuite(name: string, open: (t: TestContext) => Promise<Store>): void {
  describe(`device codes in ${name}`, () => {
    test('a code is found by either of its names, until its end', async (t) => {
      const { deviceCodes } = await open(t)
      const record = deviceCodeRecord()
      assert.equal(await deviceCodes.add(record), true)
      assert.deepEqual(await deviceCodes.findByUserCode('BCDFGHJK', 99), record)
      assert.deepEqual(await deviceCodes.findBySecretHash('h-1', 99), record)
      assert.equal(await deviceCodes.findByUserCode('BCDFGHJK', 100), undefined)
      assert.equal(await deviceCodes.findBySecretHash('h-1', 100), undefined)
      assert.equal(await deviceCodes.findByUserCode('h-1', 99), undefined)
    })

    test('a user code that is taken is not given to a second machine', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      assert.equal(await deviceCodes.add(deviceCodeRecord({ secretHash: 'h-2' })), false)
      assert.equal((await deviceCodes.findByUserCode('BCDFGHJK', 0))?.secretHash, 'h-1')
    })

    test('one person approves, is signed in, and the machine takes it once', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      assert.equal(await deviceCodes.take('h-1', 1), undefined)
      assert.equal(await deviceCodes.approve('h-1', 'u-alice', 1), true)
      assert.equal(await deviceCodes.take('h-1', 1), undefined)
      assert.equal(await deviceCodes.attach('h-1', alice, 1), true)
      const taken = await Promise.all([deviceCodes.take('h-1', 1), deviceCodes.take('h-1', 1)])
      assert.deepEqual(
        taken.flatMap((record) => record?.sessionId ?? []),
        ['s-1'],
      )
      assert.equal(await deviceCodes.take('h-1', 1), undefined)
    })

    test('of two people one approves; the same one may once more', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      const both = await Promise.all([
        deviceCodes.approve('h-1', 'u-alice', 1),
        deviceCodes.approve('h-1', 'u-bob', 1),
      ])
      assert.deepEqual(both, [true, false])
      assert.equal(await deviceCodes.approve('h-1', 'u-alice', 1), true)
      assert.equal((await deviceCodes.findBySecretHash('h-1', 1))?.userId, 'u-alice')
    })

    test('a session is attached to what its own person approved, and once', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      assert.equal(await deviceCodes.attach('h-1', alice, 1), false)
      await deviceCodes.approve('h-1', 'u-alice', 1)
      const bob = { userId: 'u-bob', sessionId: 's-2' }
      assert.equal(await deviceCodes.attach('h-1', bob, 1), false)
      assert.equal(await deviceCodes.attach('h-1', alice, 1), true)
      assert.equal(await deviceCodes.attach('h-1', { ...alice, sessionId: 's-3' }, 1), false)
      assert.equal((await deviceCodes.take('h-1', 1))?.sessionId, 's-1')
    })

    test('a denied code stays denied, and a signed-in one cannot be denied', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      await deviceCodes.add(deviceCodeRecord({ secretHash: 'h-2', userCode: 'ZZZZZZZZ' }))
      assert.equal(await deviceCodes.deny('h-1', 1), true)
      assert.equal(await deviceCodes.approve('h-1', 'u-alice', 1), false)
      assert.equal(await deviceCodes.attach('h-1', alice, 1), false)
      assert.equal((await deviceCodes.findBySecretHash('h-1', 1))?.state, 'denied')
      await deviceCodes.approve('h-2', 'u-alice', 1)
      await deviceCodes.attach('h-2', alice, 1)
      assert.equal(await deviceCodes.deny('h-2', 1), false)
      assert.equal((await deviceCodes.take('h-2', 1))?.sessionId, 's-1')
    })

    test('nothing happens to a code from its end on', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      assert.equal(await deviceCodes.approve('h-1', 'u-alice', 100), false)
      assert.equal(await deviceCodes.deny('h-1', 100), false)
      await deviceCodes.approve('h-1', 'u-alice', 99)
      assert.equal(await deviceCodes.attach('h-1', alice, 100), false)
      await deviceCodes.attach('h-1', alice, 99)
      assert.equal(await deviceCodes.take('h-1', 100), undefined)
    })

    test('those that wait are counted, without the denied and those past their end', async (t) => {
      const { deviceCodes } = await open(t)
      const codes = ['h-1', 'h-2', 'h-3'].map((secretHash, index) =>
        deviceCodeRecord({ secretHash, userCode: secretHash, expiresAtMs: 100 + index }),
      )
      for (const record of codes) await deviceCodes.add(record)
      await deviceCodes.deny('h-3', 1)
      assert.deepEqual(
        await Promise.all([99, 100, 101].map((nowMs) => deviceCodes.count(nowMs))),
        [2, 1, 0],
      )
    })

    test('the expired are removed, and the sessions that nobody took are named', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord())
      await deviceCodes.approve('h-1', 'u-alice', 1)
      await deviceCodes.attach('h-1', alice, 1)
      await deviceCodes.add(deviceCodeRecord({ secretHash: 'h-2', userCode: 'ZZZZZZZZ' }))
      const later = { secretHash: 'h-3', userCode: 'YYYYYYYY', expiresAtMs: 101 }
      await deviceCodes.add(deviceCodeRecord(later))
      assert.deepEqual(await deviceCodes.removeExpired(100), ['s-1'])
      assert.deepEqual(await deviceCodes.removeExpired(100), [])
      assert.equal((await deviceCodes.findBySecretHash('h-3', 100))?.secretHash, 'h-3')
    })

    test('a publisher’s code names its key and its site, and its end ends no session', async (t) => {
      const { deviceCodes } = await open(t)
      await deviceCodes.add(deviceCodeRecord({ publicKey: '{}' }))
      await deviceCodes.approve('h-1', 'u-alice', 1)
      await deviceCodes.attach('h-1', { ...alice, site: 'site.com' }, 1)
      const { publicKey, site } = (await deviceCodes.findBySecretHash('h-1', 1)) ?? {}
      assert.deepEqual([publicKey, site], ['{}', 'site.com'])
      assert.deepEqual(await deviceCodes.removeExpired(100), [])
      assert.equal(await deviceCodes.findByUserCode('BCDFGHJK', 1), undefined)
    })
  })
}

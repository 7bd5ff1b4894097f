import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { createServiceAccountTokens } from '../identity/service-account-token.ts'
import { createServiceAccounts, type ServiceAccounts } from '../identity/service-accounts.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createTunnelOpener } from './live-tunnels.fixture.ts'
import type { LiveTunnel, LiveTunnels } from './live-tunnels.ts'

const day = 86_400_000

interface Rig {
  readonly clock: FakeClock
  readonly store: Store
  readonly accounts: ServiceAccounts
  readonly tunnels: LiveTunnels
  create(expiresAtMs?: number): Promise<string>
  /**
   * A tunnel that was opened with this secret; rejects when nobody may. `dial` is what happens while its
   * upstream is being opened.
   */
  open(secret: string, dial?: () => Promise<void>): Promise<LiveTunnel>
}

test('a tunnel is cut at the end of its service account, and not before', async (t) => {
  const { clock, create, open } = await startRig(t)
  const tunnel = await open(await create(clock.now() + day))
  clock.advance(day - 1)
  await settled()
  assert.equal(tunnel.signal.aborted, false)
  clock.advance(1)
  await settled()
  assert.equal(tunnel.ended, 'session-expired')
})

test('a tunnel of a service account without an end stays, and waits for nothing', async (t) => {
  const { clock, create, open } = await startRig(t)
  const tunnel = await open(await create())
  assert.equal(clock.pending, 0)
  clock.advance(10_000 * day)
  await settled()
  assert.equal(tunnel.signal.aborted, false)
})

test('a tunnel of a credential that is kept through a rotation is cut when that ends', async (t) => {
  const { clock, accounts, create, open } = await startRig(t)
  const old = await open(await create())
  const next = await accounts.rotate('backup', { keepOldMs: 60_000, expiresAtMs: 'keep' })
  const fresh = await open(next.credential)
  await settled()
  clock.advance(59_999)
  await settled()
  assert.deepEqual([old.signal.aborted, fresh.signal.aborted], [false, false])
  clock.advance(1)
  await settled()
  assert.deepEqual([old.ended, fresh.signal.aborted], ['session-expired', false])
})

test('a rotation at once cuts the tunnels of the old credential alone', async (t) => {
  const { accounts, create, open } = await startRig(t)
  const secret = await create()
  const old = await open(secret)
  const next = await accounts.rotate('backup', { keepOldMs: 0, expiresAtMs: 'keep' })
  const fresh = await open(next.credential)
  await settled()
  assert.deepEqual([old.ended, fresh.ended], ['session-revoked', undefined])
  await assert.rejects(open(secret), { code: 'sign-in-required' })
})

test('a service account that is revoked between decision and registration gets nothing', async (t) => {
  const { accounts, create, open, tunnels } = await startRig(t)
  const secret = await create()
  const opening = open(secret, () => accounts.revoke('backup'))
  await assert.rejects(opening, { code: 'sign-in-required' })
  assert.equal(tunnels.size, 0)
})

test('somebody who comes again while an account is revoked does not keep its tunnels', async (t) => {
  const { accounts, create, open, store } = await startRig(t)
  const secret = await create()
  const tunnel = await open(secret)
  const { get } = store.serviceAccounts
  const [read, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  store.feed.onChanges(() => {
    store.serviceAccounts.get = async (id) => {
      asked.resolve()
      await read.promise
      return get(id)
    }
  })
  const revoked = accounts.revoke('backup')
  await asked.promise
  const again = assert.rejects(open(secret), { code: 'sign-in-required' })
  read.resolve()
  await Promise.all([revoked, again])
  await settled()
  assert.equal(tunnel.ended, 'session-revoked')
})

async function startRig(t: TestContext): Promise<Rig> {
  const clock = createFakeClock()
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const accounts = createServiceAccounts({
    store,
    tokens: createServiceAccountTokens('localhost', new Uint8Array(32), clock),
    clock,
    log: silentLogger,
    isSignedIn: () => Promise.resolve(false),
  })
  const { tunnels, open } = createTunnelOpener({ clock, callers: accounts, user: 'backup' })
  accounts.onChanged((sessionId) => void tunnels.redecide({ sessionId, ended: undefined }))
  accounts.onEnded((sessionId) => void tunnels.redecide({ sessionId, ended: 'session-revoked' }))
  return {
    clock,
    store,
    accounts,
    tunnels,
    async create(expiresAtMs) {
      const request = { id: 'backup', description: '', format: 'id-secret' } as const
      return (await accounts.create({ ...request, expiresAtMs })).credential
    },
    async open(secret, dial = settled) {
      return open(await accounts.authenticate({ format: 'id-secret', id: 'backup', secret }), dial)
    },
  }
}

/** Lets what is under way come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

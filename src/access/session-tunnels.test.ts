import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { openIdentity } from '../identity/identity.fixture.ts'
import type { Sessions } from '../identity/sessions.ts'
import { sessionRecord } from '../store/session-store.suite.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { SessionStore, Store } from '../store/store.ts'
import { createTunnelOpener, type TunnelOpener } from './live-tunnels.fixture.ts'

// Nothing here asks the provider: nobody listens on this port.
const nobody = { issuer: new URL('http://127.0.0.1:9/'), clientId: 'c', clientSecret: 's' }

interface Rig extends TunnelOpener {
  readonly sessions: Sessions
  readonly store: Store
  /** Questions about sessions so far. */
  readonly reads: () => number
  /** From now on what was read of sessions arrives when this is resolved. */
  holdReads(): PromiseWithResolvers<void>
  /** From now on what was written is written at once, and arrives when this is resolved. */
  holdWrites(): PromiseWithResolvers<void>
}

test('a tunnel of a session that is in memory asks the store for nothing, however many are opened', async (t) => {
  const { sessions, open, reads } = await startRig(t)
  using first = await open(await sessions.get('s-1'))
  const before = reads()
  const tunnels = await Promise.all(
    Array.from({ length: 100 }, async () => open(await sessions.get('s-1'))),
  )
  assert.equal(reads(), before)
  assert.ok([first, ...tunnels].every(({ ended }) => ended === undefined))
  for (const tunnel of tunnels) tunnel[Symbol.dispose]()
})

test('a revocation cuts before it is answered, and waits for no store that reads slowly', async (t) => {
  const { sessions, open, holdReads } = await startRig(t)
  using tunnel = await open(await sessions.get('s-1'))
  const reading = holdReads()
  let wasKnown = false
  sessions.onEnded((id) => (wasKnown = sessions.version(id) === undefined))
  await sessions.revoke('s-1')
  await new Promise(setImmediate)
  assert.deepEqual([wasKnown, tunnel.ended], [true, 'session-revoked'])
  reading.resolve()
})

test('a session that was read before its end and arrives after it opens nothing', async (t) => {
  const { sessions, open, tunnels, holdReads } = await startRig(t)
  const reading = holdReads()
  const early = sessions.get('s-1')
  await sessions.revoke('s-1')
  reading.resolve()
  const caller = await early
  assert.equal(caller?.session.id, 's-1')
  await assert.rejects(open(caller), { code: 'sign-in-required' })
  assert.equal(tunnels.size, 0)
})

test('a session that ends while an upstream is dialled gets no tunnel', async (t) => {
  const { sessions, open, tunnels } = await startRig(t)
  const caller = await sessions.get('s-1')
  const dial = async (): Promise<void> => void (await sessions.revoke('s-1'))
  await assert.rejects(open(caller, dial), { code: 'sign-in-required' })
  assert.equal(tunnels.size, 0)
})

test('a tunnel that opens while a revocation is on its way is cut when that arrives', async (t) => {
  const { sessions, store, open, holdWrites } = await startRig(t)
  const caller = await sessions.get('s-1')
  const writing = holdWrites()
  const revoked = sessions.revoke('s-1')
  // It is in the database, and nobody here has heard of it.
  while ((await store.feed.changes(1)).changes.length === 0) await new Promise(setImmediate)
  using tunnel = await open(caller)
  assert.equal(tunnel.ended, undefined)
  writing.resolve()
  await revoked
  await new Promise(setImmediate)
  assert.equal(tunnel.ended, 'session-revoked')
})

test('who somebody is by now decides, though it is read while they ask', async (t) => {
  const { sessions, store, open, holdReads } = await startRig(t)
  const reading = holdReads()
  const early = sessions.get('s-1')
  const record = await store.sessions.get('s-1')
  assert.ok(record)
  await store.sessions.update({ ...record, userId: 'somebody else' }, 'changed')
  reading.resolve()
  const caller = await early
  assert.equal(caller?.session.userId, 'u-1')
  await assert.rejects(open(caller), { code: 'policy-denied' })
})

/** One session, of `u-1`, who may use the route. */
async function startRig(t: TestContext): Promise<Rig> {
  const store = await openSqliteStore(':memory:')
  let read = Promise.resolve()
  let written: Promise<void> | undefined
  let reads = 0
  const sessionStore: SessionStore = {
    ...store.sessions,
    async getFacts(id) {
      reads += 1
      const facts = await store.sessions.getFacts(id)
      await read
      return facts
    },
  }
  const feed: Store['feed'] = {
    ...store.feed,
    onChanges: (listener) =>
      store.feed.onChanges((changes) => {
        if (written === undefined) listener(changes)
        else void written.then(() => listener(changes))
      }),
  }
  const fixture = await openIdentity(nobody, { store: { ...store, sessions: sessionStore, feed } })
  t.after(() => fixture[Symbol.asyncDispose]())
  const { sessions } = fixture.identity
  const inAnHourMs = fixture.clock.now() + 3_600_000
  const issuer = nobody.issuer.origin
  const times = { expiresAtMs: inAnHourMs, refreshDueAtMs: inAnHourMs }
  await store.sessions.add(sessionRecord({ issuer, ...times }))
  const callers = { session: sessions.get, version: sessions.version }
  const opener = createTunnelOpener({ clock: fixture.clock, callers, user: 'u-1' })
  const { tunnels } = opener
  sessions.onChanged((sessionId) => void tunnels.redecide({ sessionId, ended: undefined }))
  sessions.onEnded((sessionId) => void tunnels.redecide({ sessionId, ended: 'session-revoked' }))
  const hold = (set: (until: Promise<void>) => void): PromiseWithResolvers<void> => {
    const held = Promise.withResolvers<void>()
    set(held.promise)
    return held
  }
  return {
    ...opener,
    sessions,
    store,
    reads: () => reads,
    holdReads: () => hold((until) => void (read = until)),
    holdWrites: () => hold((until) => void (written = until)),
  }
}

test('a tunnel that is being decided again when its session ends says why that has ended', async (t) => {
  const { sessions, store, open, holdReads } = await startRig(t)
  using tunnel = await open(await sessions.get('s-1'))
  const reading = holdReads()
  const record = await store.sessions.get('s-1')
  assert.ok(record)
  await store.sessions.update({ ...record, name: 'somebody else' }, 'changed')
  const cut = once(tunnel.signal, 'abort')
  await sessions.revoke('s-1')
  reading.resolve()
  await cut
  assert.equal(tunnel.ended, 'session-revoked')
})

test('a revocation waits for nobody who decides again because of what is read slowly', async (t) => {
  const { sessions, store, open, holdReads } = await startRig(t)
  using tunnel = await open(await sessions.get('s-1'))
  const reading = holdReads()
  const record = await store.sessions.get('s-1')
  assert.ok(record)
  await store.sessions.update({ ...record, name: 'somebody else' }, 'changed')
  await sessions.revoke('s-1')
  await new Promise(setImmediate)
  assert.equal(tunnel.ended, 'session-revoked')
  reading.resolve()
})

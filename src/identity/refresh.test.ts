import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, SystemError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { sessionRecord } from '../store/session-store.suite.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { claimNames } from './identity.fixture.ts'
import type { Provider } from './provider.ts'
import { createProviders, nameProvider } from './providers.ts'
import { createRefresher, refreshDueAt } from './refresh.ts'
import { createUserIds } from './user-ids.ts'

const naming = { id: 'default', name: 'Example', keyPrefix: 'idp_', ...claimNames }
const ids = createUserIds(['default'])
const session = (id: string) => ({ id, provider: 'default' })

/** A provider that takes each refresh token once, as those do that rotate them. */
function rotatingProvider(pause: () => Promise<void>): Provider & { readonly asked: string[] } {
  const asked: string[] = []
  const never = () => Promise.reject(new Error('not part of a refresh'))
  return {
    asked,
    authorizationUrl: never,
    exchange: never,
    keySource: never,
    clientId: 'postern',
    issuer: 'https://idp.example.com',
    close: () => undefined,
    async refresh(refreshToken) {
      const isSpent = asked.includes(refreshToken)
      asked.push(refreshToken)
      await pause()
      if (isSpent) throw new AccessError('grant-refused', 'spent')
      return {
        accessToken: 'at',
        accessTokenLifeMs: undefined,
        refreshToken: `${refreshToken}+`,
        idToken: undefined,
      }
    },
    claims: () => Promise.resolve({ sub: 'u-1' }),
  }
}

function refresherOf(store: Store, provider: Provider, holder = 'one') {
  const clock = createFakeClock(20_000)
  const refused: string[] = []
  const refresher = createRefresher(
    {
      store,
      providers: createProviders([nameProvider(naming, provider, ids)], ids),
      clock,
      log: silentLogger,
      audit: () => undefined,
      providerFailures: { report: () => undefined },
      refreshIntervalMs: 60_000,
      holder,
    },
    ({ id, revision }) => {
      refused.push(id)
      return store.sessions.remove(id, 'refresh-refused', revision)
    },
  )
  return { refresher, refused, clock }
}

test('a session listed before its refresh ended is not refreshed again with the spent token', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ refreshToken: 'rt', idToken: undefined }))
  const answer = Promise.withResolvers<void>()
  const provider = rotatingProvider(() => answer.promise)
  // The second list is read while the first round is under way, and arrives after its end.
  const listed = Promise.withResolvers<void>()
  const arrival = Promise.withResolvers<void>()
  let lists = 0
  const sessions: Store['sessions'] = {
    ...store.sessions,
    async listDue(...asked) {
      const records = await store.sessions.listDue(...asked)
      lists += 1
      if (lists !== 2) return records
      listed.resolve()
      await arrival.promise
      return records
    },
  }
  const { refresher, refused, clock } = refresherOf({ ...store, sessions }, provider)
  await refresher.start()
  const second = refresher.start()
  await listed.promise
  answer.resolve()
  while (((await store.sessions.get('s-1'))?.refreshedAtMs ?? 0) < clock.now()) {
    await new Promise(setImmediate)
  }
  arrival.resolve()
  await second
  await refresher.close()
  assert.deepEqual(provider.asked, ['rt'])
  assert.deepEqual(refused, [])
})

test('at most eight sessions are asked about at a time, and all are in the end', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  for (let number = 0; number < 20; number += 1) {
    const id = `s-${number}`
    await store.sessions.add(sessionRecord({ id, refreshToken: id, idToken: undefined }))
  }
  let [current, most] = [0, 0]
  const eight = Promise.withResolvers<void>()
  const provider = rotatingProvider(async () => {
    current += 1
    most = Math.max(most, current)
    if (current === 8) eight.resolve()
    await eight.promise
    // Whoever else may be asked about is, by now.
    await store.sessions.count([], 0)
    current -= 1
  })
  const { refresher } = refresherOf(store, provider)
  await refresher.start()
  while ((await store.sessions.listDue('default', 20_000, 1)).length > 0)
    await new Promise(setImmediate)
  await refresher.close()
  assert.equal(provider.asked.length, 20)
  assert.equal(most, 8)
})

test('of two gateways that find a session due at the same time one asks, and the other lets it', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ refreshToken: 'rt', idToken: undefined }))
  const answer = Promise.withResolvers<void>()
  const provider = rotatingProvider(() => answer.promise)
  const [one, two] = [refresherOf(store, provider, 'one'), refresherOf(store, provider, 'two')]
  await one.refresher.start()
  while (provider.asked.length === 0) await new Promise(setImmediate)
  await two.refresher.start()
  // It finds the lease taken, and comes to its end with nothing asked.
  await two.refresher.close()
  answer.resolve()
  await one.refresher.close()
  assert.deepEqual([provider.asked, one.refused, two.refused], [['rt'], [], []])
  // The lease was given back: whoever asks next is not held up by it.
  assert.equal(await refresherOf(store, provider, 'three').refresher.askNow(session('s-1')), true)
  assert.deepEqual(provider.asked, ['rt', 'rt+'])
})

test('a session whose gateway has ended in the middle is asked about by another one later', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ refreshToken: 'rt', idToken: undefined }))
  const gone = { name: 'refresh s-1', holder: 'gone', untilMs: 20_000 + 180_000 }
  await store.leases.take(gone, 20_000)
  const provider = rotatingProvider(() => Promise.resolve())
  const { refresher, clock } = refresherOf(store, provider)
  await refresher.start()
  clock.advance(179_999)
  await refresher.askNow(session('s-1'))
  assert.deepEqual(provider.asked, [])
  clock.advance(30_000)
  await refresher.askNow(session('s-1'))
  assert.deepEqual(provider.asked, ['rt'])
  await refresher.close()
})

test('a session that ends while the provider is asked stays ended', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord())
  const provider = rotatingProvider(
    async () => void (await store.sessions.remove('s-1', 'revoked')),
  )
  const { refresher } = refresherOf(store, provider)
  await refresher.start()
  await refresher.close()
  assert.equal(await store.sessions.get('s-1'), undefined)
})

test('a session that gets new tokens while the provider refuses the former ones goes on', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const revision = await store.sessions.add(sessionRecord({ refreshToken: 'rt' }))
  const refusing = rotatingProvider(async () => {
    const renewed = sessionRecord({ refreshToken: 'of the new sign-in', refreshDueAtMs: 90_000 })
    await store.sessions.update({ ...renewed, revision }, 'changed')
  })
  const provider: Provider = {
    ...refusing,
    async refresh(...asked) {
      await refusing.refresh(...asked)
      throw new AccessError('grant-refused', 'taken back')
    },
  }
  const { refresher, refused } = refresherOf(store, provider)
  assert.equal(await refresher.askNow(session('s-1')), true)
  await refresher.close()
  assert.deepEqual(refused, ['s-1'])
  assert.equal((await store.sessions.get('s-1'))?.refreshToken, 'of the new sign-in')
})

test('a session that is prolonged while the provider is asked keeps the tokens that come', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const before = sessionRecord({ refreshToken: 'rt' })
  const revision = await store.sessions.add(before)
  const expiresAtMs = before.expiresAtMs + 60_000
  const provider = rotatingProvider(async () => {
    await store.sessions.update({ ...before, expiresAtMs, revision }, 'changed')
  })
  const { refresher, refused } = refresherOf(store, provider)
  await refresher.start()
  await refresher.close()
  const after = await store.sessions.get('s-1')
  assert.deepEqual([after?.refreshToken, after?.expiresAtMs], ['rt+', expiresAtMs])
  assert.deepEqual([provider.asked, refused], [['rt'], []])
})

test('a session that gets new tokens while the provider is asked keeps those', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const revision = await store.sessions.add(sessionRecord({ refreshToken: 'rt' }))
  const renewed = sessionRecord({ refreshToken: 'of the new sign-in', refreshDueAtMs: 90_000 })
  const provider = rotatingProvider(async () => {
    await store.sessions.update({ ...renewed, revision }, 'changed')
  })
  const { refresher, refused } = refresherOf(store, provider)
  await refresher.start()
  await refresher.close()
  assert.deepEqual([provider.asked, refused], [['rt'], []])
  const { revision: _, ...after } = (await store.sessions.get('s-1')) ?? assert.fail('it is gone')
  assert.deepEqual(after, renewed)
})

test('new tokens that a full disk has no place for are written later, and nobody is signed out', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ refreshToken: 'rt', idToken: undefined }))
  let isFull = true
  const sessions: typeof store.sessions = {
    ...store.sessions,
    update: (...change) =>
      isFull
        ? Promise.reject(new Error('database or disk is full'))
        : store.sessions.update(...change),
  }
  const provider = rotatingProvider(() => Promise.resolve())
  const { refresher, refused } = refresherOf({ ...store, sessions }, provider)
  await refresher.askNow(session('s-1'))
  assert.equal((await store.sessions.get('s-1'))?.refreshToken, 'rt')
  isFull = false
  await refresher.start()
  await refresher.close()
  const after = await store.sessions.get('s-1')
  assert.deepEqual([provider.asked, refused, after?.refreshToken], [['rt'], [], 'rt+'])
})

test('a session whose stored tokens somebody else has written ends, and others go on', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ id: 's-1' }))
  await store.sessions.add(sessionRecord({ id: 's-2' }))
  const unreadable = new SystemError('stored-token-unreadable', 'a stored token was changed')
  const sessions: typeof store.sessions = {
    ...store.sessions,
    get: (id) => (id === 's-1' ? Promise.reject(unreadable) : store.sessions.get(id)),
    async getFacts(id) {
      const facts = await store.sessions.getFacts(id)
      await store.sessions.remove(id, 'revoked')
      return facts
    },
  }
  const { refresher, refused } = refresherOf(
    { ...store, sessions },
    rotatingProvider(() => Promise.resolve()),
  )
  await refresher.start()
  await refresher.close()
  assert.deepEqual(refused, ['s-1'])
  assert.ok(((await store.sessions.get('s-2'))?.refreshedAtMs ?? 0) > 0)
})

test('the next question comes at the interval or the end of the access token', () => {
  const due = (change: Parameters<typeof sessionRecord>[0]): number =>
    refreshDueAt(sessionRecord({ expiresAtMs: 90_000, ...change }), 1_000, 10_000)
  assert.equal(due({ accessTokenExpiresAtMs: undefined }), 11_000)
  assert.equal(due({ accessTokenExpiresAtMs: 99_000 }), 11_000)
  assert.equal(due({ accessTokenExpiresAtMs: 5_000 }), 5_000)
  // Never at once again, however short the token lives.
  assert.equal(due({ accessTokenExpiresAtMs: 1_000 }), 2_000)
  // Without a refresh token there is nothing to ask with afterwards.
  assert.equal(due({ refreshToken: undefined, accessTokenExpiresAtMs: 99_000 }), 11_000)
  assert.equal(due({ refreshToken: undefined, accessTokenExpiresAtMs: 5_000 }), 90_000)
  assert.equal(due({ refreshToken: undefined, accessTokenExpiresAtMs: undefined }), 90_000)
})

test('questions before the time are bounded for each session and for all', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const ids = Array.from({ length: 305 }, (_, index) => `s-${index}`)
  for (const id of ids) {
    const record = sessionRecord({ refreshToken: `rt-${id}`, idToken: undefined })
    await store.sessions.add({ ...record, id, refreshDueAtMs: 50_000 })
  }
  const provider = rotatingProvider(() => Promise.resolve())
  const { refresher, clock } = refresherOf(store, provider)
  const ask = async (wanted: readonly string[]): Promise<number> => {
    let asked = 0
    for (const id of wanted) if (await refresher.askNow(session(id))) asked += 1
    return asked
  }
  assert.equal(await ask(['s-0', 's-0', 's-0']), 1)
  assert.equal(await ask(ids.slice(1)), 299)
  assert.equal(provider.asked.length, 300)
  clock.advance(29_999)
  assert.equal(await ask(['s-1']), 0)
  clock.advance(30_001)
  assert.equal(await ask(['s-1', 's-304']), 2)
  await refresher.close()
})

test('many who ask about one session at once are one question', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ refreshToken: 'rt', idToken: undefined }))
  const answer = Promise.withResolvers<void>()
  const provider = rotatingProvider(() => answer.promise)
  const { refresher } = refresherOf(store, provider)
  const { id } = sessionRecord({})
  const all = Array.from({ length: 20 }, () => refresher.askNow(session(id)))
  answer.resolve()
  assert.deepEqual(new Set(await Promise.all(all)), new Set([true]))
  assert.deepEqual(provider.asked, ['rt'])
  await refresher.close()
})

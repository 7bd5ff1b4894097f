import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ProviderLogout, ProviderSignIn } from './provider-logout.ts'
import { sessionRecord } from './session-store.suite.ts'
import type { Change, SessionRecord, Store } from './store.ts'

const issuer = 'https://idp.example.com'

function logout(change: Partial<ProviderLogout> = {}): ProviderLogout {
  return {
    provider: 'default',
    issuer,
    tokenId: 't-1',
    userId: 'u-1',
    sid: undefined,
    issuedAtMs: 50_000,
    keptUntilMs: 100_000,
    ...change,
  }
}

function signIn(change: Partial<ProviderSignIn> = {}): ProviderSignIn {
  return {
    provider: 'default',
    issuer,
    userId: 'u-1',
    sid: undefined,
    issuedAtMs: 50_000,
    ...change,
  }
}

/** What every store promises about logouts at providers. `open` gives an empty store. */
export function providerLogoutStoreSuite(
  title: string,
  open: (t: TestContext) => Promise<Store>,
): void {
  const withSessions = async (t: TestContext, ...changes: Partial<SessionRecord>[]) => {
    const store = await open(t)
    for (const change of changes) await store.sessions.add(sessionRecord(change))
    const take = async (change: Partial<ProviderLogout>) =>
      (await store.providerLogouts.take(logout(change), 0, 9))?.map(({ id }) => id).toSorted()
    return { store, take }
  }

  describe(`logouts at a provider in ${title}`, () => {
    test('a person without a sign-in named: every session, of nobody else', async (t) => {
      const { store, take } = await withSessions(
        t,
        { id: 'a', sid: 'one' },
        { id: 'b', sid: 'two' },
        { id: 'c' },
        { id: 'other', userId: 'u-2' },
        { id: 'elsewhere', issuer: 'https://other.example.com' },
        { id: 'partner', provider: 'partner' },
      )
      const heard: Change[] = []
      store.feed.onChanges((changes) => void heard.push(...changes))
      assert.deepEqual(await take({}), ['a', 'b', 'c'])
      assert.deepEqual((await store.sessions.list()).map(({ id }) => id).toSorted(), [
        'elsewhere',
        'other',
        'partner',
      ])
      const ends = heard.filter(({ kind }) => kind === 'session')
      assert.deepEqual(
        ends.map(({ change, reason }) => [change, reason]),
        Array.from({ length: 3 }, () => ['ended', 'provider-logout']),
      )
      assert.deepEqual(ends.map(({ id }) => id).toSorted(), ['a', 'b', 'c'])
      const revisions = heard.map(({ revision }) => revision)
      assert.deepEqual(revisions, [7, 8, 9, 10])
      assert.equal((await store.feed.changes(0)).revision, 10)
    })

    test('a sign-in: its sessions, and those of the person of which it is not known', async (t) => {
      const { take } = await withSessions(
        t,
        { id: 'a', sid: 'one' },
        { id: 'b', sid: 'one' },
        { id: 'c', sid: 'two' },
        { id: 'd' },
        { id: 'other', userId: 'u-2', sid: 'one' },
        { id: 'unknown', userId: 'u-2' },
      )
      assert.deepEqual(await take({ sid: 'one' }), ['a', 'b', 'd'])
      const alone = { userId: undefined, sid: 'one', tokenId: 't-2' }
      assert.deepEqual(await take(alone), ['other'])
      assert.deepEqual(await take({ ...alone, sid: 'none', tokenId: 't-3' }), [])
    })

    test('the same token does nothing a second time, wherever it comes', async (t) => {
      const { store, take } = await withSessions(t, { id: 'a' })
      assert.deepEqual(await take({}), ['a'])
      await store.sessions.add(sessionRecord({ id: 'b' }))
      assert.equal(await take({}), undefined)
      const [elsewhere, another] = [{ issuer: 'https://other.example.com' }, { tokenId: 't-2' }]
      assert.deepEqual(await take(elsewhere), [])
      assert.deepEqual(await take(another), ['b'])
    })

    test('of two that come at once one is taken', async (t) => {
      const { take } = await withSessions(t, { id: 'a' })
      const both = await Promise.all([take({}), take({})])
      assert.deepEqual(both, [['a'], undefined])
    })

    test('a sign-in from before it is covered by it until it is kept no more', async (t) => {
      const { providerLogouts } = await open(t)
      const covers = (change: Partial<ProviderSignIn>, nowMs = 60_000) =>
        providerLogouts.covers(signIn(change), nowMs)
      assert.equal(await covers({}), false)
      await providerLogouts.take(logout(), 0, 9)
      assert.equal(await covers({}), true)
      assert.equal(await covers({ sid: 'one' }), true)
      assert.equal(await covers({ issuedAtMs: 51_000 }), false)
      assert.equal(await covers({ userId: 'u-2' }), false)
      assert.equal(await covers({ issuer: 'https://other.example.com' }), false)
      assert.equal(await covers({ provider: 'partner' }), false)
      assert.equal(await covers({}, 100_000), false)
    })

    test('one that names a sign-in covers that, whenever it was, and no other', async (t) => {
      const { providerLogouts } = await open(t)
      const covers = (change: Partial<ProviderSignIn>) =>
        providerLogouts.covers(signIn(change), 60_000)
      await providerLogouts.take(logout({ sid: 'one' }), 0, 9)
      const late = 70_000
      assert.equal(await covers({ sid: 'one', issuedAtMs: late }), true)
      assert.equal(await covers({ sid: 'two' }), false)
      assert.equal(await covers({ sid: 'one', userId: 'u-2' }), false)
      assert.equal(await covers({ issuedAtMs: 50_000 }), true)
      assert.equal(await covers({ issuedAtMs: late }), false)
      await providerLogouts.take(logout({ sid: 'three', userId: undefined, tokenId: 't' }), 0, 9)
      assert.equal(await covers({ sid: 'three', userId: 'u-2' }), true)
    })

    test('beyond a bound the oldest is forgotten, and so is what is over', async (t) => {
      const { providerLogouts } = await open(t)
      const take = (tokenId: string, keptUntilMs: number, nowMs = 0) =>
        providerLogouts.take(logout({ tokenId, keptUntilMs }), nowMs, 2)
      for (const [tokenId, until] of [
        ['a', 10],
        ['b', 30],
        ['c', 20],
      ] as const)
        await take(tokenId, until)
      assert.equal(await take('b', 30), undefined)
      assert.equal(await take('c', 20), undefined)
      assert.deepEqual(await take('a', 40), [])
      assert.deepEqual(await take('c', 50, 45), [])
      assert.deepEqual(await take('b', 60, 45), [])
    })
  })
}

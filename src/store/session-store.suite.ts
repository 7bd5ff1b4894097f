import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SessionFacts, SessionRecord, Store } from './store.ts'

/** A record with everything set; tests change what they are about. */
export function sessionRecord(change: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 's-1',
    userId: 'u-1',
    email: 'Alice@Example.com',
    emailVerified: true,
    name: 'Alice',
    groups: ['ops', 'ü "quoted"'],
    claims: { sub: 'u-1', nested: { list: [1, null, true] } },
    provider: 'default',
    issuer: 'https://idp.example.com',
    issuedAtMs: 1_000,
    expiresAtMs: 100_000,
    refreshedAtMs: 1_000,
    refreshDueAtMs: 10_000,
    accessToken: 'at',
    accessTokenExpiresAtMs: 5_000,
    refreshToken: 'rt',
    idToken: 'it',
    device: 'build-7',
    address: undefined,
    client: undefined,
    lastUsedAtMs: undefined,
    ...change,
  }
}

/** What every store promises about sessions and codes. `open` gives an empty store. */
export function sessionStoreSuite(name: string, open: (t: TestContext) => Promise<Store>): void {
  describe(`sessions in ${name}`, () => {
    test('a session is read back as it was added, absent values too', async (t) => {
      const { sessions } = await open(t)
      const full = sessionRecord({ address: '2001:db8::7', client: 'device' })
      const bare = sessionRecord({
        id: 's-2',
        email: undefined,
        emailVerified: false,
        name: undefined,
        groups: [],
        claims: {},
        accessToken: undefined,
        accessTokenExpiresAtMs: undefined,
        refreshToken: undefined,
        idToken: undefined,
        device: undefined,
      })
      const revisions = [await sessions.add(full), await sessions.add(bare)]
      assert.deepEqual(await sessions.get('s-1'), { ...full, revision: revisions[0] })
      assert.deepEqual(await sessions.get('s-2'), { ...bare, revision: revisions[1] })
      assert.equal(await sessions.get('s-3'), undefined)
    })

    test('what it says of a person is there without the tokens of the provider', async (t) => {
      const { sessions } = await open(t)
      const record = sessionRecord()
      const revision = await sessions.add(record)
      const { accessToken, refreshToken, idToken, ...rest } = record
      const facts = { ...rest, revision }
      assert.ok([accessToken, refreshToken, idToken].some((token) => token !== undefined))
      assert.deepEqual(await sessions.getFacts('s-1'), facts)
      assert.deepEqual(await sessions.list(), [facts])
      assert.equal(await sessions.getFacts('s-2'), undefined)
    })

    test('the last use is noted without a change, and neither an earlier one nor a write takes it back', async (t) => {
      const { sessions, feed } = await open(t)
      const revision = await sessions.add(sessionRecord())
      await sessions.add(sessionRecord({ id: 's-2' }))
      await sessions.markUsed([], 60_000)
      await sessions.markUsed(['s-1', 's-3'], 120_000)
      await sessions.markUsed(['s-1'], 60_000)
      const read = await sessions.get('s-1')
      assert.deepEqual([read?.lastUsedAtMs, read?.revision], [120_000, revision])
      assert.equal((await sessions.get('s-2'))?.lastUsedAtMs, undefined)
      assert.equal((await feed.changes(0)).changes.length, 2)
      assert.ok(read)
      // It was read before the use of a moment ago was noted.
      await sessions.markUsed(['s-1'], 180_000)
      assert.notEqual(await sessions.update({ ...read, name: 'Bob' }, 'changed'), undefined)
      const [after] = (await sessions.listPage(9)).filter(({ id }) => id === 's-1')
      assert.deepEqual([after?.name, after?.lastUsedAtMs], ['Bob', 180_000])
    })

    test('an id is used once', async (t) => {
      const { sessions } = await open(t)
      await sessions.add(sessionRecord())
      await assert.rejects(sessions.add(sessionRecord({ userId: 'u-2' })))
      assert.equal((await sessions.get('s-1'))?.userId, 'u-1')
    })

    test('an update replaces a session, and brings none back that has ended', async (t) => {
      const { sessions } = await open(t)
      const added = await sessions.add(sessionRecord())
      const changed = sessionRecord({ groups: ['sales'], refreshDueAtMs: 20_000 })
      const revision = await sessions.update({ ...changed, revision: added }, 'changed')
      assert.ok(revision !== undefined && revision > added)
      assert.deepEqual(await sessions.get('s-1'), { ...changed, revision })
      await sessions.remove('s-1', 'revoked')
      assert.equal(await sessions.update({ ...changed, revision }, 'changed'), undefined)
      assert.equal(await sessions.get('s-1'), undefined)
    })

    test('of two who have read the same, one writes it, and the other learns of it', async (t) => {
      const { sessions } = await open(t)
      const revision = await sessions.add(sessionRecord())
      const write = (name: string) =>
        sessions.update({ ...sessionRecord({ name }), revision }, 'changed')
      const [one, two] = await Promise.all([write('one'), write('two')])
      assert.ok(one !== undefined)
      assert.equal(two, undefined)
      assert.equal((await sessions.get('s-1'))?.name, 'one')
      assert.ok(await sessions.update({ ...sessionRecord(), revision: one }, 'kept'))
    })

    test('removing answers whether there was one', async (t) => {
      const { sessions } = await open(t)
      await sessions.add(sessionRecord())
      assert.equal(await sessions.remove('s-1', 'revoked'), true)
      assert.equal(await sessions.remove('s-1', 'revoked'), false)
    })

    test('what was written since it was read is not removed by who had read it', async (t) => {
      const { sessions } = await open(t)
      const added = await sessions.add(sessionRecord())
      const later = await sessions.update({ ...sessionRecord(), revision: added }, 'changed')
      assert.equal(await sessions.remove('s-1', 'refresh-refused', added), false)
      assert.equal((await sessions.get('s-1'))?.revision, later)
      assert.equal(await sessions.remove('s-1', 'refresh-refused', later), true)
      assert.equal(await sessions.get('s-1'), undefined)
    })

    test('each end is told once, with its reason, before whoever asked for it goes on', async (t) => {
      const { sessions } = await open(t)
      const heard: unknown[] = []
      const following = sessions.onEnded((id, reason) => void heard.push([id, reason]))
      await sessions.add(sessionRecord({ id: 'a', expiresAtMs: 20 }))
      await sessions.add(sessionRecord({ id: 'b', expiresAtMs: 10 }))
      await sessions.add(sessionRecord({ id: 'c' }))
      await Promise.all([sessions.remove('a', 'signed-out'), sessions.remove('a', 'replaced')])
      assert.deepEqual(heard, [['a', 'signed-out']])
      await sessions.removeExpired(20)
      assert.deepEqual(heard.slice(1), [['b', 'expired']])
      following[Symbol.dispose]()
      await sessions.remove('c', 'revoked')
      assert.equal(heard.length, 2)
    })

    test('page after page the list comes whole, whatever begins or ends meanwhile', async (t) => {
      const { sessions } = await open(t)
      const ages = { b: 1, a: 1, c: 1, d: 3, e: 2 }
      for (const [id, issuedAtMs] of Object.entries(ages))
        await sessions.add(sessionRecord({ id, issuedAtMs }))
      const pages: string[][] = []
      let after: SessionFacts | undefined
      do {
        const page = await sessions.listPage(2, after)
        pages.push(page.map(({ id }) => id))
        after = page.at(-1)
        if (after !== undefined) await sessions.remove(after.id, 'revoked')
        await sessions.add(sessionRecord({ id: `later-${pages.length}`, issuedAtMs: 4 }))
      } while (after !== undefined)
      assert.deepEqual(pages, [['d', 'e'], ['a', 'b'], ['c'], []])
    })

    test('a list is newest first, and filtered by user or by email without case', async (t) => {
      const { sessions } = await open(t)
      await sessions.add(sessionRecord({ id: 'a', issuedAtMs: 1 }))
      await sessions.add(sessionRecord({ id: 'b', issuedAtMs: 3, userId: 'u-2', email: 'bob@b.c' }))
      await sessions.add(sessionRecord({ id: 'c', issuedAtMs: 2 }))
      const ids = async (filter?: { userId?: string; email?: string }): Promise<string[]> =>
        (await sessions.list(filter)).map(({ id }) => id)
      assert.deepEqual(await ids(), ['b', 'c', 'a'])
      assert.deepEqual(await ids({ userId: 'u-1' }), ['c', 'a'])
      assert.deepEqual(await ids({ email: 'ALICE@example.COM' }), ['c', 'a'])
      assert.deepEqual(await ids({ email: 'bob@b.c', userId: 'u-1' }), [])
    })

    test('some are listed and counted by what is in their names, whatever characters those have', async (t) => {
      const { sessions } = await open(t)
      const vouchers = [{ provider: 'default', issuer: 'https://idp.example.com' }]
      const add = (id: string, change: Partial<SessionRecord>) =>
        sessions.add(sessionRecord({ id, issuedAtMs: Number(id), device: undefined, ...change }))
      await add('1', { name: 'Carol 100%', email: undefined, userId: 'u_9' })
      await add('2', { name: undefined, email: 'carol@b.c', device: 'build-7' })
      await add('3', { name: 'Élodie', email: 'e@b.c' })
      await add('4', { name: 'Carol', issuer: 'https://other.example.com' })
      await add('5', { name: 'Carol', expiresAtMs: 10 })
      const found = async (text: string): Promise<readonly string[]> => {
        const page = await sessions.listPage(10, undefined, { vouchers, nowMs: 10, text })
        assert.equal(await sessions.count(vouchers, 10, text), page.length, text)
        return page.map(({ id }) => id)
      }
      assert.deepEqual(await found('CAROL'), ['2', '1'])
      assert.deepEqual(await found('0%'), ['1'])
      assert.deepEqual(await found('u_9'), ['1'])
      assert.deepEqual(await found('u-9'), [])
      assert.deepEqual(await found('%'), ['1'])
      assert.deepEqual(await found('_'), ['1'])
      assert.deepEqual(await found('\\'), [])
      assert.deepEqual(await found("'"), [])
      assert.deepEqual(await found('build-7'), ['2'])
      assert.deepEqual(await found('lodie'), ['3'])
      const [first] = await sessions.listPage(1, undefined, { vouchers, text: 'carol' })
      assert.equal(first?.id, '5')
      const next = await sessions.listPage(9, first, { vouchers, text: 'carol' })
      assert.deepEqual(
        next.map(({ id }) => id),
        ['2', '1'],
      )
    })

    test('sessions are counted by who vouched for them, without those past their end', async (t) => {
      const { sessions } = await open(t)
      const [issuer, other] = ['https://login.example.com', 'https://other.example.com']
      const ours = { provider: 'default', issuer }
      const partner = { provider: 'partner', issuer }
      assert.equal(await sessions.count([ours], 5), 0)
      await sessions.add(sessionRecord({ id: 'a', issuer, expiresAtMs: 10 }))
      await sessions.add(sessionRecord({ id: 'b', issuer, expiresAtMs: 11 }))
      await sessions.add(sessionRecord({ id: 'c', issuer: other, expiresAtMs: 11 }))
      await sessions.add(sessionRecord({ id: 'd', ...partner, expiresAtMs: 11 }))
      assert.deepEqual(
        await Promise.all([9, 10, 11].map((nowMs) => sessions.count([ours], nowMs))),
        [2, 1, 0],
      )
      const counts = [[partner], [ours, partner], [{ ...partner, issuer: other }], []]
      assert.deepEqual(await Promise.all(counts.map((of) => sessions.count(of, 9))), [1, 3, 0, 0])
      const page = await sessions.listPage(9, undefined, { vouchers: [partner] })
      assert.deepEqual(
        page.map(({ id, provider }) => [id, provider]),
        [['d', 'partner']],
      )
    })

    test('due sessions come most overdue first, bounded, without the expired', async (t) => {
      const { sessions } = await open(t)
      await sessions.add(sessionRecord({ id: 'later', refreshDueAtMs: 51 }))
      await sessions.add(sessionRecord({ id: 'second', refreshDueAtMs: 50 }))
      await sessions.add(sessionRecord({ id: 'first', refreshDueAtMs: 20 }))
      await sessions.add(sessionRecord({ id: 'ended', refreshDueAtMs: 10, expiresAtMs: 50 }))
      await sessions.add(sessionRecord({ id: 'theirs', refreshDueAtMs: 5, provider: 'partner' }))
      const due = async (max: number): Promise<string[]> =>
        (await sessions.listDue('default', 50, max)).map(({ id }) => id)
      assert.deepEqual(await due(10), ['first', 'second'])
      assert.deepEqual(await due(1), ['first'])
    })

    test('the expired are removed and named, the others stay', async (t) => {
      const { sessions } = await open(t)
      await sessions.add(sessionRecord({ id: 'a', expiresAtMs: 10 }))
      await sessions.add(sessionRecord({ id: 'b', expiresAtMs: 11 }))
      assert.deepEqual(await sessions.removeExpired(10), ['a'])
      assert.deepEqual(await sessions.removeExpired(10), [])
      assert.equal((await sessions.get('b'))?.id, 'b')
    })

    test('more than are ended at once are ended all the same', async (t) => {
      const { sessions } = await open(t)
      const ids = Array.from({ length: 501 }, (_, index) => `s-${index}`)
      for (const id of ids) await sessions.add(sessionRecord({ id, expiresAtMs: 10 }))
      const heard: string[] = []
      sessions.onEnded((id) => void heard.push(id))
      const ended = await sessions.removeExpired(10)
      assert.deepEqual([ended.toSorted(), heard.toSorted()], [ids.toSorted(), ids.toSorted()])
      assert.deepEqual(await sessions.list(), [])
    })
  })

  describe(`codes in ${name}`, () => {
    const code = { hash: 'h', sessionId: 's-1', challenge: 'c', expiresAtMs: 100 }

    test('a code is taken once, also by two who ask at the same time', async (t) => {
      const { codes } = await open(t)
      await codes.add(code)
      const taken = await Promise.all([codes.take('h', 99), codes.take('h', 99)])
      assert.deepEqual(
        taken.filter((record) => record !== undefined),
        [code],
      )
      assert.equal(await codes.take('h', 99), undefined)
    })

    test('an expired code is not given out, and is gone', async (t) => {
      const { codes } = await open(t)
      await codes.add(code)
      assert.equal(await codes.take('h', 100), undefined)
      assert.equal(await codes.take('h', 1), undefined)
    })

    test('codes that nobody took are swept', async (t) => {
      const { codes } = await open(t)
      await codes.add(code)
      await codes.add({ ...code, hash: 'later', expiresAtMs: 101 })
      assert.equal(await codes.removeExpired(100), 1)
      assert.equal((await codes.take('later', 100))?.hash, 'later')
    })
  })
}

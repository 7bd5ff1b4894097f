import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { sessionRecord } from './session-store.suite.ts'
import { openSqliteStore } from './sqlite.ts'
import type { MovedBatch, SessionRecord, Store } from './store.ts'
import type { TokenSecret, TokenSecrets } from './token-cipher.ts'

const secret = (fill: number, setting: TokenSecret['setting'] = 'shared_secret'): TokenSecret => ({
  setting,
  bytes: new Uint8Array(32).fill(fill),
})
const tokens = { accessToken: 'an-access-token', refreshToken: 'a-refresh-token', idToken: 'an-id' }
const alice = sessionRecord({ id: 's-alice', expiresAtMs: Date.now() + 3_600_000, ...tokens })

describe('tokens at rest', () => {
  test('are in no file of the database, and come back as they were', async (t) => {
    const path = temporaryPath(t)
    const store = await openSqliteStore(path, [secret(1)])
    await store.sessions.add(alice)
    assertAbsent(path)
    await store.close()
    assertAbsent(path)
    const again = await openSqliteStore(path, [secret(1)])
    t.after(() => again.close())
    assert.deepEqual(await recordOf(again, 's-alice'), alice)
  })

  test('two that are equal look different, and each row names its key', async (t) => {
    const path = temporaryPath(t)
    const store = await openSqliteStore(path, [secret(1)])
    t.after(() => store.close())
    await store.sessions.add(alice)
    await store.sessions.add({ ...alice, id: 's-other' })
    const [one, other] = rowsOf(path)
    assert.notEqual(one?.refresh_token, other?.refresh_token)
    const [key] = await store.tokenKeys.list()
    assert.equal(one?.token_key, key?.id)
  })

  test('cannot be moved to another row or column, nor changed', async (t) => {
    const { path, store } = await openTwo(t)
    const changes = {
      'another row': `refresh_token = (select refresh_token from sessions where id = 's-bob')`,
      'another column': `refresh_token = access_token`,
      // One in 64 begins with an A.
      'a changed byte': `refresh_token = iif(refresh_token like 'A%', 'b', 'A') || substr(refresh_token, 2)`,
      'a shorter text': `refresh_token = substr(refresh_token, 1, 20)`,
      nothing: `refresh_token = ''`,
    }
    const [before] = rowsOf(path)
    for (const [what, change] of Object.entries(changes)) {
      write(path, `update sessions set ${change} where id = 's-alice'`)
      await assert.rejects(store.sessions.get('s-alice'), { code: 'stored-token-unreadable' }, what)
      // Who it is does not rest on them: a refresh ends it.
      assert.equal((await store.sessions.getFacts('s-alice'))?.userId, alice.userId)
      write(
        path,
        `update sessions set refresh_token = '${String(before?.refresh_token)}' where id = 's-alice'`,
      )
    }
    assert.deepEqual(await recordOf(store, 's-alice'), alice)
  })

  test('of a release that kept them plain are encrypted at the start, and nobody is signed out', async (t) => {
    const path = temporaryPath(t)
    const store = await openSqliteStore(path, [secret(1)])
    const people = Array.from({ length: 250 }, (_, index) => ({ ...alice, id: `s-${index}` }))
    for (const record of people) await store.sessions.add(record)
    await store.close()
    write(
      path,
      `update sessions set token_key = null, access_token = 'an-access-token', refresh_token = 'a-refresh-token', id_token = 'an-id';
       delete from token_keys`,
    )
    assert.ok(readFileSync(path).includes('a-refresh-token'))
    const next = await openSqliteStore(path, [secret(1)])
    t.after(() => next.close())
    assertAbsent(path)
    for (const record of people) assert.deepEqual(await recordOf(next, record.id), record)
  })

  test('that were plain leave the write-ahead log, at the next start too after a kill', async (t) => {
    const { path, store } = await openTwo(t)
    const [sealed] = rowsOf(path)
    const set = (token: unknown): void =>
      write(path, `update sessions set refresh_token = '${String(token)}' where id = 's-alice'`)
    set('a-refresh-token')
    set(sealed?.refresh_token)
    // What a kill leaves: both writes stand in the log alone.
    const left = temporaryPath(t)
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, left + suffix)
    assert.ok(readFileSync(`${left}-wal`).includes('a-refresh-token'))
    const next = await openSqliteStore(left, [secret(1)])
    t.after(() => next.close())
    assertAbsent(left)
    assert.deepEqual(await next.sessions.get('s-alice'), await store.sessions.get('s-alice'))
  })

  test('need their key: without it nothing is opened, and nothing is lost', async (t) => {
    const { path, store } = await openTwo(t)
    await store.close()
    const files = (): string => JSON.stringify(rowsOf(path))
    const before = files()
    await assert.rejects(openSqliteStore(path, [secret(2)]), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'token-key-missing')
      assert.match(
        error.message,
        /the tokens of 2 sessions .*"token_encryption_key".*"shared_secret"/,
      )
      assert.ok(error.message.includes(path))
      return true
    })
    assert.equal(files(), before)
    const again = await openSqliteStore(path, [secret(1)])
    t.after(() => again.close())
    assert.deepEqual(await recordOf(again, 's-alice'), alice)
  })
})

test('a session past its end needs no key: the gateway starts without it', async (t) => {
  const path = temporaryPath(t)
  const store = await openSqliteStore(path, [secret(1)])
  await store.sessions.add({ ...alice, expiresAtMs: Date.now() - 1 })
  await store.close()
  const next = await openSqliteStore(path, [secret(2)])
  t.after(() => next.close())
  assert.equal((await next.sessions.list()).length, 1)
})

describe('a rotation of keys', () => {
  test('encrypts every row with a new key, and changes no session', async (t) => {
    const { path, store } = await openTwo(t)
    const [before] = await store.tokenKeys.list()
    assert.deepEqual(await store.tokenKeys.begin(Date.now()), { isResumed: false })
    assert.deepEqual(await store.tokenKeys.move(''), { moved: 2, unreadable: [], next: undefined })
    const [after, ...rest] = await store.tokenKeys.list()
    assert.deepEqual([rest, after?.sessions, after?.isCurrent], [[], 2, true])
    assert.notEqual(after?.id, before?.id)
    assert.deepEqual(await recordOf(store, 's-alice'), alice)
    assert.ok(rowsOf(path).every(({ token_key: key }) => key === after?.id))
  })

  test('that is interrupted goes on where it was, with the same key', async (t) => {
    const path = temporaryPath(t)
    const store = await openSqliteStore(path, [secret(1)])
    for (let index = 0; index < 150; index += 1) {
      await store.sessions.add({ ...alice, id: `s-${String(index).padStart(3, '0')}` })
    }
    await store.tokenKeys.begin(Date.now())
    const first = await store.tokenKeys.move('')
    assert.deepEqual([first.moved, first.next], [25, 's-024'])
    const halfway = (await store.tokenKeys.list()).map(({ sessions }) => sessions)
    assert.deepEqual(halfway, [125, 25])
    await store.close()
    const again = await openSqliteStore(path, [secret(1)])
    t.after(() => again.close())
    assert.deepEqual(await again.tokenKeys.begin(Date.now()), { isResumed: true })
    let [moved, after]: [number, string | undefined] = [0, '']
    while (after !== undefined) {
      const batch: MovedBatch = await again.tokenKeys.move(after)
      moved += batch.moved
      after = batch.next
    }
    assert.equal(moved, 125)
    assert.deepEqual((await again.tokenKeys.list()).length, 1)
    assert.deepEqual(await recordOf(again, 's-000'), { ...alice, id: 's-000' })
  })

  test('moves from the shared secret to a key of its own, after which the secret is free', async (t) => {
    const { path, store } = await openTwo(t)
    await store.close()
    const own = secret(7, 'token_encryption_key')
    const both = await openSqliteStore(path, [own, secret(1)])
    assert.deepEqual(
      (await both.tokenKeys.list()).map(({ setting, sessions, isCurrent }) => [
        setting,
        sessions,
        isCurrent,
      ]),
      [
        ['shared_secret', 2, false],
        ['token_encryption_key', 0, true],
      ],
    )
    assert.deepEqual(await recordOf(both, 's-alice'), alice)
    await both.tokenKeys.begin(Date.now())
    await both.tokenKeys.move('')
    await both.close()
    const alone = await openSqliteStore(path, [own])
    t.after(() => alone.close())
    assert.deepEqual(await recordOf(alone, 's-alice'), alice)
  })

  test('leaves a row alone that was written meanwhile', async (t) => {
    const { store } = await openTwo(t)
    await store.tokenKeys.begin(Date.now())
    const refreshed = { ...alice, refreshToken: 'the-next-one' }
    // It has read the row when that is written.
    const moving = store.tokenKeys.move('')
    await Promise.all([moving, store.sessions.update({ ...refreshed, revision: 1 }, 'kept')])
    assert.deepEqual(await recordOf(store, 's-alice'), refreshed)
  })

  test('names the sessions whose tokens somebody else has written, and passes them', async (t) => {
    const { path, store } = await openTwo(t)
    write(path, `update sessions set id_token = 'x' where id = 's-alice'`)
    await store.tokenKeys.begin(Date.now())
    const batch = await store.tokenKeys.move('')
    assert.deepEqual(batch, { moved: 1, unreadable: ['s-alice'], next: undefined })
  })
})

async function openTwo(
  t: TestContext,
  secrets: TokenSecrets = [secret(1)],
): Promise<{ path: string; store: Store }> {
  const path = temporaryPath(t)
  const store = await openSqliteStore(path, secrets)
  t.after(() => store.close())
  await store.sessions.add(alice)
  await store.sessions.add({ ...alice, id: 's-bob', refreshToken: 'another-refresh-token' })
  return { path, store }
}

async function recordOf({ sessions }: Store, id: string): Promise<SessionRecord | undefined> {
  const { revision, ...record } = (await sessions.get(id)) ?? {}
  return revision === undefined ? undefined : (record as SessionRecord)
}

function temporaryPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'token-keys-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'postern.db')
}

/** In the database, its write-ahead log and whatever else lies there. */
function assertAbsent(path: string): void {
  const folder = join(path, '..')
  for (const file of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, file))
    for (const token of ['an-access-token', 'a-refresh-token'])
      assert.ok(!bytes.includes(token), file)
  }
}

function rowsOf(path: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path)
  try {
    return database.prepare('select * from sessions order by id').all()
  } finally {
    database.close()
  }
}

function write(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

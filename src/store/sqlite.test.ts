import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { accessDocumentStoreSuite } from './access-document-store.suite.ts'
import { accountStoreSuite } from './account-store.suite.ts'
import { acmeRecord, acmeStoreSuite } from './acme-store.suite.ts'
import { accessRequestStoreSuite } from './access-request-store.suite.ts'
import { blockedPersonStoreSuite, refusalStoreSuite } from './blocked-person-store.suite.ts'
import { changeFeedSuite } from './change-feed.suite.ts'
import { deviceCodeStoreSuite } from './device-code-store.suite.ts'
import { namedTunnelStoreSuite } from './named-tunnel-store.suite.ts'
import { publishCredentialStoreSuite } from './publish-credential-store.suite.ts'
import { ocspAnswerStoreSuite } from './ocsp-answer-store.suite.ts'
import { providerLogoutStoreSuite } from './provider-logout-store.suite.ts'
import { scimStoreSuite } from './scim-store.suite.ts'
import { auditIndexStoreSuite } from './audit-index-store.suite.ts'
import { sampleStoreSuite } from './sample-store.suite.ts'
import { sessionRecord, sessionStoreSuite } from './session-store.suite.ts'
import { serviceAccountStoreSuite } from './service-account-store.suite.ts'
import { signingKeyRecord, signingKeyStoreSuite } from './signing-key-store.suite.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

async function openInMemory(t: TestContext): Promise<Store> {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  return store
}

sessionStoreSuite('SQLite', openInMemory)
deviceCodeStoreSuite('SQLite', openInMemory)
serviceAccountStoreSuite('SQLite', openInMemory)
namedTunnelStoreSuite('SQLite', openInMemory)
publishCredentialStoreSuite('SQLite', openInMemory)
signingKeyStoreSuite('SQLite', openInMemory)
accessDocumentStoreSuite('SQLite', openInMemory)
accessRequestStoreSuite('SQLite', openInMemory)
blockedPersonStoreSuite('SQLite', openInMemory)
refusalStoreSuite('SQLite', openInMemory)
sampleStoreSuite('SQLite', openInMemory)
auditIndexStoreSuite('SQLite', openInMemory)
acmeStoreSuite('SQLite', openInMemory)
ocspAnswerStoreSuite('SQLite', openInMemory)
providerLogoutStoreSuite('SQLite', openInMemory)
scimStoreSuite('SQLite', openInMemory)
accountStoreSuite('SQLite', openInMemory)
changeFeedSuite('SQLite', openInMemory)

const secrets = [{ setting: 'shared_secret', bytes: new Uint8Array(32).fill(3) }] as const

function temporaryPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'store-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'postern.db')
}

test('a stored route is read whatever became of its tags', async (t) => {
  const path = temporaryPath(t)
  const store = await openSqliteStore(path, secrets)
  t.after(() => store.close())
  const form = { body: '{}', isDisabled: false, tags: ['prod'] }
  const author = { by: 'ada', atMs: 0, note: '', basedOn: 0 }
  const limits = {
    maxDocuments: 9,
    maxBytes: 9_000,
    maxHistoryPerDocument: 9,
    maxHistory: 9,
    maxHistoryBytes: 9_000,
  }
  const write = { kind: 'route', id: 'db', change: 'created', expected: undefined, form } as const
  await store.accessDocuments.write([write], author, limits)
  const database = new DatabaseSync(path)
  t.after(() => database.close())
  const read = async (tags: string): Promise<unknown> => {
    database.prepare('update access_documents set tags = ?').run(tags)
    return (await store.accessDocuments.list()).documents.map((it) => it.tags)
  }
  assert.deepEqual(await read('["prod"'), [[]])
  assert.deepEqual(await read('"prod"'), [[]])
  assert.deepEqual(await read('["a", 1]'), [['a']])
})

test('what was kept is there after closing and opening again', async (t) => {
  const path = temporaryPath(t)
  const first = await openSqliteStore(path, secrets)
  await first.sessions.add(sessionRecord())
  await first.close()
  await first.close()
  const second = await openSqliteStore(path, secrets)
  t.after(() => second.close())
  assert.deepEqual(await second.sessions.get('s-1'), { ...sessionRecord(), revision: 1 })
})

test('every file of the database is readable by its owner only', async (t) => {
  const path = temporaryPath(t)
  writeFileSync(path, '', { mode: 0o644 })
  const store = await openSqliteStore(path, secrets)
  t.after(() => store.close())
  await store.sessions.add(sessionRecord())
  const files = readdirSync(join(path, '..'))
  assert.deepEqual(files.sort(), ['postern.db', 'postern.db-shm', 'postern.db-wal'])
  for (const file of files) {
    assert.equal(statSync(join(path, '..', file)).mode & 0o777, 0o600, file)
  }
})

test('the tokens of a session that has ended do not stay in the file', async (t) => {
  const path = temporaryPath(t)
  const store = await openSqliteStore(path, secrets)
  await store.sessions.add(sessionRecord({ refreshToken: 'a-refresh-token-to-forget' }))
  await store.sessions.remove('s-1', 'revoked')
  await store.close()
  assert.ok(!readFileSync(path).includes('a-refresh-token-to-forget'))
})

test('a file that is no database is refused with its name, and left as it is', async (t) => {
  const path = temporaryPath(t)
  const text = 'this is a text file, not a database'.repeat(100)
  writeFileSync(path, text)
  await assert.rejects(openSqliteStore(path, secrets), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'database-unusable')
    assert.ok(error.message.includes(`"${path}"`), error.message)
    return true
  })
  assert.equal(readFileSync(path, 'utf8'), text)
})

test('a directory that is not there is refused with the name of the file', async (t) => {
  const path = join(temporaryPath(t), 'missing', 'postern.db')
  await assert.rejects(openSqliteStore(path, secrets), { code: 'database-unusable' })
})

test('a database of a later release is refused before anything is changed', async (t) => {
  const path = temporaryPath(t)
  await (await openSqliteStore(path, secrets)).close()
  const database = new DatabaseSync(path)
  database
    .prepare('insert into kysely_migration (name, timestamp) values (?, ?)')
    .run('9999-from-the-future', new Date(0).toISOString())
  database.close()
  await assert.rejects(openSqliteStore(path, secrets), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'database-too-new')
    assert.ok(error.message.includes(path) && error.message.includes('9999-from-the-future'))
    return true
  })
})

test('old changes are forgotten, and whoever asks for them is told so', async (t) => {
  const path = temporaryPath(t)
  await (await openSqliteStore(path, secrets)).close()
  const database = new DatabaseSync(path)
  database.exec(`
    update counters set value = 100998 where name = 'revision';
    insert into changes (revision, kind, id, change)
      values (999, 'session', 'old', 'kept'), (1000, 'session', 'old', 'kept'), (1001, 'session', 'old', 'kept')`)
  database.close()
  const store = await openSqliteStore(path, secrets)
  t.after(() => store.close())
  const read = async (since: number) => {
    const { changes, isWhole } = await store.feed.changes(since)
    return [changes.map(({ revision }) => revision), isWhole]
  }
  await store.sessions.add(sessionRecord({ id: 'a' }))
  assert.deepEqual(await read(0), [[999, 1000, 1001, 100_999], true])
  assert.equal(await store.sessions.add(sessionRecord({ id: 'b' })), 101_000)
  assert.deepEqual(await read(0), [[1001, 100_999, 101_000], false])
  assert.deepEqual(await read(999), [[1001, 100_999, 101_000], false])
  assert.deepEqual(await read(1000), [[1001, 100_999, 101_000], true])
})

test('two who open a new database one after the other find the same tables', async (t) => {
  const path = temporaryPath(t)
  const [first, second] = [
    await openSqliteStore(path, secrets),
    await openSqliteStore(path, secrets),
  ]
  t.after(() => Promise.all([first.close(), second.close()]))
  await first.sessions.add(sessionRecord())
  assert.equal((await second.sessions.get('s-1'))?.id, 's-1')
})

test('the private key of a fetched certificate does not stand in the file', async (t) => {
  const path = temporaryPath(t)
  const store = await openSqliteStore(path, secrets)
  await store.acme.put(acmeRecord())
  await store.close()
  assert.ok(!readFileSync(path).includes('a private key to keep secret'))
})

test('the private part of a signing key does not stand in the file', async (t) => {
  const path = temporaryPath(t)
  const store = await openSqliteStore(path, secrets)
  await store.signingKeys.add(signingKeyRecord(), undefined)
  await store.close()
  assert.ok(!readFileSync(path).includes('a private key to keep secret'))
})

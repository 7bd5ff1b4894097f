import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { deviceCodeRecord } from './device-code-store.suite.ts'
import { namedTunnelRecord } from './named-tunnel-store.suite.ts'
import { publishCredentialRecord } from './publish-credential-store.suite.ts'
import { serviceAccountRecord } from './service-account-store.suite.ts'
import { sessionRecord } from './session-store.suite.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Change } from './store.ts'

const secrets = [{ setting: 'shared_secret', bytes: new Uint8Array(32).fill(3) }] as const
const expiresAtMs = 4_000_000_000_000
/** Each is as a migration leaves it, with a row in every table, and was written by the program of that time. */
const databases = ['0004', '0008', '0012'] as const

test('a database of the release before is opened with all that it has', async (t) => {
  const store = await openSqliteStore(oldDatabase(t), secrets)
  t.after(() => store.close())
  const alice = sessionRecord({ expiresAtMs })
  assert.deepEqual(await store.sessions.get('s-1'), { ...alice, revision: 0 })
  assert.deepEqual((await store.sessions.list()).map(({ id }) => id).toSorted(), ['s-1', 's-2'])
  const account = { ...serviceAccountRecord(), revision: 0 }
  assert.deepEqual(await store.serviceAccounts.get('backup'), account)
  const device = deviceCodeRecord({ expiresAtMs })
  assert.deepEqual(await store.deviceCodes.findBySecretHash('h-1', 0), device)
  assert.equal((await store.codes.take('a-code-hash', 0))?.sessionId, 's-1')
  assert.deepEqual(await store.feed.changes(0), { changes: [], revision: 0, isWhole: true })
})

test('its rows are written and ended as new ones are', async (t) => {
  const store = await openSqliteStore(oldDatabase(t), secrets)
  t.after(() => store.close())
  const heard: Change[] = []
  store.feed.onChanges((changes) => void heard.push(...changes))
  const read = await store.sessions.get('s-1')
  assert.ok(read)
  const both = ['one', 'two'].map((name) => store.sessions.update({ ...read, name }, 'changed'))
  assert.deepEqual(await Promise.all(both), [1, undefined])
  assert.equal(await store.sessions.remove('s-2', 'revoked'), true)
  assert.deepEqual(
    heard.map(({ revision, id, change }) => [revision, id, change]),
    [
      [1, 's-1', 'changed'],
      [2, 's-2', 'ended'],
    ],
  )
})

for (const at of databases)
  test(`a database of ${at} keeps every row, and gets the tables of a new one`, async (t) => {
    const [old, fresh] = [oldDatabase(t, at), join(temporaryDirectory(t), 'postern.db')]
    const before = rowsOf(old)
    assert.ok(before.size >= 5 && [...before.values()].every((rows) => rows.length > 0))
    for (const path of [old, fresh]) await (await openSqliteStore(path, secrets)).close()
    const schema = schemaOf(fresh)
    assert.ok(schema.some(({ name }) => name === 'access_history_bytes'))
    assert.deepEqual(schemaOf(old), schema)
    const after = rowsOf(old)
    for (const [table, rows] of before)
      assert.deepEqual(withKeysOf(rows, after.get(table) ?? []), rows, table)
  })

test('of a history of before it is known how much each change takes', async (t) => {
  const path = oldDatabase(t, '0012')
  await (await openSqliteStore(path, secrets)).close()
  const history = rowsOf(path).get('access_history') ?? []
  assert.equal(history.length, 3)
  for (const { before, after, bytes } of history)
    assert.equal(bytes, Buffer.byteLength(textOf(before)) + Buffer.byteLength(textOf(after)))
})

test('named tunnels of before are those of the users whose names they have', async (t) => {
  const path = join(temporaryDirectory(t), 'postern.db')
  const before = await openSqliteStore(path, secrets)
  await before.publishCredentials.add(publishCredentialRecord(), 1)
  for (const createdBy of ['alice@example.com', 'u-bob'])
    await before.namedTunnels.add(
      namedTunnelRecord({ id: createdBy, name: createdBy, createdBy }),
      { maxTunnels: 9, maxPerPerson: 9, maxDeleted: 9 },
    )
  await before.close()
  const database = new DatabaseSync(path)
  database.exec(
    "alter table named_tunnels drop column user_id; alter table sessions drop column provider; delete from kysely_migration where name >= '0008'",
  )
  for (const table of tablesSince0008) database.exec(`drop table ${table}`)
  database.exec(`${withoutSid}; ${withoutUse}`)
  database.close()
  const store = await openSqliteStore(path, secrets)
  t.after(() => store.close())
  assert.deepEqual(
    (await store.namedTunnels.list()).map(({ userId }) => userId),
    ['u-alice', 'u-bob'],
  )
})

test('sessions of before are known by the sign-in that their claims name', async (t) => {
  const path = join(temporaryDirectory(t), 'postern.db')
  const before = await openSqliteStore(path, secrets)
  await before.sessions.add(sessionRecord({ id: 'named', claims: { sid: 'one' } }))
  await before.sessions.add(sessionRecord({ id: 'odd', claims: { sid: 7 } }))
  await before.sessions.add(sessionRecord({ id: 'unnamed' }))
  await before.close()
  const database = new DatabaseSync(path)
  database.exec("delete from kysely_migration where name >= '0018'; drop table provider_logouts")
  for (const table of tablesSince0020) database.exec(`drop table ${table}`)
  database.exec(`${withoutSid}; ${withoutUse}`)
  database.close()
  const store = await openSqliteStore(path, secrets)
  t.after(() => store.close())
  const sids = (await store.sessions.list()).map(({ id, sid }) => [id, sid])
  assert.deepEqual(sids, [
    ['named', 'one'],
    ['odd', undefined],
    ['unnamed', undefined],
  ])
})

const withoutSid = 'drop index sessions_sid; alter table sessions drop column sid'
const withoutUse = ['address', 'client', 'last_used_at_ms']
  .map((name) => `alter table sessions drop column ${name}`)
  .join('; ')

const tablesSince0020 = ['accounts', 'passkeys', 'passkey_challenges', 'ocsp_answers']

/** Later migrations make these, and would find them there. */
const tablesSince0008 = [
  ...tablesSince0020,
  'acme_records',
  'access_documents',
  'access_history',
  'access_requests',
  'audit_index',
  'audit_places',
  'blocked_people',
  'provider_logouts',
  'refusals',
  'samples',
  'scim_resources',
]

type Row = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Those of a list of rows that may have more keys by now. */
function withKeysOf(rows: readonly Row[], now: readonly Row[]): readonly Row[] {
  const keys = Object.keys(rows[0] ?? {})
  return now.map((row) => Object.fromEntries(keys.map((key) => [key, row[key]])))
}

/** By table; those of the migrator are left out. */
function rowsOf(path: string): ReadonlyMap<string, readonly Row[]> {
  const database = new DatabaseSync(path)
  try {
    const sql = "select name from sqlite_master where type = 'table' and name not like 'kysely%'"
    const names = database.prepare(sql).all()
    return new Map(
      names.map(({ name }) => {
        const rows = database.prepare(`select * from "${textOf(name)}" order by 1, 2`).all()
        return [textOf(name), rows.map((row) => ({ ...row }))]
      }),
    )
  } finally {
    database.close()
  }
}

function oldDatabase(t: TestContext, at: (typeof databases)[number] = '0004'): string {
  const path = join(temporaryDirectory(t), 'postern.db')
  const database = new DatabaseSync(path)
  database.exec(readFileSync(new URL(`at-${at}.fixture.sql`, import.meta.url), 'utf8'))
  database.close()
  return path
}

function schemaOf(path: string): readonly Row[] {
  const database = new DatabaseSync(path)
  try {
    const sql = 'select type, name, sql from sqlite_master order by type, name'
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'migrations-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

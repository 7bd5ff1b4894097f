import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { signingKeyRecord } from './signing-key-store.suite.ts'
import { discardUnreadableRows } from './sqlite-database.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'
import type { TokenSecret } from './token-cipher.ts'

const secret = (fill: number): TokenSecret => ({
  setting: 'shared_secret',
  bytes: new Uint8Array(32).fill(fill),
})

test('signing keys move to another secret with the tokens, and are the same', async (t) => {
  const path = await withSigningKey(t)
  const both = await openSqliteStore(path, [secret(2), secret(1)])
  assert.equal((await both.tokenKeys.list()).length, 2)
  assert.deepEqual(await both.tokenKeys.begin(0), { isResumed: true })
  await both.tokenKeys.move('')
  assert.equal((await both.tokenKeys.list()).length, 1)
  assert.deepEqual(await keysOf(both), [signingKeyRecord()])
  await both.close()
  const after = await openSqliteStore(path, [secret(2)])
  t.after(() => after.close())
  assert.deepEqual(await keysOf(after), [signingKeyRecord()])
})

test('signing keys need their secret, or are discarded by whoever has lost it', async (t) => {
  const path = await withSigningKey(t)
  await assert.rejects(openSqliteStore(path, [secret(2)]), {
    code: 'token-key-missing',
    message: /a signing key of this gateway cannot be read/,
  })
  assert.deepEqual(await discardUnreadableRows(path, [secret(2)]), {
    sessions: 0,
    signingKeys: ['connector-grant'],
  })
  const after = await openSqliteStore(path, [secret(2)])
  t.after(() => after.close())
  assert.deepEqual(await keysOf(after), [])
})

function keysOf(store: Store) {
  return store.signingKeys.list('connector-grant')
}

async function withSigningKey(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'signing-keys-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'postern.db')
  const store = await openSqliteStore(path, [secret(1)])
  await store.signingKeys.add(signingKeyRecord(), undefined)
  await store.close()
  return path
}

import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { acmeRecord } from '../../../src/store/acme-store.suite.ts'
import { signingKeyRecord } from '../../../src/store/signing-key-store.suite.ts'
import { openDatabaseHere } from '../../../src/store/sqlite-database.ts'
import { keptIn } from './kept.ts'

function makeKey(): { readonly pem: string; readonly number: Buffer } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { pem, number: Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url') }
}

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-test-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

test('private keys that a database keeps encrypted are collected by the key beside it', async (t) => {
  const directory = await makeDirectory(t)
  const database = join(directory, 'postern.db')
  const bytes = randomBytes(32)
  const store = await openDatabaseHere(database, [{ setting: 'shared_secret', bytes }])
  const [signing, account] = [makeKey(), makeKey()]
  await store.signingKeys.add(
    signingKeyRecord({ purpose: 'ssh-ca', privateKey: signing.pem }),
    undefined,
  )
  await store.acme.put(acmeRecord({ kind: 'account', privateKey: account.pem }))
  await store.close()
  const before = await readFile(database)
  assert.deepEqual(await keptIn(database), [], 'without its key')

  await writeFile(join(directory, 'shared_secret'), bytes.toString('base64'))
  const found = (await keptIn(database)).map((secret) => Buffer.from(secret))
  for (const { number } of [signing, account])
    assert.ok(found.some((secret) => secret.equals(number)))
  assert.deepEqual(await readFile(database), before)
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { formatIdAndSecret, parseIdAndSecret } from './id-and-secret.ts'
import { exposedServiceAccount, readServiceAccount } from './given.ts'

async function fileOf(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-credential-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'credential')
  await writeFile(path, text, { mode: 0o600 })
  return path
}

test('a token comes from an option, a file or the environment, in that order', async (t) => {
  const serviceAccountFile = await fileOf(t, 'aa.bb.file\n')
  const env = {
    POSTERN_SERVICE_ACCOUNT: 'aa.bb.variable',
    TUNNEL_SERVICE_TOKEN_ID: 'i',
    TUNNEL_SERVICE_TOKEN_SECRET: 's',
  }
  assert.equal(await readServiceAccount({ serviceAccount: ' a.b.c ' }, env), 'a.b.c')
  assert.equal(await readServiceAccount({ serviceAccountFile }, env), 'aa.bb.file')
  assert.equal(await readServiceAccount({}, env), 'aa.bb.variable')
  const byFile = { ...env, POSTERN_SERVICE_ACCOUNT: '' }
  assert.equal(
    await readServiceAccount({}, { ...byFile, POSTERN_SERVICE_ACCOUNT_FILE: serviceAccountFile }),
    'aa.bb.file',
  )
  assert.equal(await readServiceAccount({}, byFile), 'i:s')
  assert.equal(await readServiceAccount({ serviceTokenId: 'other' }, env), 'other:s')
  assert.equal(await readServiceAccount({}, {}), undefined)
})

test('an id and secret come from the file that was written for them', async (t) => {
  const written = formatIdAndSecret({ id: 'ci', secret: 'postern_abc' })
  const serviceAccountFile = await fileOf(t, written)
  assert.equal(await readServiceAccount({ serviceAccountFile }, {}), 'ci:postern_abc')
})

test('lines of an id and secret are read as shells and systemd read them', () => {
  const pair = { id: 'ci', secret: 's' }
  const id = 'TUNNEL_SERVICE_TOKEN_ID'
  const secret = 'TUNNEL_SERVICE_TOKEN_SECRET'
  for (const text of [
    `${id}=ci\n${secret}=s\n`,
    `# of the build\n\nexport ${secret}="s"\r\nexport ${id}='ci'`,
  ]) {
    assert.deepEqual(parseIdAndSecret(text), pair, text)
  }
  for (const text of [
    '',
    'aa.bb.cc',
    `${id}=ci\n`,
    `${id}=ci\n${secret}=\n`,
    `${id}=ci\n${secret}=s\nX=1`,
  ]) {
    assert.equal(parseIdAndSecret(text), undefined, text)
  }
})

test('what cannot be a credential is told, and never shown', async (t) => {
  const code = 'invalid-service-account'
  const reject = async (reading: Promise<unknown>, message: RegExp): Promise<void> => {
    await assert.rejects(reading, (error: Error & { code?: string }) => {
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  }
  const serviceAccountFile = await fileOf(t, 'hunter2 is no token\n')
  await reject(readServiceAccount({ serviceAccount: 'hunter2 no' }, {}), /is not a token/)
  await reject(readServiceAccount({ serviceAccountFile }, {}), /holds no service account/)
  await reject(readServiceAccount({ serviceTokenId: 'ci' }, {}), /id .* without its secret/)
  await reject(readServiceAccount({ serviceTokenSecret: 'hunter2' }, {}), /without its id/)
  for (const bad of ['a b', 'ü', 'a:b', '']) {
    const pair = { serviceTokenId: bad, serviceTokenSecret: 'hunter2' }
    await reject(readServiceAccount(pair, {}), /cannot be right/)
  }
  const both = { serviceAccount: 'a.b.c', serviceTokenId: 'ci' }
  await reject(readServiceAccount(both, {}), /"--service-account" and "--service-token-id"/)
  const missing = readServiceAccount({ serviceAccountFile: '/nonexistent' }, {})
  await assert.rejects(missing, { code: 'service-account-unreadable' })
})

test('a secret that was an argument is known to be one', () => {
  assert.equal(exposedServiceAccount({ serviceAccount: 'x' }), '--service-account')
  assert.equal(exposedServiceAccount({ serviceTokenSecret: 'x' }), '--service-token-secret')
  assert.equal(exposedServiceAccount({ serviceAccountFile: 'x', serviceTokenId: 'x' }), undefined)
})

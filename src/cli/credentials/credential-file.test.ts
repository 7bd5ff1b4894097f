import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCredentialFile } from './credential-file.ts'
import { formatIdAndSecret } from './id-and-secret.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-credential-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** A token that names a service account, as far as one can see without its key. */
function tokenOf(id: string): string {
  const [head, claims] = [{ alg: 'HS256' }, { jti: id }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return `${head}.${claims}.signature\n`
}

test('a credential is there whole, for its owner only, and nothing beside it', async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'token')
  const pair = formatIdAndSecret({ id: 'ci', secret: 'postern_abc' })
  for (const [text, replacedId] of [
    [tokenOf('ci'), undefined],
    [pair, 'ci'],
    ['', 'ci'],
    [tokenOf('ci'), 'ci'],
  ] as const) {
    await using file = await openCredentialFile(path, replacedId)
    await file.keep(text)
    assert.equal(await readFile(path, 'utf8'), text)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
  assert.deepEqual(await readdir(folder), ['token'])
})

test('a file that holds anything but a credential of the same one is never replaced', async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'postern.yaml')
  for (const text of [
    'routes: []\n',
    'a.b.c',
    tokenOf('other'),
    formatIdAndSecret({ id: 'other', secret: 's' }),
    `${tokenOf('ci')}${tokenOf('ci')}`,
  ]) {
    await writeFile(path, text)
    await assert.rejects(openCredentialFile(path, 'ci'), {
      code: 'output-exists',
      message: /already exists and holds no credential of "ci"$/,
    })
    assert.equal(await readFile(path, 'utf8'), text)
  }
  await rm(path)
  await mkdir(path)
  await assert.rejects(openCredentialFile(path, 'ci'), { code: 'output-exists' })
  assert.deepEqual(await readdir(folder), ['postern.yaml'])
})

test('what would fail fails before there is a credential, and leaves nothing', async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'token')
  await writeFile(path, tokenOf('ci'))
  await assert.rejects(openCredentialFile(path), { code: 'output-exists' })
  await assert.rejects(openCredentialFile(join(folder, 'no', 'token'), 'ci'), {
    code: 'output-unusable',
  })
  {
    await using _ = await openCredentialFile(path, 'ci')
  }
  assert.deepEqual(await readdir(folder), ['token'])
  assert.equal(await readFile(path, 'utf8'), tokenOf('ci'))
})

test('a file that appears meanwhile is not replaced', async (t) => {
  const path = join(await folderOf(t), 'token')
  for (const replacedId of [undefined, 'ci']) {
    await using file = await openCredentialFile(path, replacedId)
    await writeFile(path, 'mine')
    await assert.rejects(file.keep('credential'), { code: 'output-exists' })
    assert.equal(await readFile(path, 'utf8'), 'mine')
    await rm(path)
  }
})

import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCredentialFile } from './credential-file.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-credential-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

test('a credential is there whole, for its owner only, and nothing beside it', async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'token')
  for (const [text, mayReplace] of [
    ['first\n', false],
    ['second\n', true],
  ] as const) {
    await using file = await openCredentialFile(path, mayReplace)
    await file.keep(text)
    assert.equal(await readFile(path, 'utf8'), text)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
  assert.deepEqual(await readdir(folder), ['token'])
})

test('what would fail fails before there is a credential, and leaves nothing', async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'token')
  await writeFile(path, 'mine')
  await assert.rejects(openCredentialFile(path, false), { code: 'output-exists' })
  await assert.rejects(openCredentialFile(join(folder, 'no', 'token'), true), {
    code: 'output-unusable',
  })
  {
    await using _ = await openCredentialFile(path, true)
  }
  assert.deepEqual(await readdir(folder), ['token'])
  assert.equal(await readFile(path, 'utf8'), 'mine')
})

test('a file that appears meanwhile is not replaced', async (t) => {
  const path = join(await folderOf(t), 'token')
  await using file = await openCredentialFile(path, false)
  await writeFile(path, 'mine')
  await assert.rejects(file.keep('credential'), { code: 'output-exists' })
  assert.equal(await readFile(path, 'utf8'), 'mine')
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from './folder.ts'

test('only this user can read what is written, and programs can be run', async () => {
  using folder = makeFolder()
  assert.equal(statSync(folder.path).mode & 0o777, 0o700)
  assert.equal(statSync(await folder.write('a', 'x')).mode & 0o777, 0o600)
  assert.equal(statSync(await folder.writeProgram('b', 'x')).mode & 0o777, 0o700)
})

test('disposing removes everything but what is kept', async (t) => {
  let path: string
  let kept: string | undefined
  {
    using folder = makeFolder()
    path = folder.path
    await folder.write('gateway.log', 'a line\n')
    kept = folder.keep('gateway.log')
    assert.equal(folder.keep('nothing'), undefined)
  }
  t.after(() => rmSync(kept ?? '', { force: true }))
  assert.ok(!existsSync(path))
  assert.equal(readFileSync(kept ?? '', 'utf8'), 'a line\n')
})

test('where none can be made the directory is named, and what to set', () => {
  const nowhere = join(import.meta.dirname, 'nowhere')
  assert.throws(() => makeFolder(nowhere), {
    code: 'folder-not-made',
    message: `cannot make a folder in "${nowhere}": ENOENT`,
    hint: 'set TMPDIR to a directory that you may write to',
  })
})

import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { markOf } from '../../autostart/written-by.ts'
import { runProgramSync } from '../../program.fixture.ts'
import { ownerOf, putOwnFile, removeOwnFile } from './own-file.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-own-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const text = (id?: string): string => `# ${markOf(id)}\n`

test('a file of ours is written, kept as it is, replaced and removed', (t) => {
  const folder = folderOf(t)
  const path = join(folder, 'a', 'b', 'file')
  assert.equal(putOwnFile(path, text(), 0o755), true)
  assert.equal(statSync(path).mode & 0o777, 0o755)
  assert.equal(putOwnFile(path, text(), 0o755), false)
  chmodSync(path, 0o600)
  assert.equal(putOwnFile(path, text(), 0o755), true)
  assert.equal(statSync(path).mode & 0o777, 0o755)
  assert.equal(putOwnFile(path, `${text()}more\n`, 0o644), true)
  assert.equal(readFileSync(path, 'utf8'), `${text()}more\n`)
  assert.deepEqual(readdirSync(join(folder, 'a', 'b')), ['file'])
  assert.equal(removeOwnFile(path), true)
  assert.equal(removeOwnFile(path), false)
})

test("somebody else's file is neither replaced nor removed", (t) => {
  const path = join(folderOf(t), 'file')
  for (const theirs of ['[Unit]\n', `${' '.repeat(500)}${text()}`, text().repeat(5_000)]) {
    writeFileSync(path, theirs)
    assert.throws(() => putOwnFile(path, text(), 0o644), { code: 'file-not-ours' })
    assert.equal(removeOwnFile(path), false)
    assert.equal(readFileSync(path, 'utf8'), theirs)
  }
})

test('what was written for one thing is not replaced by another', (t) => {
  const path = join(folderOf(t), 'file')
  putOwnFile(path, text('db-1'), 0o644, 'db-1')
  assert.throws(() => putOwnFile(path, text('db'), 0o644, 'db'), { code: 'file-not-ours' })
  assert.equal(putOwnFile(path, `${text('db-1')}\n`, 0o644, 'db-1'), true)
})

test('nobody waits for a pipe, and a folder is not ours', { timeout: 10_000 }, (t) => {
  const folder = folderOf(t)
  runProgramSync('mkfifo', [join(folder, 'pipe')])
  mkdirSync(join(folder, 'folder'))
  symlinkSync('loop', join(folder, 'loop'))
  for (const name of ['pipe', 'folder', 'loop']) {
    assert.equal(ownerOf(join(folder, name)), 'somebody', name)
    assert.throws(() => putOwnFile(join(folder, name), text(), 0o644), { code: 'file-not-ours' })
  }
})

test('a link that leads nowhere is not written through', (t) => {
  const folder = folderOf(t)
  const path = join(folder, 'link')
  symlinkSync(join(folder, 'elsewhere'), path)
  assert.throws(() => putOwnFile(path, text(), 0o644), { code: 'file-not-ours' })
  assert.deepEqual(readdirSync(folder), ['link'])
})

test('what cannot be written is named', (t) => {
  const folder = folderOf(t)
  writeFileSync(join(folder, 'file'), '')
  const path = join(folder, 'file', 'inner')
  assert.throws(() => putOwnFile(path, text(), 0o644), { code: 'file-not-written' })
})

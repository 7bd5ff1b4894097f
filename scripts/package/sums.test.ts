import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { addSums, readSums } from './sums.ts'

const release = mkdtempSync(join(tmpdir(), 'postern-sums-'))
const path = join(release, 'SHA256SUMS')
after(() => rmSync(release, { recursive: true }))

test('sums are added, and replaced, so that sha256sum checks them', () => {
  for (const text of ['one', 'another']) {
    writeFileSync(join(release, 'a'), text)
    writeFileSync(join(release, 'b'), 'b')
    addSums(release, ['a', 'b'])
  }
  assert.deepEqual([...readSums(path).keys()], ['a', 'b'])
  const check = runProgramSync('sha256sum', ['--check', '--strict', path], { cwd: release })
  assert.equal(check.status, 0, check.stderr)
})

test('a list that has anything else is refused whole', () => {
  writeFileSync(path, `${'0'.repeat(64)}  a.zip\n${'1'.repeat(64)} *b.zip\n`)
  assert.deepEqual(
    [...readSums(path)],
    [
      ['a.zip', '0'.repeat(64)],
      ['b.zip', '1'.repeat(64)],
    ],
  )
  writeFileSync(path, 'not found\n')
  assert.throws(() => readSums(path), /cannot be used: line 1 is no checksum/)
})

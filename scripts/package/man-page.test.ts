import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { commands } from '../../src/cli/command-list.ts'
import { runProgramSync } from '../../src/program.fixture.ts'
import { manPage } from './man-page.ts'
import { isMissing } from './peer.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-man-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'postern.1')
writeFileSync(path, await manPage())

test('man shows the page without a warning, with each command', { skip: isMissing('man') }, () => {
  const env = { MANWIDTH: '100', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: undefined }
  const args = ['--warnings', '-E', 'UTF-8', '-P', 'cat', '-l', path]
  const { status, stdout, stderr } = runProgramSync('man', args, { env })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  for (const { name } of commands)
    assert.match(stdout, new RegExp(`^POSTERN ${name.toUpperCase()}$`, 'm'), name)
  assert.match(stdout, /--transport <way>/)
  assert.match(stdout, /^\s+postern tcp redis\.corp\.example\.com:6379$/m)
})

test('mandoc finds no fault in the page', { skip: isMissing('mandoc') }, () => {
  const { stdout } = runProgramSync('mandoc', ['-T', 'lint', '-W', 'warning', path])
  // It has no date, so that the same release has the same page.
  assert.doesNotMatch(stdout.replace(/.*missing date.*\n/, ''), /./)
})

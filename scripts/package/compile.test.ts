import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { version } from '../../src/version.ts'
import { compileExecutable } from './compile.ts'
import { builtDist, builtExecutable } from './executable.fixture.ts'

const executable = builtExecutable()
const directory = mkdtempSync(join(tmpdir(), 'postern-compile-test-'))
after(() => rmSync(directory, { recursive: true }))

test('the executable is the program, and needs no file beside it', () => {
  const { status, stdout, stderr } = runProgramSync(executable, ['--version'], { cwd: directory })
  assert.deepEqual(
    { status, stdout, stderr },
    { status: 0, stdout: `postern ${version}\n`, stderr: '' },
  )
})

test('the same dist makes the same executable from any folder and under any name', () => {
  const elsewhere = join(directory, 'another', 'checkout')
  mkdirSync(elsewhere, { recursive: true })
  cpSync(builtDist(), join(elsewhere, 'dist'), { recursive: true })
  // What a checkout has beside its dist.
  writeFileSync(join(elsewhere, 'bunfig.toml'), '[define]\n"process.env.HOME" = "1"\n')
  const again = join(directory, 'another-name')
  compileExecutable({ dist: join(elsewhere, 'dist'), outfile: again })
  assert.equal(hashOf(again), hashOf(executable))
})

test('no path of the machine that made it is in the executable', () => {
  const bytes = readFileSync(executable)
  for (const path of [join(import.meta.dirname, '..', '..'), tmpdir() + '/postern-compile-'])
    assert.equal(bytes.indexOf(path), -1, path)
})

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

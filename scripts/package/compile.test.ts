import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { version } from '../../src/version.ts'
import { compileExecutable } from './compile.ts'
import { builtDist, builtExecutable } from './executable.fixture.ts'

const root = join(import.meta.dirname, '..', '..')
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

test('another checkout makes the same dist', () => {
  const checkout = join(directory, 'a checkout', 'further down')
  for (const name of ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(join(root, name), join(checkout, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const script = join(checkout, 'scripts', 'build.mjs')
  const { status, stderr } = runProgramSync(process.execPath, [script])
  assert.equal(status, 0, stderr)
  const [here, there] = [builtDist(), join(checkout, 'dist')]
  const files = filesIn(here)
  assert.deepEqual(filesIn(there), files)
  for (const file of files) assert.equal(hashOf(join(there, file)), hashOf(join(here, file)), file)
})

test('no path of the machine that made it is in the executable', () => {
  const bytes = readFileSync(executable)
  for (const path of [root, tmpdir() + '/postern-compile-'])
    assert.equal(bytes.indexOf(path), -1, path)
})

function filesIn(dist: string): string[] {
  const entries = readdirSync(dist, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => relative(dist, join(parentPath, name))).sort()
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

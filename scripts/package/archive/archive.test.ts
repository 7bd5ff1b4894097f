import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runProgramSync } from '../../../src/program.fixture.ts'
import { tarGz } from './tar.ts'
import { zip } from './zip.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-archive-'))
after(() => rmSync(directory, { recursive: true }))

const seconds = 1_700_000_000
const files = [
  { path: 'p/postern', bytes: Buffer.alloc(100_000, 'program '), isExecutable: true },
  { path: 'p/LICENSE', bytes: Buffer.from('a licence\n') },
  { path: 'p/empty', bytes: Buffer.alloc(0) },
]
/** By a program that is not ours. */
const kinds = {
  'a.tar.gz': { make: tarGz, unpack: ['tar', '-xpzf'], check: ['gzip', '-t'] },
  // Python is what every test machine has that reads zip archives.
  'a.zip': {
    make: zip,
    unpack: ['python3', '-m', 'zipfile', '-e'],
    check: ['python3', '-m', 'zipfile', '-t'],
  },
}

for (const [name, { make, unpack, check }] of Object.entries(kinds)) {
  test(`an archive "${name}" has the files, whoever reads it`, () => {
    const path = join(directory, name)
    writeFileSync(path, make(files, seconds))
    run([...check, path])
    run([...unpack, path, ...(name.endsWith('.zip') ? [directory] : [])])
    for (const { path, bytes } of files)
      assert.deepEqual(readFileSync(join(directory, path)), bytes, path)
    if (name.endsWith('.gz')) {
      assert.equal(readFileSync(path)[9], 255, 'the system that it was made on is said')
      assert.equal(statSync(join(directory, 'p/postern')).mode & 0o777, 0o755)
      assert.equal(statSync(join(directory, 'p/LICENSE')).mode & 0o777, 0o644)
      assert.equal(statSync(join(directory, 'p/postern')).mtimeMs, seconds * 1000)
    }
    rmSync(join(directory, 'p'), { recursive: true })
  })

  test(`the order in which files are given to "${name}" changes nothing`, () => {
    assert.deepEqual(make(files.toReversed(), seconds), make(files, seconds))
  })
}

test('modes and times of a zip archive are those of its files', () => {
  const path = join(directory, 'b.zip')
  writeFileSync(path, zip(files, seconds))
  const script =
    'import sys, zipfile\nfor i in zipfile.ZipFile(sys.argv[1]).infolist(): print(i.filename, oct(i.external_attr >> 16), *i.date_time)'
  assert.deepEqual(run(['python3', '-c', script, path]).trim().split('\n'), [
    'p/LICENSE 0o100644 2023 11 14 22 13 20',
    'p/empty 0o100644 2023 11 14 22 13 20',
    'p/postern 0o100755 2023 11 14 22 13 20',
  ])
})

function run([command = '', ...args]: readonly string[]): string {
  const { status, stdout, stderr } = runProgramSync(command, args, { cwd: directory })
  assert.equal(status, 0, stderr)
  return stdout
}

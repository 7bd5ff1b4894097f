import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { findProgram } from './find-program.ts'

test('a program is found by whole paths alone, the best one first, and as a file that can be run', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-find-'))
  t.after(() => rm(folder, { recursive: true }))
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await mkdir(join(one, 'psql'), { recursive: true })
  await mkdir(two)
  await writeFile(join(one, 'mariadb'), '', { mode: 0o644 })
  await writeFile(join(two, 'psql'), '', { mode: 0o755 })
  await writeFile(join(two, 'mysql'), '', { mode: 0o755 })
  const env = { PATH: `${one}:${two}` }
  assert.equal(findProgram(['psql'], env, 'linux'), join(two, 'psql'))
  assert.equal(findProgram(['mariadb', 'mysql'], env, 'linux'), join(two, 'mysql'))
  for (const path of [undefined, '', '.', `:${relative(process.cwd(), two)}`, '..'])
    assert.equal(findProgram(['psql'], { PATH: path }, 'linux'), undefined)
})

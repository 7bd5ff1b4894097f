import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { handOver } from './hand-over.ts'

test('where others see the arguments of programs and may connect, none has the code', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-hand-over-'))
  t.after(() => rm(directory, { recursive: true }))
  const url = 'http://127.0.0.1:23456/?x#code=secret'
  assert.equal(await handOver(url, directory, 'linux'), url)
  const handed = await handOver(url, directory, 'darwin')
  assert.doesNotMatch(handed, /secret/)
  const path = fileURLToPath(handed)
  assert.match(
    await readFile(path, 'utf8'),
    /content="0;url=http:\/\/127\.0\.0\.1:23456\/\?x#code=secret"/,
  )
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgramSync } from '../src/program.fixture.ts'

test('pages that are of these sources are not built again', () => {
  const build = () =>
    runProgramSync(process.execPath, [join(import.meta.dirname, 'build-web.mjs'), '--if-stale'])
  assert.equal(build().status, 0)
  const { status, stdout, stderr } = build()
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgramSync } from '../src/program.fixture.ts'

test('the slowest files come first, each with all of its tests', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-slowest-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const busy = (ms: number) =>
    `test('t', () => { const until = performance.now() + ${ms}; while (performance.now() < until); })\n`
  const files = { quick: busy(1), twice: busy(900).repeat(2), once: busy(1_100) }
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, `${name}.test.mjs`)
    // As `peerTest` does: the file that calls `test` is another.
    writeFileSync(path, `import { test } from './call.mjs'\n${text}`)
    return path
  })
  writeFileSync(
    join(folder, 'call.mjs'),
    `import * as node from 'node:test'\nexport const test = (name, run) => node.test(name, run)\n`,
  )
  const reporter = join(import.meta.dirname, 'slowest-files.ts')
  const { status, stdout } = runProgramSync(
    process.execPath,
    ['--test', `--test-reporter=${reporter}`, ...paths],
    { env: { NODE_TEST_CONTEXT: undefined } },
  )
  assert.equal(status, 0, stdout)
  const named = [...stdout.matchAll(/^ {2}\d+ s .*\b(\w+)\.test\.mjs$/gm)].map(([, name]) => name)
  assert.deepEqual(named, ['twice', 'once', 'quick'])
  assert.match(stdout, /^the slowest files:\n/)
})

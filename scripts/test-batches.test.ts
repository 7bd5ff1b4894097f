import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgramSync } from '../src/program.fixture.ts'
import { batchesOf, spread, writeBatches } from './test-batches.ts'

test('every file is in one batch or alone, those of a room together and of about one size', () => {
  const room = Array.from({ length: 25 }, (_, index) => `src/policy/rule-${index}.test.ts`)
  const others = ['src/clock.test.ts', 'src/net/deep/er/relay.test.ts', 'src/net/socket.test.ts']
  const apart = ['test/e2e/ssh.test.ts', 'scripts/run.test.ts']
  const { alone, together } = batchesOf([...room, ...others, ...apart])
  assert.deepEqual(alone, apart)
  assert.deepEqual([...together.values()].flat(), [...room, ...others])
  assert.deepEqual(
    [...together].map(([name, files]) => [name, files.length]),
    [
      ['policy-1', 9],
      ['policy-2', 9],
      ['policy-3', 7],
      ['src-1', 1],
      ['net-1', 2],
    ],
  )
})

test('a few stand evenly among many, and all keep their order', () => {
  assert.deepEqual(spread<string | number>(['a', 'b'], [1, 2, 3, 4, 5, 6]), [
    1,
    'a',
    2,
    3,
    4,
    'b',
    5,
    6,
  ])
  assert.deepEqual(spread([], [1, 2]), [1, 2])
  assert.deepEqual(spread(['a'], []), ['a'])
})

test('a batch runs the tests of all its files, and fails with one of them', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'postern-batches-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'src/a'), { recursive: true })
  const files = ['src/a/one.test.ts', 'src/a/two.test.ts', 'src/a/three.test.ts']
  const bodies = ['', '', `throw new Error('not so')`]
  for (const [index, file] of files.entries())
    writeFileSync(
      join(root, file),
      `import { test } from 'node:test'\ntest('of ${file}', () => { ${bodies[index]} })\n`,
    )
  const run = (of: readonly string[]) => {
    const [batch = ''] = writeBatches(root, join(root, 'batches'), batchesOf(of))
    return runProgramSync(process.execPath, ['--test', '--test-reporter=tap', batch], {
      env: { NODE_TEST_CONTEXT: undefined },
    })
  }
  const whole = run(files)
  assert.equal(whole.status, 1, whole.stdout)
  for (const file of files) assert.match(whole.stdout, new RegExp(`ok \\d+ - of ${file}`))
  assert.match(whole.stdout, /not ok \d+ - of src\/a\/three/)
  const good = run(files.slice(0, 2))
  assert.equal(good.status, 0, good.stdout)
  assert.match(good.stdout, /^# pass 2$/m)
})

// The short form of `npm run guards`: every entry is as the sources are, and some are run.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgram } from '../../src/program.fixture.ts'
import { attacks } from './attacks.ts'
import { checkGuard } from './check-guard.ts'
import { hasTest, type Guard } from './guard.ts'
import { createGuardRuns } from './run-guard.ts'

const guards = attacks.flatMap((attack) => attack.guards)

/** The fastest. */
const quick = [
  'a second cookie of the same name (tossing)',
  'a program’s place to return to, in 70 spellings of another site',
  'the page after a sign-in, in the same spellings',
]

describe('the guards against attacks', () => {
  test('are where they were, and their tests too', () => {
    const problems = guards.flatMap((guard) =>
      checkGuard(guard).map((problem) => `${guard.tries}: ${problem}`),
    )
    assert.deepEqual(problems, [])
    assert.ok(guards.length >= 80, `${guards.length}`)
    assert.equal(new Set(guards.map(({ tries }) => tries)).size, guards.length, 'each once')
  })

  test('fail their tests when they are taken away', async () => {
    const chosen = guards.filter(({ tries }) => quick.includes(tries))
    assert.equal(chosen.length, quick.length)
    const run = createGuardRuns(chosen)
    for (const guard of chosen) assert.equal((await run(guard)).outcome, 'held', guard.tries)
  })
})

describe('the tests of the guards', () => {
  const [guard] = guards
  const one = guard as Guard
  const with_ = (change: Partial<Guard>): Guard => ({ ...one, ...change })

  test('see a guard that moved, is there twice, or leaves no program behind', () => {
    const edit = (right: string, wrong: string) => checkGuard(with_({ edits: [{ right, wrong }] }))
    assert.match(
      String(edit('no such text', '')),
      /the guard moved: look again .* 0 times, not once/,
    )
    assert.match(String(edit('import', '')), /the guard moved: look again/)
    const [{ right } = { right: '' }] = one.edits
    assert.match(String(edit(right, 'if (')), /the guard moved: look again/)
    assert.match(String(checkGuard(with_({ file: 'gone.ts' }))), /there is no "src\/gone.ts"/)
  })

  test('see a test that is gone', () => {
    const file = 'test/guards/guards.test.ts'
    assert.ok(hasTest({ file, title: 'see a test that is gone' }))
    assert.ok(!hasTest({ file, title: 'see a test' }))
    assert.match(
      String(checkGuard(with_({ test: { file, title: 'nothing' } }))),
      /"test\/guards\/guards.test.ts" has no test "nothing"/,
    )
  })

  test('see a guard without which its test still passes, and one that the test does not load', async () => {
    const harmless = with_({
      file: 'identity/cookies.ts',
      edits: [{ right: 'Begins the name of every cookie of ours', wrong: 'Begins it' }],
      test: {
        file: 'src/identity/session-cookie.test.ts',
        title: 'clearing makes a browser forget it at once',
      },
    })
    const elsewhere = with_({
      file: 'tunnel/verify-grant.ts',
      edits: [{ right: 'maxGrantBytes = 8', wrong: 'maxGrantBytes = 9' }],
      test: harmless.test,
    })
    const run = createGuardRuns([harmless, elsewhere])
    assert.equal((await run(harmless)).outcome, 'missed')
    const { outcome, said } = await run(elsewhere)
    assert.deepEqual(
      [outcome, said],
      ['broken', 'the test does not load "src/tunnel/verify-grant.ts"'],
    )
  })

  test('the command lists, says how it is used, and takes nothing else', async () => {
    const guardsBy = (...args: readonly string[]) =>
      runProgram(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args])
    const listed = await guardsBy('--list', '--only', 'state and nonce replay')
    assert.equal((JSON.parse(listed.stdout) as unknown[]).length, attacks[0]?.guards.length)
    assert.match((await guardsBy('--help')).stdout, /^usage: npm run guards/)
    for (const wrong of [['--all'], ['--jobs', '0'], ['--only', 'no such attack']])
      assert.equal((await guardsBy(...wrong)).code, 2, String(wrong))
  })
})

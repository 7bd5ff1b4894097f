import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgramSync } from '../../src/program.fixture.ts'
import { argued as allArgued, type Argued } from './argued.ts'
import { changesSince } from './changed.ts'
import { judge } from './judge.ts'
import { inOneLine, nameOf, type Mutant, type Outcome } from './mutant.ts'
import { parseOptions } from './options.ts'
import { judgedOf, readRecord } from './record.ts'
import { partsOf } from './report.ts'
import type { Tested } from './run-stryker.ts'
import { root, sourcesInScope, sourcesOf, sourcesTouched, testsOf } from './scope.ts'
import { summaryOf } from './summary.ts'

const file = 'src/access/decide.ts'

function mutant(to: string, outcome: Outcome): Mutant {
  return { file, line: 1, mutator: 'BooleanLiteral', at: 'if (true)', from: 'true', to, outcome }
}

function mutants(killed: number, ...others: readonly Mutant[]): readonly Mutant[] {
  return [...Array.from({ length: killed }, (_, at) => mutant(`killed ${at}`, 'killed')), ...others]
}

function arguedOf(to: string, isEquivalent: boolean): Argued {
  const { outcome: _, line: __, ...name } = mutant(to, 'survived')
  return { ...name, isEquivalent, why: 'because' }
}

const nothingLeft = new Map<string, number>()

describe('the scope of mutants', () => {
  test('has all that decides about access, each source with tests that are there', () => {
    const sources = sourcesInScope()
    for (const one of [
      'src/tunnel/verify-grant.ts',
      file,
      'src/identity/logout-token.ts',
      'src/policy/language/verdict.ts',
    ])
      assert.ok(sources.includes(one), one)
    for (const source of sources) {
      assert.doesNotMatch(source, /\.(?:test|fixture|suite)\.ts$/)
      assert.ok(testsOf(source).length > 0, source)
      assert.ok(testsOf(source).every((one) => existsSync(join(root, one))))
    }
  })

  test('runs the test beside a source first', () => {
    assert.equal(testsOf('src/identity/tokens.ts')[0], 'src/identity/tokens.test.ts')
  })

  test('takes a folder, and nothing from elsewhere', () => {
    assert.ok(sourcesOf('src/access')?.includes(file))
    assert.equal(sourcesOf('src/net'), undefined)
    assert.equal(sourcesOf('src/acc'), undefined)
  })

  test('a change touches its sources, and those beside a changed test', () => {
    const changed = [file, 'src/policy/explain.test.ts', 'src/net/relay.ts', 'docs/policy.md']
    assert.deepEqual(sourcesTouched(changed), [file, 'src/policy/explain.ts'])
    assert.deepEqual(sourcesTouched([]), [])
  })

  test('a change of a source that was never run whole is named, and not judged', () => {
    const records = { [file]: { sha256: 'old', killed: 3, timedOut: 0, survivors: [] } }
    const { judged, unjudged } = judgedOf([file, 'src/access/denial.ts'], records)
    assert.deepEqual([judged, unjudged], [[file], ['src/access/denial.ts']])
  })
})

test('what has changed is told from where a branch left main, from the last commit, or from one that is named', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-mutants-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const git = (...args: readonly string[]): void => {
    const own = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args]
    assert.equal(runProgramSync('git', own, { cwd: folder }).status, 0, args.join(' '))
  }
  const commit = (name: string): void => {
    writeFileSync(join(folder, name), name)
    git('add', name)
    git('commit', '--quiet', '--message', name)
  }
  git('init', '--quiet')
  commit('one')
  assert.equal(changesSince(undefined, folder), undefined)
  commit('two')
  commit('three')
  assert.deepEqual(changesSince(undefined, folder)?.files, ['three'])
  git('update-ref', 'refs/remotes/origin/main', 'HEAD~2')
  assert.deepEqual(changesSince(undefined, folder)?.files, ['three', 'two'])
  git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  assert.deepEqual(changesSince(undefined, folder)?.files, ['three'])
  writeFileSync(join(folder, 'one'), 'not committed')
  assert.deepEqual(changesSince('HEAD~1', folder)?.files, ['one', 'three'])
  assert.throws(() => changesSince('gone', folder), /cannot compare with "gone"/)
})

describe('the verdict on mutants', () => {
  const judged = (all: readonly Mutant[], argued: readonly Argued[] = []) =>
    judge([file], { mutants: all, leftOut: nothingLeft }, argued)

  test('passes with nine of ten killed, and with one fewer fails', () => {
    const survivor = mutant('false', 'survived')
    assert.equal(judged(mutants(9, survivor)).isPassed, true)
    assert.equal(judged(mutants(8, survivor)).isPassed, false)
    assert.equal(judged(mutants(8, survivor)).score, 88.8)
  })

  test('what no test comes to has survived, what hangs is killed, what cannot start is neither', () => {
    assert.equal(judged(mutants(1, mutant('a', 'not-covered'))).score, 50)
    assert.equal(judged(mutants(1, mutant('a', 'timed-out'))).score, 100)
    assert.equal(judged(mutants(1, mutant('a', 'broken'))).score, 100)
  })

  test('only what is equivalent counts for nothing', () => {
    const all = mutants(1, mutant('same', 'survived'))
    const equivalent = judged(all, [arguedOf('same', true)])
    assert.deepEqual([equivalent.score, equivalent.unargued], [100, []])
    const left = judged(all, [arguedOf('same', false)])
    assert.deepEqual([left.score, left.unargued], [50, []])
    assert.equal(judged(all).unargued.length, 1)
  })

  test('an argument for a mutant that is killed or gone is stale', () => {
    const entry = arguedOf('killed 0', true)
    assert.deepEqual(judged(mutants(1), [entry]).stale, [entry])
    assert.deepEqual(judged(mutants(1, mutant('killed 0', 'survived')), [entry]).stale, [])
    const cut = { mutants: mutants(1), leftOut: new Map([[file, 1]]) }
    assert.deepEqual(judge([file], cut, [entry]).stale, [])
  })

  test('a run that could judge nothing in its time has not passed', () => {
    const verdictOf = (leftOut: ReadonlyMap<string, number | undefined>) =>
      judge([file], { mutants: [], leftOut }, [])
    assert.equal(verdictOf(new Map([[file, undefined]])).isPassed, false)
    assert.equal(verdictOf(new Map([[file, 3]])).isPassed, false)
    assert.equal(verdictOf(nothingLeft).isPassed, true, 'a source of types alone has no mutants')
    const lines = summaryOf(verdictOf(new Map([[file, undefined]])), { isCut: true, minutes: 2 })
    assert.match(lines[0] ?? '', /all not tested/)
    assert.match(lines.at(-1) ?? '', /^failed: none/)
  })

  test('the summary names what was left out, and each survivor with its line', () => {
    const cut = { mutants: mutants(9, mutant('false', 'survived')), leftOut: new Map([[file, 7]]) }
    const text = summaryOf(judge([file], cut, []), { isCut: true, minutes: 2 }).join('\n')
    assert.match(text, /9 killed, 1 survived, 7 not tested/)
    assert.match(text, /ended after 2 min/)
    assert.match(text, /src\/access\/decide\.ts:1: survived: BooleanLiteral: true → false/)
    assert.match(text, /^passed: 90 % of the mutants are killed, 90 % of each source are to be$/m)
  })

  test('each source is to reach it, whatever the others do', () => {
    const other = 'src/access/denial.ts'
    const all = [
      ...mutants(1, mutant('false', 'survived')),
      ...mutants(99).map((one) => ({ ...one, file: other })),
    ]
    const verdict = judge([file, other], { mutants: all, leftOut: nothingLeft }, [])
    assert.deepEqual([verdict.score, verdict.isPassed], [99, false])
  })

  test('a source that was not tested whole fails only when its rest could not make up for the survivors', () => {
    const judgedOfCut = (leftOut: number) => {
      const all = mutants(0, mutant('a', 'survived'), mutant('b', 'survived'))
      return judge([file], { mutants: all, leftOut: new Map([[file, leftOut]]) }, []).isPassed
    }
    assert.equal(judgedOfCut(18), true)
    assert.equal(judgedOfCut(17), false)
  })

  test('of what has changed, no time for a single mutant is said and no failure', () => {
    const judgedIn = (tested: Tested) => judge([file], tested, [], { mayBeNone: true })
    const none = judgedIn({ mutants: [], leftOut: new Map([[file, undefined]]) })
    assert.equal(none.isPassed, true)
    const lines = summaryOf(none, { isCut: true, minutes: 2 })
    assert.equal(lines.at(-1), 'passed: nothing could be judged')
    assert.equal(judgedIn({ mutants: [], leftOut: new Map([[file, 3]]) }).isPassed, true)
    const broken = mutants(0, mutant('a', 'broken'))
    assert.equal(judgedIn({ mutants: broken, leftOut: nothingLeft }).isPassed, false)
    const survivors = mutants(8, mutant('a', 'survived'))
    assert.equal(judgedIn({ mutants: survivors, leftOut: nothingLeft }).isPassed, false)
  })
})

describe('the report on mutants', () => {
  test('says what came of each source, and which were not run', () => {
    const { file: _, ...survivor } = mutant('false', 'survived')
    const records = { [file]: { sha256: 'old', killed: 3, timedOut: 0, survivors: [survivor] } }
    const sources = [file, 'src/access/denial.ts']
    const text = partsOf(records, sources, []).join('\n')
    assert.match(text, /1 of 2 sources were run, 4 mutants: 75 % of those/)
    assert.match(text, /decide\.ts` +\| 75 +\| 3 +\| 0 +\| 1 +\| 0 +\|$/m)
    assert.match(text, /Not run yet\n- `src\/access\/denial\.ts`/)
    assert.match(text, /nobody has argued\n- `src\/access\/decide\.ts:1`/)
    const argued = partsOf(records, sources, [arguedOf('false', true)]).join('\n')
    assert.match(argued, /Equivalent: because\n## Survivors that nobody has argued\nNone\./)
  })

  test('every argument is about a survivor of the last run', () => {
    const records = Object.entries(readRecord())
    const survivors = records.flatMap(([of, { survivors: all }]) =>
      all.map((one) => nameOf({ ...one, file: of })),
    )
    const known = new Set(survivors)
    assert.deepEqual(
      allArgued.filter((entry) => !known.has(nameOf(entry))),
      [],
    )
  })

  test('a mutant has the same name when its line moves or is laid out anew', () => {
    const one = { ...mutant('false', 'survived'), from: inOneLine('a &&\n   b') }
    const moved: Mutant = { ...one, line: 9, from: inOneLine('a && b') }
    assert.equal(nameOf(one), nameOf(moved))
    assert.notEqual(nameOf(one), nameOf({ ...one, at: 'else if (true)' }))
    assert.equal(inOneLine('x'.repeat(500)).length, 100)
  })
})

test('the command line of the mutants names what it does not understand', () => {
  assert.deepEqual(parseOptions(['src/access/', '--jobs', '1']), {
    names: ['src/access'],
    changed: false,
    base: undefined,
    stale: false,
    minutes: 0,
    jobs: 1,
    record: false,
  })
  const changed = parseOptions(['--changed', 'HEAD~3', '--minutes', '2'])
  assert.deepEqual(
    [changed !== 'help' && changed.base, changed !== 'help' && changed.minutes],
    ['HEAD~3', 2],
  )
  assert.throws(() => parseOptions(['--minutes', 'two']), /"--minutes" is "two", expected a number/)
  assert.throws(() => parseOptions(['--changed', 'a', 'b']), /one commit/)
})

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'

import { runProgram } from '../src/program.fixture.ts'
import { readCorpus, unescaped } from './engine/corpus-file.ts'
import { plants } from './plants.ts'
import type { Result } from './run-targets.ts'

const main = join(import.meta.dirname, 'main.ts')
const corpora = join(import.meta.dirname, 'corpus')
const targets = readdirSync(join(import.meta.dirname, 'targets')).map((file) => file.slice(0, -3))
/** Inputs of each target here, besides its corpus, and minutes for all of them: `.ci/run` makes thousands, `npm run fuzz` by hand millions. */
const [inputs, minutes] = [100, 1]
/** Inputs in which a planted bug must be found: many times what it takes. */
const plantedInputs = 200_000

describe('every parser of foreign bytes', () => {
  test('holds for its corpus and some new inputs, and its corpus reaches what it promises', async () => {
    const { code, stderr, results } = await fuzz(
      `--inputs=${inputs}`,
      `--minutes=${minutes}`,
      '--seed=1',
    )
    assert.deepEqual(
      results.map(({ target, fault }) => [target, fault]),
      targets.toSorted().map((target) => [target, undefined]),
      stderr,
    )
    for (const result of results)
      assert.ok(result.inputs > result.entries && result.entries > 0, JSON.stringify(result))
    assert.equal(code, 0)
  })

  test('has a corpus, and every corpus a parser', () => {
    const files = readdirSync(corpora).filter((file) => file.endsWith('.jsonl'))
    assert.deepEqual(files.map((file) => file.replace('.jsonl', '')).sort(), targets.toSorted())
  })

  test('has no corpus that promises more than it reaches', async (t) => {
    const directory = copied(t)
    writeFileSync(join(directory, 'authority.jsonl'), '"x"\n')
    const { code, results } = await fuzz(
      '--target=authority',
      '--inputs=0',
      `--corpus=${directory}`,
    )
    assert.match(results[0]?.fault?.message ?? '', /reaches [\d.]+ % of its parser, and promises/)
    assert.equal(code, 1)
  })

  test('is not tried with an empty corpus', async (t) => {
    const directory = copied(t)
    writeFileSync(join(directory, 'authority.jsonl'), '')
    const { code, stderr } = await fuzz(
      '--target=authority',
      '--inputs=10',
      `--corpus=${directory}`,
    )
    assert.match(stderr, /the corpus of "authority" is empty/)
    assert.equal(code, 2)
  })
})

describe('a planted bug', () => {
  for (const [name, { target }] of Object.entries(plants)) {
    test(`is found: ${name}`, async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'postern-fuzz-'))
      t.after(() => rmSync(directory, { recursive: true }))
      const run = [`--inputs=${plantedInputs}`, '--seed=1', `--findings=${directory}`]
      const { code, stderr, results } = await fuzz(`--plant=${name}`, ...run)
      const [result] = results
      assert.ok(result?.fault !== undefined, `not found in ${result?.inputs} inputs: ${stderr}`)
      assert.equal(code, 1)
      const found = unescaped(result.fault.input)
      const isKnown = readCorpus(corpora, target).some(({ bytes }) => bytes.equals(found))
      assert.ok(!isKnown, 'the corpus has it')
      // It is the bug that is found: without it the same input is read well.
      const again = await fuzz(`--target=${target}`, `--replay=${result.fault.file}`)
      assert.deepEqual([again.code, again.results[0]?.fault], [0, undefined])
    })
  }

  test('must be one of those that there are', async () => {
    assert.ok(Object.keys(plants).length >= 5)
    const { code, stderr } = await fuzz('--plant=nothing')
    assert.match(stderr, /--plant: "nothing" is none of/)
    assert.equal(code, 2)
  })
})

interface Run {
  readonly code: number | null
  readonly stderr: string
  readonly results: readonly Result[]
}

/** Runs it as its user does. Code out of the compile cache, which tests use, has no counters for its blocks. */
async function fuzz(...args: readonly string[]): Promise<Run> {
  const env = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: '1' }
  const ended = await runProgram(process.execPath, [main, '--json', ...args], { env })
  const { code, stderr, stdout } = ended
  return { code, stderr, results: stdout === '' ? [] : JSON.parse(stdout).results }
}

function copied(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-fuzz-'))
  t.after(() => rmSync(directory, { recursive: true }))
  cpSync(corpora, directory, { recursive: true })
  return directory
}

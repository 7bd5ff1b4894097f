import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runProgram } from '../../src/program.fixture.ts'
import type { EditedSource } from '../planting/edit-source.ts'
import { escapePattern, root, type Guard, type GuardTest } from './guard.ts'
import type { Verdict } from './verdicts.ts'

/**
 * What came of a guard. `held`: its test passes with it and fails without. `missed`: it passes without, too. `broken`: it
 * fails with it, or is not there, or the sources do not load without it. `skipped`: the test needs a program that is not installed.
 */
export interface GuardResult {
  readonly outcome: 'held' | 'missed' | 'broken' | 'skipped'
  /** What the test said without the guard; else what is wrong. */
  readonly said: string
}

/** Longest run of the tests of one file, in milliseconds: some start a browser, and machines are busy. */
const maxRunMs = 600_000

const preload = pathToFileURL(join(import.meta.dirname, '..', 'planting', 'preload.ts')).href
const reporter = pathToFileURL(join(import.meta.dirname, 'verdicts.ts')).href

interface Run {
  readonly verdicts: readonly Verdict[]
  /** Whether the edited source was loaded by any process of the test. */
  readonly isLoaded: boolean
  readonly stderr: string
}

/** Runs the tests of guards: those of one file together with all guards in place, and each by itself without its own. */
export function createGuardRuns(guards: readonly Guard[]): (guard: Guard) => Promise<GuardResult> {
  const untouched = new Map<string, Promise<Run>>()
  const runWhole = ({ file }: GuardTest): Promise<Run> => {
    const titles = guards.filter(({ test }) => test.file === file).map(({ test }) => test.title)
    const run = untouched.get(file) ?? runTests(file, [...new Set(titles)])
    untouched.set(file, run)
    return run
  }
  return async (guard) => {
    const { test, file } = guard
    const whole = outcomeOf(await runWhole(test), test)
    if (whole.outcome === 'skipped') return { outcome: 'skipped', said: 'the test is skipped here' }
    if (whole.outcome !== 'passed')
      return { outcome: 'broken', said: `with the guard: ${whole.said}` }
    const without = await runTests(test.file, [test.title], guard)
    if (!without.isLoaded)
      return { outcome: 'broken', said: `the test does not load "src/${file}"` }
    const { outcome, said } = outcomeOf(without, test)
    if (outcome === 'failed') return { outcome: 'held', said }
    if (outcome === 'passed') return { outcome: 'missed', said: 'it passes without the guard' }
    return { outcome: 'broken', said: `without the guard: ${said}` }
  }
}

/** Of all that ran under a title, what counts: one that failed, else one that passed. */
function outcomeOf({ verdicts, stderr }: Run, { title }: GuardTest) {
  const own = verdicts.filter((verdict) => verdict.title === title)
  const found = (['failed', 'passed', 'skipped'] as const).map((outcome) =>
    own.find((verdict) => verdict.outcome === outcome),
  )
  const verdict = found.find((it) => it !== undefined)
  if (verdict !== undefined) return verdict
  return { outcome: 'missing' as const, said: lastLine(stderr) || 'the test did not run' }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/** Tests in a process of their own, whose programs find the same sources as they do. */
async function runTests(
  file: string,
  titles: readonly string[],
  edited?: EditedSource,
): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-guard-'))
  try {
    const note = join(folder, 'loaded')
    const plant = edited && {
      NODE_OPTIONS: `--import=${preload}`,
      POSTERN_PLANT: JSON.stringify({ file: edited.file, edits: edited.edits }),
      POSTERN_PLANT_NOTE: note,
    }
    const { stdout, stderr } = await runProgram(
      process.execPath,
      [
        ...titles.map((title) => `--test-name-pattern=${escapePattern(title)}`),
        `--test-reporter=${reporter}`,
        join(root, file),
      ],
      { cwd: root, timeout: maxRunMs, env: plant ?? {} },
    )
    return {
      verdicts: stdout.split('\n').flatMap((line) => readVerdict(line)),
      isLoaded: (await readFile(note, 'utf8').catch(() => '')) !== '',
      stderr,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Programs under test may write there as well. */
function readVerdict(line: string): readonly Verdict[] {
  if (!line.startsWith('{"title":')) return []
  try {
    return [JSON.parse(line) as Verdict]
  } catch {
    return []
  }
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inOneLine, type Mutant, type Outcome } from './mutant.ts'
import { instrument, type Place } from './runner/instrument.ts'
import { keepTests, type KeptTests } from './runner/kept-tests.ts'
import type { TestsRun } from './runner/tests-process.ts'
import { root } from './scope.ts'

export interface Tested {
  readonly mutants: readonly Mutant[]
  /** Files that were not tested whole in time, and of how many mutants; undefined where it did not come to making them. */
  readonly leftOut: ReadonlyMap<string, number | undefined>
}

export interface RunOptions {
  readonly source: string
  readonly tests: readonly string[]
  /** Processes at once. */
  readonly jobs: number
  /** Ends the run: what was tested until then counts. */
  readonly signal: AbortSignal
  /** What the names of files start at. **Default:** the root */
  readonly cwd?: string
}

/** What loading and running tests may take beside four times what they took without a mutant: on a busy machine a slow one is not to count as killed. */
const graceMs = 60_000

/**
 * Changes a source place by place, by Stryker's mutators, and runs the tests that come there.
 *
 * @throws Error where it cannot begin, such as by a test that fails without any change
 */
export async function runMutants(options: RunOptions): Promise<Tested> {
  const { source, signal, cwd = root } = options
  // What is written here git knows nothing of.
  const folder = join(cwd, 'artifacts', 'mutants')
  mkdirSync(folder, { recursive: true })
  const { text, places } = await instrument(join(cwd, source))
  if (places.length === 0) return { mutants: [], leftOut: new Map() }
  const instrumented = join(folder, `${source.replaceAll('/', '+')}.txt`)
  writeFileSync(instrumented, text)
  const keep = () =>
    keepTests({ ...options, instrumented, cwd, compiled: join(folder, 'compiled') })
  using first = keep()
  signal.addEventListener('abort', first[Symbol.dispose], { once: true })
  const plain = await first.run({ isBailed: false }, graceMs * 5)
  const broken = plain?.results.find(({ failure }) => failure !== undefined)
  if (signal.aborted) return { mutants: [], leftOut: new Map([[source, places.length]]) }
  if (plain === undefined) throw new Error(`the tests of ${source} do not end`)
  if (broken !== undefined)
    throw new Error(`fails without a mutant: ${broken.id}: ${broken.failure}`)
  const outcomes = new Map<Place, Outcome>()
  const left = places.values()
  const work = async (tests: KeptTests): Promise<void> => {
    for (const place of left) {
      if (signal.aborted) return
      const outcome = await outcomeOf(place, plain, tests)
      // What was ended in the middle of it has no outcome.
      if (!signal.aborted) outcomes.set(place, outcome)
    }
  }
  const others = Array.from({ length: options.jobs - 1 }, async () => {
    using tests = keep()
    signal.addEventListener('abort', tests[Symbol.dispose], { once: true })
    await work(tests)
  })
  await Promise.all([work(first), ...others])
  const lines = readFileSync(join(cwd, source), 'utf8').split('\n')
  const mutants = [...outcomes].map(([place, outcome]) => mutantOf(place, outcome, source, lines))
  const leftOut = places.length - mutants.length
  return { mutants, leftOut: leftOut === 0 ? new Map() : new Map([[source, leftOut]]) }
}

/** How often more than without a mutant its place may be come to. */
const hitLimitFactor = 100

async function outcomeOf(place: Place, plain: TestsRun, tests: KeptTests): Promise<Outcome> {
  const { id } = place
  const { coverage, results } = plain
  const isStatic = coverage.static[id] !== undefined
  const comeThere = results.filter((test) => coverage.perTest[test.id]?.[id] !== undefined)
  if (!isStatic && comeThere.length === 0) return 'not-covered'
  // A mutant of what is made while modules load may change any test; those that come there are the likeliest.
  const wanted = isStatic
    ? [...new Set([...fastestFirst(comeThere), ...results])]
    : fastestFirst(comeThere)
  const hits = comeThere.reduce((sum, test) => sum + (coverage.perTest[test.id]?.[id] ?? 0), 0)
  const tookMs = wanted.reduce((sum, { ms }) => sum + ms, 0)
  const run = {
    tests: wanted.map((test) => test.id),
    hitLimit: hits > 0 ? hits * hitLimitFactor : undefined,
    isBailed: true,
  }
  const withinMs = graceMs + 4 * tookMs
  if (isStatic) return outcomeIn(await tests.runFromStart(id, run, withinMs))
  const { isFresh } = tests
  const came = await tests.run({ ...run, mutant: id }, withinMs)
  const killer = came?.results.find(({ failure }) => failure !== undefined)
  if (came === undefined || killer === undefined || isFresh || tests.isFresh) return outcomeIn(came)
  // What an earlier mutant has left behind is not to count for this one.
  const without = await tests.run({ tests: [killer.id], isBailed: true }, withinMs)
  if (without?.results.every(({ failure }) => failure === undefined)) return 'killed'
  tests[Symbol.dispose]()
  return outcomeIn(await tests.run({ ...run, mutant: id }, withinMs))
}

function fastestFirst<Test extends { readonly ms: number }>(tests: readonly Test[]) {
  return tests.toSorted((one, other) => one.ms - other.ms)
}

function outcomeIn(run: TestsRun | undefined): Outcome {
  if (run === undefined || run.isHitLimitReached) return 'timed-out'
  return run.results.some(({ failure }) => failure !== undefined) ? 'killed' : 'survived'
}

function mutantOf(
  { mutator, replacement, start, end }: Place,
  outcome: Outcome,
  file: string,
  all: readonly string[],
): Mutant {
  const lines = all.slice(start.line, end.line + 1)
  const at = inOneLine(lines[0] ?? '')
  lines.push((lines.pop() ?? '').slice(0, end.column))
  return {
    file,
    line: start.line + 1,
    mutator,
    at,
    from: inOneLine(lines.join('\n').slice(start.column)),
    to: inOneLine(replacement),
    outcome,
  }
}

/**
 * `node tests-process.ts SOURCE INSTRUMENTED TEST…`: loads files of tests once, with a source that holds its mutants, and
 * runs those that it is told, each time with another mutant. A mutant that counts while modules load comes with the
 * environment.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { KeptTest } from './node-test.ts'

export interface RunTests {
  /** Undefined for the source as it is, or for the one that came with the environment. */
  readonly mutant?: string | undefined
  /** By id, in the order in which they are run; undefined for all. */
  readonly tests?: readonly string[] | undefined
  /** How often a mutant's place may be come to: one that loops never ends by itself. */
  readonly hitLimit?: number | undefined
  /** Whether the first failure ends it. */
  readonly isBailed: boolean
}

export interface TestsRun {
  readonly results: readonly TestResult[]
  /** How often each place was come to: while modules loaded, and by which test. */
  readonly coverage: Coverage
  readonly isHitLimitReached: boolean
  /** Whether something was going on still when a failure was told: the process is to be left. */
  readonly isBroken: boolean
}

export interface Coverage {
  readonly static: Readonly<Record<string, number>>
  readonly perTest: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface TestResult {
  readonly id: string
  readonly ms: number
  /** Undefined for one that passed. */
  readonly failure: string | undefined
}

/** Where an instrumented source looks. */
interface Switches {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: Coverage
}

const switches: Switches = ((globalThis as { __stryker__?: Switches }).__stryker__ ??= {})

const [source = '', instrumented = '', ...files] = process.argv.slice(2)
const standIn = new URL('node-test.ts', import.meta.url).href
const sourceUrl = pathToFileURL(source).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test' ? { url: standIn, shortCircuit: true } : next(specifier, context),
  load: (url, context, next) =>
    url === sourceUrl
      ? {
          format: 'module-typescript',
          source: readFileSync(instrumented, 'utf8'),
          shortCircuit: true,
        }
      : next(url, context),
})
const { runKept, takeTests } = await import('./node-test.ts')

/** What was thrown where nobody waits, or that nothing is left that could go on. */
let failOutside: (error: unknown) => void = (error) => {
  process.stderr.write(`${String(error)}\n`)
  process.exit(1)
}
process.on('uncaughtException', (error) => failOutside(error))
process.on('unhandledRejection', (error) => failOutside(error))
process.on('beforeExit', () => failOutside(new Error('nothing is left that could end the test')))

const tests = new Map<string, KeptTest>()
for (const file of files) {
  await import(pathToFileURL(file).href)
  for (const test of takeTests(file)) tests.set(test.id, test)
}
process.on('message', (message) => {
  void run(message as RunTests).then((answer) => process.send?.(answer))
})
process.send?.('loaded')

async function run({ mutant, tests: ids, hitLimit, isBailed }: RunTests): Promise<TestsRun> {
  switches.activeMutant = mutant ?? process.env['__STRYKER_ACTIVE_MUTANT__']
  switches.hitLimit = hitLimit
  switches.hitCount = hitLimit === undefined ? undefined : 0
  const wanted = (ids ?? [...tests.keys()]).map((id) => tests.get(id))
  const results: TestResult[] = []
  let isBroken = false
  for (const test of wanted.filter((it) => it !== undefined)) {
    const { promise: outside, reject } = Promise.withResolvers<never>()
    failOutside = (error) => {
      isBroken = true
      reject(error)
    }
    const startedMs = performance.now()
    switches.currentTestId = test.id
    // So that a test that never ends is seen by its having nothing left to wait for.
    process.channel?.unref()
    const failure = await Promise.race([runKept(test), outside]).then(
      () => undefined,
      (error: unknown) => String(error),
    )
    process.channel?.ref()
    switches.currentTestId = undefined
    results.push({ id: test.id, ms: performance.now() - startedMs, failure })
    if (isBroken || (failure !== undefined && isBailed)) break
  }
  switches.activeMutant = undefined
  const { hitCount = 0, mutantCoverage: coverage = { static: {}, perTest: {} } } = switches
  const isHitLimitReached = hitLimit !== undefined && hitCount > hitLimit
  return { results, coverage, isHitLimitReached, isBroken }
}

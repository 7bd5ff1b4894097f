/**
 * A test runner for Stryker that loads the tests once, and runs only those that come to a mutant, in the same process:
 * a mutant costs milliseconds, where a process for each costs the loading of all that the tests need. For those that
 * show when a source is loaded the tests and all sources are loaded anew, file by file until one fails.
 */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../../../src/errors.ts'
import { declaredBy, type Declared } from './node-test.ts'

/** The name that a configuration of Stryker has for it. */
export const runnerName = 'in-process'

export interface RunnerOptions {
  /** Files of tests, from the folder that Stryker has copied the sources to. */
  readonly inProcess: { readonly testFiles: readonly string[] }
}

/** What the sources that Stryker has changed look at, in a global object. */
interface Switches {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: unknown
}

interface MutantRun {
  readonly activeMutant: { readonly id: string }
  /** The ids of the tests that come there; undefined for all. */
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
  /** `static`: what sources do when they are loaded is changed, too. */
  readonly mutantActivation: 'static' | 'runtime'
  readonly reloadEnvironment: boolean
}

type MutantResult =
  | { readonly status: 'survived'; readonly nrOfTests: number }
  | { readonly status: 'timeout'; readonly reason: string }
  | {
      readonly status: 'killed'
      readonly killedBy: readonly string[]
      readonly failureMessage: string
      readonly nrOfTests: number
    }

const switches = ((globalThis as { __stryker__?: Switches }).__stryker__ ??= {})

class InProcessRunner {
  readonly #files: readonly string[]
  #loaded = new Map<string, readonly Declared[]>()
  /** How often everything was loaded anew. */
  #generation = 0
  /** Whether a mutant has left something behind, by which the next could seem to be killed. */
  #isSpoilt = false

  constructor({ inProcess }: RunnerOptions) {
    this.#files = inProcess.testFiles
  }

  capabilities() {
    return { reloadEnvironment: true }
  }

  init(): void {
    const own = new URL('./node-test.ts', import.meta.url).href
    const sources = pathToFileURL(join(process.cwd(), 'src/')).href
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === 'node:test' && context.parentURL !== own)
          return { url: own, shortCircuit: true }
        const found = next(specifier, context)
        if (this.#generation === 0 || !found.url.startsWith(sources)) return found
        return { ...found, url: `${found.url}?${this.#generation}` }
      },
    })
  }

  async dryRun() {
    const tests: object[] = []
    for (const file of this.#files)
      for (const test of await this.#testsIn(file)) {
        switches.currentTestId = test.id
        const startedMs = performance.now()
        const failureMessage = await failureOf(test)
        const status = failureMessage === undefined ? testStatus.success : testStatus.failed
        const timeSpentMs = performance.now() - startedMs
        tests.push({ id: test.id, name: test.id, timeSpentMs, status, failureMessage })
        switches.currentTestId = undefined
      }
    return { status: 'complete', tests, mutantCoverage: switches.mutantCoverage }
  }

  async mutantRun(run: MutantRun): Promise<MutantResult> {
    if (run.reloadEnvironment || this.#isSpoilt) this.#reload()
    const result = await this.#runWith(run)
    if (!(await this.#hasSpoilt(run, result))) return result
    this.#reload()
    const again = await this.#runWith(run)
    this.#isSpoilt = true
    return again
  }

  async #runWith({ activeMutant, testFilter, hitLimit }: MutantRun): Promise<MutantResult> {
    Object.assign(switches, { activeMutant: activeMutant.id, hitCount: 0, hitLimit })
    const chosen = testFilter && new Set(testFilter)
    let nrOfTests = 0
    for (const file of this.#files) {
      const tests = await this.#testsIn(file).catch(String)
      if (typeof tests === 'string')
        return { status: 'killed', killedBy: [], failureMessage: tests, nrOfTests }
      for (const test of tests) {
        if (chosen?.has(test.id) === false) continue
        nrOfTests += 1
        const failureMessage = await failureOf(test)
        if (hitLimit !== undefined && (switches.hitCount ?? 0) > hitLimit)
          return { status: 'timeout', reason: 'it was come to too often' }
        if (failureMessage !== undefined)
          return { status: 'killed', killedBy: [test.id], failureMessage, nrOfTests }
      }
    }
    return { status: 'survived', nrOfTests }
  }

  /** A test that a mutant fails has to pass without it; where all is loaded anew for the next, nothing matters. */
  async #hasSpoilt({ mutantActivation }: MutantRun, result: MutantResult): Promise<boolean> {
    switches.activeMutant = undefined
    this.#isSpoilt = result.status === 'timeout'
    if (mutantActivation === 'static' || result.status !== 'killed') return false
    const [id] = result.killedBy
    const test = [...this.#loaded.values()].flat().find((one) => one.id === id)
    return test === undefined || (await failureOf(test)) !== undefined
  }

  #reload(): void {
    this.#generation += 1
    this.#loaded = new Map()
    this.#isSpoilt = false
  }

  async #testsIn(file: string): Promise<readonly Declared[]> {
    const known = this.#loaded.get(file)
    if (known !== undefined) return known
    const { href } = pathToFileURL(join(process.cwd(), file))
    const tests = await declaredBy(file, () => import(href))
    this.#loaded.set(file, tests)
    return tests
  }
}

const testStatus = { success: 0, failed: 1 } as const

/** Why a test fails, that a promise is rejected which nobody waits for included; undefined where it passes. */
async function failureOf(test: Declared): Promise<string | undefined> {
  let stray: string | undefined
  const hear = (error: unknown): void => void (stray ??= messageOf(error))
  process.on('unhandledRejection', hear)
  try {
    await test.run()
    await setImmediate()
    return stray
  } catch (error) {
    return messageOf(error)
  } finally {
    process.off('unhandledRejection', hear)
  }
}

const create = (options: RunnerOptions): InProcessRunner => new InProcessRunner(options)
create.inject = ['options'] as const

export const strykerPlugins = [{ kind: 'TestRunner', name: runnerName, factory: create }]

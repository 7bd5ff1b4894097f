import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { spawnProgram } from '../../../src/program.fixture.ts'
import type { RunTests, TestsRun } from './tests-process.ts'

export interface KeptTestsOptions {
  readonly source: string
  /** Where the source is that holds its mutants. */
  readonly instrumented: string
  readonly tests: readonly string[]
  readonly cwd: string
  /** Where Node.js keeps what it has compiled. */
  readonly compiled: string
}

/** A process that has loaded the tests of a source, or will when it is needed. */
export interface KeptTests extends Disposable {
  /** Whether the next run is the first one of its process. */
  readonly isFresh: boolean
  /** Undefined where it does not end in so many milliseconds; the process is left then. */
  run(wanted: RunTests, withinMs: number): Promise<TestsRun | undefined>
  /** The same in a process that loads modules with a mutant, and is left afterwards. */
  runFromStart(mutant: string, wanted: RunTests, withinMs: number): Promise<TestsRun | undefined>
}

export function keepTests(options: KeptTestsOptions): KeptTests {
  let child: ChildProcess | undefined

  function leave(): void {
    child?.kill('SIGKILL')
    child = undefined
  }

  async function run(wanted: RunTests, mutant?: string): Promise<TestsRun> {
    if (child === undefined) {
      child = start(options, mutant)
      if ((await nextMessage(child)) !== 'loaded') {
        leave()
        return failedToLoad
      }
    }
    const answered = nextMessage(child)
    child.send(wanted)
    const answer = ((await answered) as TestsRun | undefined) ?? failedToLoad
    if (answer.isBroken || answer.isHitLimitReached) leave()
    return answer
  }

  async function inTime(answer: Promise<TestsRun>, withinMs: number) {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, withinMs, undefined)
    const first = await Promise.race([answer, promise])
    clearTimeout(timer)
    if (first === undefined) leave()
    return first
  }

  return {
    get isFresh() {
      return child === undefined
    },
    run: (wanted, withinMs) => inTime(run(wanted), withinMs),
    async runFromStart(mutant, wanted, withinMs) {
      leave()
      const answer = await inTime(run(wanted, mutant), withinMs)
      leave()
      return answer
    },
    [Symbol.dispose]: leave,
  }
}

/** What keeps a module from loading is noticed by every test. */
const failedToLoad: TestsRun = {
  results: [{ id: 'loading', ms: 0, failure: 'the tests cannot be loaded' }],
  coverage: { static: {}, perTest: {} },
  isHitLimitReached: false,
  isBroken: true,
}

function start(
  { source, instrumented, tests, cwd, compiled }: KeptTestsOptions,
  mutant: string | undefined,
): ChildProcess {
  const script = join(import.meta.dirname, 'tests-process.ts')
  return spawnProgram(process.execPath, [script, source, instrumented, ...tests], {
    cwd,
    env: {
      NODE_COMPILE_CACHE: compiled,
      ...(mutant === undefined ? {} : { __STRYKER_ACTIVE_MUTANT__: mutant }),
    },
    stdio: ['ignore', 'ignore', mutant === undefined ? 'inherit' : 'ignore', 'ipc'],
  })
}

/** Undefined where the process ends instead. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const { signal } = ended
  const exit = once(child, 'exit', { signal }).then(
    () => undefined,
    () => undefined,
  )
  const message = once(child, 'message', { signal }).then(
    ([first]: unknown[]) => first,
    () => undefined,
  )
  const first = await Promise.race([message, exit])
  ended.abort()
  return first
}

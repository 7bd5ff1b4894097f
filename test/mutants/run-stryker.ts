import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { spawnProgram } from '../../src/program.fixture.ts'
import { inOneLine, type Mutant, type Outcome } from './mutant.ts'
import { runnerName } from './runner/plugin.ts'
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
}

/** What Stryker's events say of a mutant. Those of a plan have no outcome yet, and count lines and columns from 0; results from 1. */
interface MutantEvent {
  readonly id: string
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly location: { readonly start: Position; readonly end: Position }
  readonly status: keyof typeof outcomes
}

interface Position {
  readonly line: number
  readonly column: number
}

interface Plan {
  readonly mutantPlans: readonly { readonly mutant: MutantEvent }[]
}

/** Where its copy of the sources is, and its files; git knows nothing of it. */
const folder = join(root, 'artifacts', 'mutants')
const events = join(folder, 'events')

/**
 * Has Stryker change a source place by place, and run the tests that come there.
 *
 * @throws Error where it could not begin, such as by a test that fails without any change
 */
export async function runStryker(options: RunOptions): Promise<Tested> {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  mkdirSync(events, { recursive: true })
  const config = join(folder, 'stryker.json')
  writeFileSync(config, JSON.stringify(settings(options), null, 2))
  const stryker = join(root, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
  // A group of its own, which ends with all that it has started, and with this process at the latest.
  const child = spawnProgram(process.execPath, [stryker, 'run', config], {
    cwd: root,
    env: {
      // Of its processes, where one starts "node" by name: that of this one.
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      // They read the same sources.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
    },
  })
  child.stdin.end()
  child.stderr.pipe(process.stderr)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  options.signal.addEventListener('abort', stop)
  await once(child, 'close')
  options.signal.removeEventListener('abort', stop)
  const plans = read<Plan>('onMutationTestingPlanReady')[0]
  if (plans === undefined && !options.signal.aborted)
    throw new Error(`Stryker has tested nothing:\n${said}`)
  const results = read<MutantEvent>('onMutantTested')
  const mutants = results.map(readMutant)
  rmSync(join(folder, 'sandbox'), { recursive: true, force: true, maxRetries: 5 })
  return {
    mutants,
    leftOut: plans ? countLeftOut(plans, results) : new Map([[options.source, undefined]]),
  }
}

function settings({ source, tests, jobs }: RunOptions) {
  return {
    testRunner: runnerName,
    plugins: [join(import.meta.dirname, 'runner', 'plugin.ts')],
    inProcess: { testFiles: tests },
    coverageAnalysis: 'perTest',
    mutate: [source],
    concurrency: jobs,
    reporters: ['event-recorder'],
    eventReporter: { baseDir: relative(root, events) },
    tempDirName: relative(root, join(folder, 'sandbox')),
    ignorePatterns: ['**', '!package.json', '!docs/access.md', '!src/**', 'src/web/**'],
    // Stryker reads neither with TypeScript 7; Node.js takes the types away and checks none.
    tsconfigFile: 'none',
    disableTypeChecks: false,
    // Beside what the tests took without a change: on a busy machine a slow one is not to count as killed.
    timeoutFactor: 4,
    timeoutMS: 10_000,
    // What was loaded anew stays in memory.
    maxTestRunnerReuse: 300,
    allowConsoleColors: false,
  }
}

function read<Event>(name: string): Event[] {
  return readdirSync(events)
    .filter((file) => basename(file).endsWith(`-${name}.json`))
    .toSorted()
    .flatMap((file) => {
      const text = readFileSync(join(events, file), 'utf8')
      // The last one may be half written when a run was ended.
      return text.endsWith('}') ? [JSON.parse(text) as Event] : []
    })
}

const outcomes = {
  Killed: 'killed',
  Timeout: 'timed-out',
  Survived: 'survived',
  NoCoverage: 'not-covered',
  RuntimeError: 'broken',
  CompileError: 'broken',
} as const satisfies Readonly<Record<string, Outcome>>

function readMutant({ fileName, location, mutatorName, replacement, status }: MutantEvent): Mutant {
  const file = inRoot(fileName)
  const { start, end } = location
  const lines = readFileSync(join(root, file), 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line)
  const at = inOneLine(lines[0] ?? '')
  lines.push((lines.pop() ?? '').slice(0, end.column - 1))
  return {
    file,
    line: start.line,
    mutator: mutatorName,
    at,
    from: inOneLine(lines.join('\n').slice(start.column - 1)),
    to: inOneLine(replacement),
    outcome: outcomes[status],
  }
}

function countLeftOut(
  { mutantPlans }: Plan,
  results: readonly MutantEvent[],
): ReadonlyMap<string, number> {
  const tested = new Set(results.map(({ id }) => id))
  const left = mutantPlans.filter(({ mutant }) => !tested.has(mutant.id))
  const byFile = Map.groupBy(left, ({ mutant }) => inRoot(mutant.fileName))
  return new Map([...byFile].map(([file, { length }]) => [file, length]))
}

/** Of a file that Stryker names by its whole path. */
function inRoot(file: string): string {
  return relative(root, file).replaceAll('\\', '/')
}

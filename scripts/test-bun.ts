// `npm run test:bun`: runs the unit tests and suites of src on the Bun that executables are made with, and then others
// against an executable. Without arguments the rooms whose behaviour hangs on the runtime, with `--all` every one, or the
// files that are named. `--timeout=MS` is for whoever looks for what hangs.
//
// What is about Node.js itself (flags of V8, its own internals, what it answers where Bun answers otherwise and no user
// can tell) skips itself where it stands, with the reason, and is named here at the end. Nothing that Postern promises
// of an executable may do so.
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownBun } from './bun/fetch-bun.ts'
import { testExecutable } from './bun/executable-phase.ts'
import { judgeTogether, type RanTogether, type Verdict } from './bun/judge.ts'
import { readJunit } from './bun/junit.ts'
import { batchesOf } from './test-batches.ts'

const root = join(import.meta.dirname, '..')

/** Where bytes, handshakes, processes and terminals are: the short form. */
const runtimeRooms = [
  'src/*.test.ts',
  'src/{net,port,tunnel,links,upstream,connector}/**/*.test.ts',
  'src/{reach,client/ways,client/serve}/**/*.test.ts',
]
/**
 * Tests beyond src that start no program, and so are none of an executable's: what they run of the product runs in
 * their own process.
 */
const inProcess = [
  'test/{desktop,ends,golden}/**/*.test.ts',
  'test/bad-input/{connector,connector-floods,connector-small-pieces,reset-beside-upload,stock-window}.test.ts',
  'test/connectors/{ends,relay,rotation,ways}.test.ts',
  'test/e2e/{audit-forward,dns-updates,idle-edge}.test.ts',
]
const preloaded = ['own-ws.ts', 'late-errors.ts']
const atOnce = 2
/** A test that hangs fails after this; `test/ends` plays thousands of cases in each of its own. */
const testTimeoutMs = 240_000
/** A process that hangs, or has many tests that do, is killed. */
const processTimeoutMs = 600_000

interface Run extends RanTogether {
  readonly output: string
}

async function main(args: readonly string[]): Promise<void> {
  const files = filesOf(args)
  const timeout = args.find((arg) => arg.startsWith('--timeout='))
  const bun = ownBun()
  const folder = mkdtempSync(join(tmpdir(), 'postern-bun-'))
  const verdicts: Verdict[] = []
  const { alone, together } = batchesOf(files)
  const waiting = [...together.values(), ...alone.map((file) => [file])].entries()
  const work = async (): Promise<void> => {
    for (const [index, batch] of waiting) {
      const ran = await run(bun, batch, join(folder, `${index}.xml`), timeout)
      const judged = judgeTogether(batch, ran)
      if (judged.some(({ faults }) => faults.length > 0))
        process.stdout.write(`\n${batch.join(', ')}\n${ran.output}\n`)
      verdicts.push(...judged)
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, work))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  report(files, verdicts)
  // Whoever names files wants those alone.
  if (args.some((arg) => !arg.startsWith('-'))) return
  if (!(await testExecutable(args.includes('--all')))) process.exitCode = 1
}

function filesOf(args: readonly string[]): readonly string[] {
  const named = args.filter((arg) => !arg.startsWith('-'))
  const patterns = args.includes('--all') ? ['src/**/*.test.ts', ...inProcess] : runtimeRooms
  const files = globSync(named.length > 0 ? named : patterns, { cwd: root }).sort()
  if (files.length === 0) throw new Error('no test file has such a name')
  return files
}

/** One process for some files, as `npm test` has them together on Node.js. */
function run(
  bun: string,
  files: readonly string[],
  xml: string,
  timeout = `--timeout=${testTimeoutMs}`,
): Promise<Run> {
  const reporter = ['--reporter=junit', `--reporter-outfile=${xml}`]
  const preload = preloaded.flatMap((name) => ['--preload', join(root, 'scripts', 'bun', name)])
  const args = [
    'test',
    '--only-failures',
    ...preload,
    ...reporter,
    timeout,
    ...files.map((file) => `./${file}`),
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(bun, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: processTimeoutMs,
      killSignal: 'SIGKILL',
    })
    const output: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => output.push(chunk))
    }
    child.on('error', reject)
    child.on('exit', (exitCode) => {
      // What it has started may still have its streams.
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
      resolve({ results: resultsIn(xml), exitCode, output: Buffer.concat(output).toString() })
    })
  })
}

function resultsIn(xml: string): RanTogether['results'] {
  try {
    return readJunit(readFileSync(xml, 'utf8'))
  } catch {
    return new Map()
  }
}

function report(files: readonly string[], verdicts: readonly Verdict[]): void {
  const passed = verdicts.reduce((sum, verdict) => sum + verdict.passed, 0)
  const skipped = verdicts.flatMap((verdict) => verdict.skipped)
  const faults = verdicts.flatMap((verdict) => verdict.faults)
  const counts = `${passed} passed, ${faults.length} failed, ${skipped.length} skipped`
  process.stdout.write(`\nBun: ${files.length} files, ${counts}\n`)
  for (const one of skipped.sort()) process.stdout.write(`skipped: ${one}\n`)
  for (const fault of faults.sort()) process.stdout.write(`failed: ${fault}\n`)
  if (faults.length > 0) process.exitCode = 1
}

await main(process.argv.slice(2))

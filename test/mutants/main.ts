/**
 * `npm run mutants -- src/access/decide.ts`: whether tests notice changes of the sources that decide about access. What came
 * of it as JSON on standard output, progress and a summary on standard error.
 */
import { messageOf } from '../../src/errors.ts'
import { argued } from './argued.ts'
import { changesSince } from './changed.ts'
import { judge } from './judge.ts'
import type { Mutant } from './mutant.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { judgedOf, keepRecord, readRecord, sha256Of } from './record.ts'
import { runStryker, type Tested } from './run-stryker.ts'
import { sourcesInScope, sourcesOf, sourcesTouched, testsOf } from './scope.ts'
import { summaryOf } from './summary.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const options = readOptions()
if (options === 'help') say(usage)
else await run(options).catch(fail)

async function run({ minutes, jobs, ...options }: Options): Promise<void> {
  const all = chosen(options)
  const sources = options.stale ? all.filter(isStale) : all
  if (options.stale && sources.length === 0)
    say('nothing is mutated: all of it is recorded as it is')
  if (sources.length === 0) return
  const startedMs = performance.now()
  const signal = minutes > 0 ? AbortSignal.timeout(minutes * 60_000) : new AbortController().signal
  const tested = await testEach(sources, { jobs, signal, keep: options.record })
  const verdict = judge(sources, tested, argued, { mayBeNone: options.changed })
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  process.stdout.write(`${JSON.stringify({ seconds, ...verdict }, null, 2)}\n`)
  for (const line of summaryOf(verdict, { isCut: signal.aborted, minutes })) say(line)
  if (!verdict.isPassed) process.exitCode = 1
}

interface EachOptions {
  readonly jobs: number
  readonly signal: AbortSignal
  /** Whether what came of each is recorded at once: a run of hours may be ended. */
  readonly keep: boolean
}

/** One after the other, each with its own tests: where the time ends, the first have been judged. */
async function testEach(
  sources: readonly string[],
  { jobs, signal, keep }: EachOptions,
): Promise<Tested> {
  const mutants: Mutant[] = []
  const leftOut = new Map<string, number | undefined>(sources.map((source) => [source, undefined]))
  for (const source of sources) {
    if (signal.aborted) break
    const tests = testsOf(source)
    say(`${source}: ${tests.length} files of tests`)
    const tested = await runStryker({ source, tests, jobs, signal })
    if (keep) keepRecord([source], tested)
    mutants.push(...tested.mutants)
    leftOut.delete(source)
    for (const [file, count] of tested.leftOut) leftOut.set(file, count)
  }
  return { mutants, leftOut }
}

/** Says so where it is none. */
function chosen({ names, changed, base }: Pick<Options, 'names' | 'changed' | 'base'>) {
  if (!changed) return names.length === 0 ? sourcesInScope() : names.flatMap(inScope)
  const changes = changesSince(base)
  if (changes === undefined) {
    say('nothing is mutated: there is no earlier commit here to compare with')
    return []
  }
  const { judged, unjudged } = judgedOf(sourcesTouched(changes.files), readRecord())
  const since = `since ${changes.base.slice(0, 12)}`
  for (const source of unjudged)
    say(`${source}: not judged: never run whole (npm run mutants -- ${source} --record)`)
  if (judged.length > 0) say(`changed ${since}: ${judged.join(', ')}`)
  else say(`nothing is mutated: no source of the scope that was run whole has changed ${since}`)
  return judged
}

function isStale(file: string): boolean {
  return readRecord()[file]?.sha256 !== sha256Of(file)
}

function inScope(name: string): readonly string[] {
  const found = sourcesOf(name)
  if (found === undefined)
    throw new Error(`"${name}" is no source of the scope: see test/mutants/scope.ts`)
  return found
}

function readOptions(): Options | 'help' {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    say(`mutants: error: ${messageOf(error)}\n  hint: npm run mutants -- --help`)
    return process.exit(2)
  }
}

function fail(error: unknown): void {
  say(`mutants: error: ${messageOf(error)}`)
  process.exitCode = 2
}

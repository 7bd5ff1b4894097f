import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { escaped, writeCorpus } from './engine/corpus-file.ts'
import { shortfall, writePromised } from './engine/promised.ts'
import { supervise } from './engine/supervise.ts'
import type { Outcome } from './engine/worker.ts'
import type { Options } from './options.ts'
import { plants } from './plants.ts'
import { sayProgress } from './report.ts'

const bounds = { hangMs: 30_000, maxHeapMiB: 1_024 }

/** What became of one target, as `--json` gives it. */
export interface Result {
  readonly target: string
  readonly inputs: number
  readonly seconds: number
  /** Entries of the corpus. */
  readonly entries: number
  /** Of the parser's code, in percent: what the corpus reaches, and what was reached in the end. */
  readonly corpusPercent: number
  readonly percent: number
  readonly outcomes: readonly string[]
  /** Undefined when all held. */
  readonly fault: ResultFault | undefined
}

export interface ResultFault {
  readonly message: string
  readonly stack: string
  /** As a JSON string of bytes. */
  readonly input: string
  readonly bytes: number
  /** Where the input was written, and how to read it again; undefined where there is none. */
  readonly file: string | undefined
  readonly replay: string | undefined
}

/** Runs targets, `jobs` at once, each for its part of the time. */
export async function runTargets(
  names: readonly string[],
  options: Options,
): Promise<readonly Result[]> {
  const waiting = [...names]
  const results: Result[] = []
  const next = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      results.push(await runTarget(name, names.length, options))
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, names.length) }, next))
  return results.sort((one, other) => (one.target < other.target ? -1 : 1))
}

async function runTarget(name: string, targets: number, options: Options): Promise<Result> {
  const { minutes, inputs, seed, jobs, merge, plant, replay } = options
  const started = performance.now()
  const share = minutes === undefined ? Infinity : (minutes * 60_000 * jobs) / targets
  const job = {
    name,
    file: join(import.meta.dirname, 'targets', `${name}.ts`),
    corpus: options.corpus,
    seed,
    maxInputs: inputs ?? Infinity,
    maxMs: share,
    merges: merge,
    plant: plant === undefined ? undefined : plants[plant],
    replay: replay === undefined ? undefined : readFileSync(replay),
  }
  const outcome = await run(job, name)
  const seconds = (performance.now() - started) / 1_000
  if (outcome.merged !== undefined) {
    writeCorpus(options.corpus, name, outcome.merged)
    writePromised(options.corpus, name, outcome.mergedPercent)
  }
  return {
    target: name,
    inputs: outcome.inputs,
    seconds: Math.round(seconds * 10) / 10,
    entries: outcome.merged?.length ?? outcome.corpusEntries,
    corpusPercent: Math.round(outcome.corpusPercent * 10) / 10,
    percent: Math.round(outcome.percent * 10) / 10,
    outcomes: outcome.outcomes,
    fault: faultOf(name, outcome, options),
  }
}

async function run(job: Parameters<typeof supervise>[0], name: string): Promise<Outcome> {
  sayProgress(name, 0, 0)
  try {
    return await supervise(job, bounds, (inputs, entries) => sayProgress(name, inputs, entries))
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

function faultOf(name: string, outcome: Outcome, options: Options): ResultFault | undefined {
  const { found } = outcome
  if (found !== undefined) {
    const { input, fault } = found
    const file = options.replay ?? written(name, input, options.findings)
    return {
      message: fault.message,
      stack: fault.stack,
      input: escaped(input),
      bytes: input.length,
      file,
      replay: `npm run fuzz -- --target ${name} --replay ${file}`,
    }
  }
  if (options.merge || options.plant !== undefined || options.replay !== undefined) return undefined
  const message = shortfall(options.corpus, name, outcome.corpusPercent)
  if (message === undefined) return undefined
  return { message, stack: '', input: '""', bytes: 0, file: undefined, replay: undefined }
}

function written(name: string, input: Buffer, directory: string): string {
  mkdirSync(directory, { recursive: true })
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12)
  const file = join(directory, `${name}-${digest}.bin`)
  writeFileSync(file, input)
  return file
}

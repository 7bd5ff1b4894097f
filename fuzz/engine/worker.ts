/** A thread that reads inputs of one target: its corpus, then new ones. Told by `workerData`, tells by messages. */
import { parentPort, workerData } from 'node:worker_threads'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type { Target } from '../target.ts'
import { readCorpus, type Entry } from './corpus-file.ts'
import { startCoverage } from './coverage.ts'
import { currentInput } from './current-input.ts'
import { explore, type Found } from './explore.ts'
import { judge } from './judge.ts'
import { mergeCorpus } from './merge.ts'
import { plantBug, type Plant } from './plant.ts'
import { tokensOf } from './tokens.ts'

export interface Job {
  readonly name: string
  /** The file of the target. */
  readonly file: string
  /** Where the corpora are. */
  readonly corpus: string
  readonly seed: number
  readonly maxInputs: number
  readonly maxMs: number
  /** Whether the corpus is made smaller, with what was found new, and answered. */
  readonly merges: boolean
  readonly plant: Plant | undefined
  /** An input to read, and nothing else. */
  readonly replay: Uint8Array | undefined
  readonly memory: SharedArrayBuffer
}

/** What became of a job. */
export interface Outcome {
  readonly inputs: number
  readonly corpusEntries: number
  /** Of the code of the parser that the corpus reaches, in percent. */
  readonly corpusPercent: number
  /** The same after all inputs. */
  readonly percent: number
  readonly outcomes: readonly string[]
  readonly found: Found | undefined
  readonly merged: readonly Entry[] | undefined
  /** What the merged corpus reaches, and reaches again. */
  readonly mergedPercent: number
}

export type Message =
  | { readonly kind: 'progress'; readonly inputs: number; readonly entries: number }
  | { readonly kind: 'done'; readonly outcome: Outcome }

const root = join(import.meta.dirname, '..', '..')

Error.stackTraceLimit = 0
await work(workerData)

async function work(job: Job): Promise<void> {
  const current = currentInput(job.memory)
  if (job.plant !== undefined) plantBug(job.plant)
  const owned = new Set<string>()
  const coverage = await startCoverage((url) => owned.has(url))
  const { target }: { readonly target: Target } = await import(pathToFileURL(job.file).href)
  for (const file of target.covers) owned.add(pathToFileURL(join(root, 'src', file)).href)
  const loaded = await coverage.take()
  loaded.keep()
  const entries =
    job.replay === undefined ? readCorpus(job.corpus, job.name) : [replayed(job.replay)]
  const replay = await replayCorpus(entries)
  const corpusPercent = coverage.percent()
  const start = performance.now()
  const explored =
    job.replay !== undefined || replay.found !== undefined
      ? { inputs: 0, found: replay.found }
      : await explore({
          target,
          coverage,
          current,
          corpus: replay.corpus,
          tokens: tokensOf(target),
          outcomes: replay.outcomes,
          seed: job.seed,
          maxInputs: job.maxInputs,
          endsMs: start + job.maxMs,
          onProgress: (inputs) => send({ kind: 'progress', inputs, entries: replay.corpus.length }),
        })
  const percent = coverage.percent()
  const merged =
    job.merges && explored.found === undefined
      ? await mergeCorpus({ target, coverage, current, entries, corpus: replay.corpus })
      : undefined
  send({
    kind: 'done',
    outcome: {
      inputs: explored.inputs + entries.length,
      corpusEntries: entries.length,
      corpusPercent,
      percent,
      outcomes: [...replay.outcomes].sort(),
      found: explored.found,
      merged,
      mergedPercent: coverage.percent(),
    },
  })

  async function replayCorpus(all: readonly Entry[]): Promise<{
    readonly corpus: Buffer[]
    readonly outcomes: Set<string>
    readonly found: Found | undefined
  }> {
    const outcomes = new Set<string>()
    const corpus: Buffer[] = []
    for (const { bytes } of all) {
      const { fault, outcome } = await judge(target, bytes, current)
      // What a planted bug makes of an entry is not found, it was there: the loop has to do without.
      if (fault !== undefined && job.plant !== undefined) continue
      if (fault !== undefined) return { corpus, outcomes, found: { input: bytes, fault } }
      outcomes.add(outcome)
      corpus.push(bytes)
    }
    const reached = await coverage.take()
    reached.keep()
    return { corpus, outcomes, found: undefined }
  }
}

function replayed(input: Uint8Array): Entry {
  return { bytes: Buffer.from(input), why: undefined }
}

function send(message: Message): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(message)
}

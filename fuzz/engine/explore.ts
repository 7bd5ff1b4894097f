import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'

import type { Target } from '../target.ts'
import type { Coverage } from './coverage.ts'
import type { CurrentInput } from './current-input.ts'
import { judge, type Fault } from './judge.ts'
import { memoryGuard } from './memory.ts'
import { maxKeptBytes } from './merge.ts'
import { blowUp, mutate } from './mutate.ts'
import { seededRandom } from './random.ts'
import { shrink } from './shrink.ts'

export interface Exploration {
  readonly target: Target
  readonly coverage: Coverage
  readonly current: CurrentInput
  /** Inputs to begin with; those that show something new are added. */
  readonly corpus: Buffer[]
  readonly tokens: readonly Buffer[]
  /** How the entries of the corpus have ended. */
  readonly outcomes: Set<string>
  readonly seed: number
  readonly maxInputs: number
  /** By `performance.now()`. */
  readonly endsMs: number
  onProgress(inputs: number): void
}

export interface Found {
  readonly input: Buffer
  readonly fault: Fault
}

export interface Explored {
  readonly inputs: number
  readonly found: Found | undefined
}

// Coverage is taken once a batch. That costs the more the more code is loaded, so that batches grow until it is
// a small part of the time.
const minBatch = 100
const maxBatch = 1_000
/** Part of the time that may go into coverage. */
const coverageShare = 0.1
/** One input of this many is as long as they get. */
const blowUpEvery = 1_000
/** Part of a batch that the target's arbitrary makes, if it has one. */
const arbitraryShare = 0.2
/** Longest input by default, in bytes. */
const usualMaxBytes = 4_096
/** What making a new entry of the corpus smaller may take: runs, each with a look at the coverage, and time. */
const maxTrims = 60
const maxTrimMs = 400

/** Runs inputs until their number or the time is up, or until something is found. */
export async function explore(exploration: Exploration): Promise<Explored> {
  const { target, coverage, current, corpus, outcomes, seed, maxInputs, endsMs } = exploration
  const guard = memoryGuard()
  const material = {
    random: seededRandom(seed),
    corpus,
    tokens: exploration.tokens,
    maxBytes: target.maxBytes ?? usualMaxBytes,
  }
  // What depends on time makes each run another one: so many inputs are the same ones in every run.
  const isRepeatable = Number.isFinite(maxInputs)
  const trimMs = isRepeatable ? Infinity : maxTrimMs
  let [inputs, batchSize] = [0, minBatch]
  while (inputs < maxInputs && performance.now() < endsMs) {
    const batch = makeBatch(Math.min(batchSize, maxInputs - inputs))
    const startedMs = performance.now()
    for (const input of batch) {
      inputs += 1
      const { fault, outcome } = await judge(target, input, current)
      if (fault !== undefined) return { inputs, found: await smallest({ input, fault }) }
      if (!outcomes.has(outcome)) await keep(input, outcome)
      if (performance.now() >= endsMs) break
    }
    const ranMs = performance.now() - startedMs
    // What an input has left for later is to happen now.
    await setImmediate()
    const reached = await coverage.take()
    const tookMs = performance.now() - startedMs - ranMs
    if (reached.fresh > 0) {
      await searchNew(batch)
      // What no input of it reaches alone, such as what runs once: not to be looked for with each batch.
      reached.keep()
    }
    if (!isRepeatable)
      batchSize = tookMs > ranMs * coverageShare ? maxBatch : Math.max(minBatch, batchSize >> 1)
    const grown = guard.fault()
    if (grown !== undefined) return { inputs, found: { input: Buffer.alloc(0), fault: grown } }
    exploration.onProgress(inputs)
  }
  return { inputs, found: undefined }

  function makeBatch(size: number): readonly Buffer[] {
    const { random } = material
    const sampled = target.arbitrary === undefined ? 0 : Math.ceil(size * arbitraryShare)
    const samples =
      target.arbitrary === undefined
        ? []
        : fc.sample(target.arbitrary, { numRuns: sampled, seed: random.below(2 ** 31) })
    return Array.from({ length: size }, (_, index) => {
      const sample = samples[index]
      if (sample !== undefined) return Buffer.from(sample)
      return random.oneIn(blowUpEvery) ? blowUp(material) : mutate(material)
    })
  }

  /** Halves a batch that reached new code until the inputs are found that do. */
  async function searchNew(batch: readonly Buffer[]): Promise<void> {
    if (batch.length === 0 || performance.now() >= endsMs + 5_000) return
    if (batch.length === 1 && batch[0] !== undefined) return keep(batch[0], undefined)
    const middle = batch.length >> 1
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      if ((await freshOf(half)) > 0) await searchNew(half)
    }
  }

  /** What was run before has been taken. */
  async function freshOf(batch: readonly Buffer[]): Promise<number> {
    for (const input of batch) await judge(target, input, current)
    return (await coverage.take()).fresh
  }

  /** Keeps as little of an input as reaches what it does, or ends as it does. */
  async function keep(input: Buffer, outcome: string | undefined): Promise<void> {
    const fresh = outcome === undefined ? await freshOf([input]) : 0
    const trimsUntilMs = performance.now() + trimMs
    const shows = async (candidate: Buffer): Promise<boolean> => {
      if (performance.now() > trimsUntilMs) return false
      if (outcome === undefined) return (await freshOf([candidate])) >= fresh
      return (await judge(target, candidate, current)).outcome === outcome
    }
    const small = await shrink(input, shows, maxTrims)
    if (outcome === undefined) {
      await judge(target, small, current)
      const reached = await coverage.take()
      if (reached.fresh === 0) return
      reached.keep()
    } else {
      outcomes.add(outcome)
    }
    if (small.length <= maxKeptBytes) corpus.push(small)
  }

  async function smallest({ input, fault }: Found): Promise<Found> {
    // A slow one stays: each trial takes as long, and the longest says it best.
    if (fault.key === 'slow') return { input, fault }
    const shows = async (candidate: Buffer): Promise<boolean> =>
      (await judge(target, candidate, current)).fault?.key === fault.key
    const small = await shrink(input, shows)
    return { input: small, fault: (await judge(target, small, current)).fault ?? fault }
  }
}

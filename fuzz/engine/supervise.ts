import { Worker } from 'node:worker_threads'

import { currentInput } from './current-input.ts'
import type { Job, Message, Outcome } from './worker.ts'

/** How often a worker is looked at, within the time that an input may take. */
const looksPerHang = 10
export interface Bounds {
  /** Wall time in which one input must be read, in milliseconds. */
  readonly hangMs: number
  /** Memory that a worker may take for objects, in MiB: an input that makes more of them is a finding. */
  readonly maxHeapMiB: number
}

/**
 * Runs a job in a thread of its own. What hangs, or takes all the memory, becomes a finding that names its input.
 */
export function supervise(
  job: Omit<Job, 'memory'>,
  { hangMs, maxHeapMiB }: Bounds,
  onProgress: (inputs: number, entries: number) => void,
): Promise<Outcome> {
  const current = currentInput()
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { ...job, memory: current.memory },
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB },
  })
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  let [inputs, turn, sinceMs] = [0, -1, performance.now()]
  const ended = (key: string, message: string): Outcome => ({
    inputs,
    corpusEntries: 0,
    corpusPercent: 0,
    percent: 0,
    outcomes: [],
    found: { input: current.bytes(), fault: { key, message, stack: '' } },
    merged: undefined,
    mergedPercent: 0,
  })
  const watch = setInterval(() => {
    const now = performance.now()
    if (current.turn() !== turn) [turn, sinceMs] = [current.turn(), now]
    const isReading = (turn & 1) === 1
    if (!isReading || now - sinceMs < hangMs) return
    resolve(ended('hang', `is not read after ${hangMs} ms: the worker was ended`))
    void worker.terminate()
  }, hangMs / looksPerHang)
  worker.on('message', (message: Message) => {
    if (message.kind === 'done') return resolve(revived(message.outcome))
    inputs = message.inputs
    return onProgress(message.inputs, message.entries)
  })
  worker.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      return resolve(ended('memory', `makes the worker take more than ${maxHeapMiB} MiB`))
    // Thrown where no input was read, or later than its answer: what it left running.
    const isOfInput = current.turn() > 0
    return isOfInput ? resolve(ended('stray', `leaves behind ${error.stack}`)) : reject(error)
  })
  worker.on('exit', (code) => reject(new Error(`the worker of "${job.name}" ended with ${code}`)))
  return promise.finally(() => {
    clearInterval(watch)
    void worker.terminate()
  })
}

/** Buffers arrive as plain arrays of bytes. */
function revived(outcome: Outcome): Outcome {
  const { found, merged } = outcome
  return {
    ...outcome,
    found: found && { ...found, input: Buffer.from(found.input) },
    merged: merged?.map((entry) => ({ ...entry, bytes: Buffer.from(entry.bytes) })),
  }
}

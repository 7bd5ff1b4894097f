import { formatDuration } from '../../clock.ts'
import { ConfigError, messageOf, PeerError, SystemError } from '../../errors.ts'
import { isBun } from '../../is-bun.ts'
import { threadFile } from '../../release-files.ts'
import { startThread } from '../../thread.ts'
import type { Jobs, WorkerAnswer } from './worker-jobs.ts'

/**
 * Longest time that one reading takes, the worker's start included, in milliseconds: the longest that is
 * allowed take seconds.
 *
 * @limit time to read a `directory` or the lists of `crl`, `crl_file`: the configuration does not load
 */
const maxJobMs = 60_000
/**
 * Most memory of one reading, in MiB: the longest that are allowed take some 300. Without a bound the system
 * might end the whole gateway for it, with all its tunnels.
 *
 * @limit memory to read a `directory` or the lists of `crl`, `crl_file`: the configuration does not load
 */
const maxJobMib = 512

export interface WorkerOptions {
  /** What the worker runs. **Default:** `worker.ts` */
  readonly file?: URL
  readonly maxMs?: number
  readonly maxMib?: number
}

/**
 * Does in a thread of its own what would hold up everybody's tunnels for a second. What it finds comes in
 * parts, the next one when the last has been used, so that taking them over does not hold up either.
 *
 * @throws what the job threw, with its code or its problems; SystemError `worker-failed` when it did not come
 * to its end
 */
export async function* runInWorker<Name extends keyof Jobs>(
  name: Name,
  input: Jobs[Name]['input'],
  { file = workerFile, maxMs = maxJobMs, maxMib = maxJobMib }: WorkerOptions = {},
): AsyncGenerator<Jobs[Name]['part'], void> {
  const worker = startThread(file, {
    workerData: { name, input },
    resourceLimits: { maxOldGenerationSizeMb: maxMib },
  })
  type Answer = WorkerAnswer<Jobs[Name]['part']>
  let next = Promise.withResolvers<Answer>()
  let failure: SystemError | undefined
  const fail = (why: string): void => {
    failure ??= workerFailed(name, why)
    next.reject(failure)
  }
  // The last word and the end can be heard in one turn, in this order. What is heard first settles it: a race of
  // promises would go to the one with fewer steps.
  worker.on('message', (answer: Answer) => next.resolve(answer))
  worker.on('error', (error) => fail(messageOf(error)))
  worker.on('exit', () => fail('it ended before its work was done'))
  const timer = setTimeout(() => fail(`it took longer than ${formatDuration(maxMs)}`), maxMs)
  using _ = watchMemory(maxMib, fail)
  try {
    for (;;) {
      const answer = await next.promise
      if (answer.kind === 'done') return
      if (answer.kind === 'failed') throw errorOf(answer)
      yield answer.part
      if (failure !== undefined) throw failure
      next = Promise.withResolvers<Answer>()
      worker.postMessage('next')
    }
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

/** How often the memory of the process is looked at, in milliseconds. */
const memoryLookMs = 20

/** Bun bounds no thread's memory. It is that of the process there, by which it has grown since the thread began. */
function watchMemory(maxMib: number, fail: (why: string) => void): Disposable {
  if (!isBun) return { [Symbol.dispose]: () => undefined }
  const maxBytes = process.memoryUsage.rss() + maxMib * 1024 * 1024
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() > maxBytes) fail(`it took more memory than ${maxMib} MiB`)
  }, memoryLookMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function workerFailed(name: keyof Jobs, why: string): SystemError {
  return new SystemError('worker-failed', `the thread that reads "${name}" failed: ${why}`, {
    hint: 'try again; if it keeps failing, make what it reads smaller',
  })
}

const workerFile = threadFile(new URL('./worker.ts', import.meta.url))

function errorOf({ code, message, problems }: WorkerAnswer<never> & { kind: 'failed' }): Error {
  if (problems !== undefined) return new ConfigError(problems)
  return code === undefined ? new Error(message) : new PeerError(code, message)
}

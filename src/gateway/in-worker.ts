import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ConfigError, PeerError } from '../errors.ts'
import type { Jobs, WorkerAnswer } from './worker-jobs.ts'

/**
 * Does in a thread of its own what would hold up everybody's tunnels for a second. What it finds comes in
 * parts, the next one when the last has been used, so that taking them over does not hold up either.
 *
 * @throws what the job threw, with its code or its problems
 */
export async function* runInWorker<Name extends keyof Jobs>(
  name: Name,
  input: Jobs[Name]['input'],
): AsyncGenerator<Jobs[Name]['part'], void> {
  const worker = new Worker(workerFile, {
    workerData: { name, input },
    execArgv: [],
    // Else Node joins its streams with ours, and makes the pipes of a script non-blocking.
    stdout: true,
    stderr: true,
  })
  worker.stdout.resume()
  worker.stderr.resume()
  const gone = once(worker, 'exit').then(() => {
    throw new Error(`the worker for "${name}" ended before its work did`)
  })
  // Looked at below, and of no interest once the work is done.
  gone.catch(() => undefined)
  try {
    for (;;) {
      const [answer] = (await Promise.race([once(worker, 'message'), gone])) as [
        WorkerAnswer<Jobs[Name]['part']>,
      ]
      if (answer.kind === 'done') return
      if (answer.kind === 'failed') throw errorOf(answer)
      yield answer.part
      worker.postMessage('next')
    }
  } finally {
    await worker.terminate()
  }
}

/** Beside this file; in the release build one above the chunks. */
const workerFile = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('../worker.js', import.meta.url)

function errorOf({ code, message, problems }: WorkerAnswer<never> & { kind: 'failed' }): Error {
  if (problems !== undefined) return new ConfigError(problems)
  return code === undefined ? new Error(message) : new PeerError(code, message)
}

import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a thread from its file, without arguments of ours and with streams that lead nowhere. What it writes
 * to them stays in memory: warnings of Node, and nothing of ours.
 */
export function startThread(
  file: URL,
  options: Pick<WorkerOptions, 'workerData' | 'resourceLimits'>,
): Worker {
  return new Worker(file, {
    ...options,
    execArgv: [],
    // Else Node joins its streams with ours, and makes the pipes of a script non-blocking. Whoever reads them
    // keeps the process for the thread, even one that is not to be waited for.
    stdout: true,
    stderr: true,
  })
}

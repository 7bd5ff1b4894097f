// The thread in which `in-worker.ts` has long work done. It is started by the name of its file; nothing
// imports it.
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { AppError, ConfigError, messageOf } from '../../errors.ts'
import type { Jobs, WorkerAnswer } from './worker-jobs.ts'

type Work = {
  [Name in keyof Jobs]: (input: Jobs[Name]['input']) => Promise<Iterable<Jobs[Name]['part']>>
}

const work: Work = {
  'revocation-lists': async (pem) =>
    (await import('../../port/client-certificates/parse-revocation-lists.ts')).parseRevocationLists(
      pem,
    ),
  directory: async ({ source, text }) =>
    (await import('./parse-directory.ts')).parseDirectoryParts(source, text),
}

interface Given<Name extends keyof Jobs> {
  readonly name: Name
  readonly input: Jobs[Name]['input']
}

async function run<Name extends keyof Jobs>({ name, input }: Given<Name>): Promise<void> {
  for (const part of await work[name](input)) {
    say({ kind: 'part', part })
    if (parentPort !== null) await once(parentPort, 'message')
  }
  say({ kind: 'done' })
}

function say(answer: WorkerAnswer<unknown>): void {
  parentPort?.postMessage(answer)
}

try {
  await run(workerData as Given<keyof Jobs>)
} catch (error) {
  const code = error instanceof AppError ? error.code : undefined
  const problems = error instanceof ConfigError ? error.problems : undefined
  say({ kind: 'failed', message: messageOf(error), code, problems })
}

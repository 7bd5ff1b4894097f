import { fork, type ChildProcess } from 'node:child_process'
import { extname, join } from 'node:path'
import type { HostPort } from '../../address.ts'
import type { Launched } from './postgres.ts'
import type { PostgresMessage } from './postgres-process.ts'

/** Whether this is a checkout, which has a PGlite among what its tests need. */
export function hasPglite(): boolean {
  return extname(import.meta.filename) === '.ts'
}

/** Starts a PGlite in a process of its own, where it takes about 750 MiB. */
export function launchPglite(): Launched {
  const child = fork(join(import.meta.dirname, 'postgres-process.ts'), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  })
  return { child, listening: portOf(child), stop: () => child.kill('SIGKILL') }
}

function portOf(child: ChildProcess): Promise<HostPort> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => {
      const answer = message as PostgresMessage
      if ('port' in answer) resolve({ host: '127.0.0.1', port: answer.port })
      else reject(new Error(answer.error))
    })
  })
}

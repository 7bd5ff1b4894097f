import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { SystemError, messageOf } from '../../errors.ts'
import { dial } from '../../net/dial.ts'
import { relay } from '../../net/relay.ts'
import { startLoopbackService } from './loopback.ts'
import type { LoopbackService } from './loopback.ts'
import type { PostgresMessage } from './postgres-process.ts'

export interface SamplePostgres extends LoopbackService {
  /** The process of the database, once there is one. */
  readonly processId: number | undefined
}

export interface SamplePostgresOptions {
  /** Told when the database begins to start, is ready, or could not start. */
  readonly onProgress?: (text: string) => void
}

interface Database {
  readonly child: ChildProcess
  readonly port: Promise<number>
}

/** Starting takes three seconds on an idle machine; this is for a very busy one. */
const startTimeoutMs = 180_000
const processFile = join(import.meta.dirname, 'postgres-process.ts')

/**
 * Starts a PostgreSQL with a few rows in memory. The database itself, which takes about 750 MiB,
 * starts in a process of its own at the first connection, which waits for it.
 */
export async function startSamplePostgres(
  options: SamplePostgresOptions = {},
): Promise<SamplePostgres> {
  const { onProgress = () => undefined } = options
  let database: Database | undefined
  let isClosed = false

  function start(): Database {
    onProgress('postgres: starting, for its first connection')
    const child = fork(processFile, [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    })
    const port = listeningPort(child)
    child.once('exit', () => {
      // The next connection starts another one, with fresh data.
      if (database?.child === child) database = undefined
    })
    port.then(
      () => onProgress('postgres: ready'),
      (error: unknown) => {
        child.kill('SIGKILL')
        if (!isClosed) onProgress(messageOf(error))
      },
    )
    return { child, port }
  }

  async function serve(client: Socket): Promise<void> {
    try {
      database ??= start()
      const port = await database.port
      await relay(client, await dial({ host: '127.0.0.1', port }))
    } catch {
      client.resetAndDestroy()
    }
  }

  const service = await startLoopbackService((socket) => void serve(socket))
  return {
    port: service.port,
    get processId() {
      return database?.child.pid
    },
    async close(graceMs) {
      isClosed = true
      await Promise.all([service.close(graceMs), end(database)])
    },
  }
}

/** It keeps nothing, so there is nothing to wait for. */
async function end(database: Database | undefined): Promise<void> {
  if (database === undefined) return
  const { child } = database
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new SystemError('sample-failed', `the sample PostgreSQL did not start: ${why}`))
    }
    const timer = setTimeout(() => fail('no answer in time'), startTimeoutMs)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code, signal) => fail(`its process ended with ${signal ?? code}`))
    child.once('message', (message) => {
      const answer = message as PostgresMessage
      clearTimeout(timer)
      if ('port' in answer) resolve(answer.port)
      else fail(answer.error)
    })
  })
}

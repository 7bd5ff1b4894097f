import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { HostPort } from '../../address.ts'
import { SystemError, messageOf } from '../../errors.ts'
import { relay } from '../../net/relay.ts'
import { startLoopbackService } from './loopback.ts'
import type { LoopbackService } from './loopback.ts'

/** A database that was started, or is on its way. */
export interface Launched {
  /** What it ends with. */
  readonly child: ChildProcess
  /** Where it is, once it answers. */
  readonly listening: Promise<HostPort | { readonly path: string }>
  /** Has it end at once; it keeps nothing. */
  stop(): void
}

export interface SamplePostgres extends LoopbackService {
  /** The process of the database, once there is one. */
  readonly processId: number | undefined
}

export interface SamplePostgresOptions {
  /** Starts the database; asked at the first connection, and again where one has ended. */
  readonly launch: () => Launched
  /** Told when the database begins to start, is ready, or could not start. */
  readonly onProgress?: (text: string) => void
}

interface Database extends Launched {
  readonly answering: Launched['listening']
}

/** Starting takes three seconds on an idle machine; this is for a very busy one. */
const startTimeoutMs = 180_000

/**
 * Starts a PostgreSQL with a few rows, which keeps nothing. The database itself starts in a process of its own at
 * the first connection, which waits for it.
 */
export async function startSamplePostgres(options: SamplePostgresOptions): Promise<SamplePostgres> {
  const { launch, onProgress = () => undefined } = options
  let database: Database | undefined
  let isClosed = false

  function start(): Database {
    onProgress('postgres: starting, for its first connection')
    const launched = launch()
    const started = { ...launched, answering: untilAnswering(launched) }
    launched.child.once('exit', () => {
      // The next connection starts another one, with fresh data.
      if (database === started) database = undefined
    })
    started.answering.then(
      () => onProgress('postgres: ready'),
      (error: unknown) => {
        launched.stop()
        if (!isClosed) onProgress(messageOf(error))
      },
    )
    return started
  }

  async function serve(client: Socket): Promise<void> {
    try {
      database ??= start()
      await relay(client, await open(await database.answering))
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

async function open(where: HostPort | { readonly path: string }): Promise<Socket> {
  const socket = connect({ ...where, allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

async function end(database: Database | undefined): Promise<void> {
  if (database === undefined) return
  const { child } = database
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  database.stop()
  await exited
}

function untilAnswering({ child, listening }: Launched): Launched['listening'] {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new SystemError('sample-failed', `the sample PostgreSQL did not start: ${why}`))
    }
    const timer = setTimeout(() => fail('no answer in time'), startTimeoutMs)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code, signal) => fail(`its process ended with ${signal ?? code}`))
    listening.then(
      (where) => {
        clearTimeout(timer)
        resolve(where)
      },
      (error: unknown) => fail(messageOf(error)),
    )
  })
}

import { Worker } from 'node:worker_threads'
import { messageOf } from '../../errors.ts'

/**
 * The process of the sample PostgreSQL. Tells its parent the port it listens on, or why it cannot,
 * and ends with its parent, however that ended: the channel between them closes then.
 */
export type PostgresMessage = { readonly port: number } | { readonly error: string }

function tell(message: PostgresMessage): void {
  process.send?.(message)
}

process.once('disconnect', () => process.exit(0))
// It may have ended while this file was loaded.
if (!process.connected) process.exit(0)
const worker = new Worker(new URL('./postgres-worker.ts', import.meta.url))
worker.on('message', (port: number) => tell({ port }))
worker.on('error', (error) => {
  tell({ error: messageOf(error) })
  process.exitCode = 1
})

import { connect } from 'node:net'
import type { Scope } from './scope.ts'
import { startService } from './services.ts'

/** A wire between the gateway and a service, and what was seen on it. */
export interface Tap {
  readonly port: number
  /** Whether these bytes passed in clear, in either direction, early in a connection. */
  saw(bytes: string | Buffer): boolean
  /** From now on nothing was seen. */
  forget(): void
}

/** What is kept of each direction of a connection, in bytes. */
const maxKeptBytes = 256 * 1024

/** Puts a wire before a loopback port. What a gateway hands on is what it could itself read. */
export async function startTap(scope: Scope, servicePort: number): Promise<Tap> {
  const kept: Buffer[][] = []
  const keep = (): ((chunk: Buffer) => void) => {
    const chunks: Buffer[] = []
    let leftBytes = maxKeptBytes
    kept.push(chunks)
    return (chunk) => {
      if (leftBytes > 0) chunks.push(Buffer.from(chunk.subarray(0, leftBytes)))
      leftBytes -= chunk.length
    }
  }
  const port = await startService(scope, (socket) => {
    const service = connect({ port: servicePort, host: '127.0.0.1', allowHalfOpen: true })
    service.on('error', () => socket.destroy()).once('close', () => socket.destroy())
    socket.once('close', () => service.destroy())
    socket.on('data', keep())
    service.on('data', keep())
    socket.pipe(service)
    service.pipe(socket)
  })
  return {
    port,
    saw: (bytes) => kept.some((chunks) => Buffer.concat(chunks).includes(bytes)),
    forget: () => void (kept.length = 0),
  }
}

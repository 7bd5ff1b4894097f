import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Closable } from '../../shutdown.ts'

/** A service that only this machine can reach. */
export interface LoopbackService extends Closable {
  /** On 127.0.0.1. */
  readonly port: number
}

/** Most connections a sample service holds at once; more are closed unanswered. */
const maxConnections = 64

/**
 * Starts a TCP server on 127.0.0.1, on a port the system chooses. Sockets come half-open, with an
 * error listener; `onSocket` owns them. Closing waits `graceMs` for connections to end, then ends them.
 */
export async function startLoopbackService(
  onSocket: (socket: Socket) => void,
): Promise<LoopbackService> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    onSocket(socket)
  })
  server.maxConnections = maxConnections
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')

  let closed: Promise<void> | undefined
  async function end(graceMs: number): Promise<void> {
    const done = once(server, 'close')
    server.close()
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, graceMs)
    await done
    clearTimeout(timer)
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs) => (closed ??= end(graceMs)),
  }
}

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Scope } from './scope.ts'

/** Starts a service on a loopback port; resolves to the port. */
export async function startService(scope: Scope, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.defer(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** Sends back what it gets, and ends when its peer has. */
export function echo(socket: Socket): void {
  socket.pipe(socket)
}

/** Says nothing until its peer has ended, then answers with the SHA-256 of what came and `reply`. */
export function answerAtEnd(reply: Buffer): (socket: Socket) => void {
  return (socket) => {
    const hash = createHash('sha256')
    socket.on('data', (chunk: Buffer) => hash.update(chunk))
    socket.on('end', () => {
      socket.write(hash.digest())
      socket.end(reply)
    })
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

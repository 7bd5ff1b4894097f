import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Scope } from '../e2e/scope.ts'

/** A line to a port of this machine that can be cut: nothing passes any more, and nobody says so. */
export interface Line {
  readonly port: number
  cut(): void
  /** Everything that waits goes on its way. */
  mend(): void
}

export async function layLine(scope: Scope, to: number): Promise<Line> {
  const sockets = new Set<Socket>()
  let isCut = false
  const take = (socket: Socket, other: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
    socket.on('data', (chunk: Buffer) => {
      if (!other.write(chunk)) socket.pause()
    })
    socket.on('drain', () => {
      if (!isCut) other.resume()
    })
    socket.on('end', () => other.end())
    if (isCut) socket.pause()
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    take(near, far)
    take(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.defer(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    mend() {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
  }
}

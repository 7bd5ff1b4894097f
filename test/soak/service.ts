import type { Socket } from 'node:net'

/** What a tunnel tells the service to do, as its first byte of a message. Everything else comes back. */
export const orders = { end: 0x04, reset: 0x18 } as const

/** An echo that ends, or resets its connection, when it is told to. */
export function obey(socket: Socket): void {
  socket.on('end', () => void socket.end())
  socket.on('data', (chunk: Buffer) => {
    if (chunk[0] === orders.end) socket.end()
    else if (chunk[0] === orders.reset) socket.resetAndDestroy()
    else if (!socket.write(chunk)) {
      socket.pause()
      socket.once('drain', () => socket.resume())
    }
  })
}

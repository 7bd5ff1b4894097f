import { Duplex } from 'node:stream'
import type { WebSocket } from '../../src/tunnel/ws.ts'

/** What says that all has been said (RFC 6455 §7.4.1); every other code, and none, is an abort or a loss. */
const doneCode = 1000

/** The bytes of a stock client's WebSocket, whose end is an orderly one only where the gateway says so in its close. */
export function stockWebSocketStream(socket: WebSocket): Duplex {
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.send(chunk, done),
    // It has no word for the end of one direction.
    final: (done) => done(),
    destroy(error, done) {
      socket.terminate()
      done(error)
    },
  })
  socket.on('message', (data: Buffer) => {
    if (!stream.push(data)) socket.pause()
  })
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', (code) => {
    if (code === doneCode) stream.push(null)
    else stream.destroy(new Error(`the gateway closed with ${code}`))
  })
  stream.on('error', () => undefined)
  return stream
}

import type { Server } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { onLastAnswer, takeFromParser } from './runtime.ts'

/**
 * How long a client that has its answer may go on sending, in milliseconds.
 *
 * @limit time that a client may go on sending after an answer: its connection is cut where it was the last one over
 * HTTP/1.1, and the stream is reset over HTTP/2
 */
const lingerMs = 2_000

/**
 * How much it may send in that time, in bytes.
 *
 * @limit bytes that a client over HTTP/1.1 may send after a last answer: its connection is cut
 */
const maxLingerBytes = 16 * 1024 * 1024

const lingering = new WeakSet<Socket>()

/**
 * Writes the last words of a connection, ends our side, and reads on until the other side has ended too:
 * closing with unread input sends a TCP reset, at which the client loses an answer that it has not read
 * yet. What still comes is thrown away, and nobody else sees it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function endInOrder(socket: Socket, lastWords = ''): void {
  if (lingering.has(socket)) return
  lingering.add(socket)
  takeFromParser(socket, () => throwAway(socket))
  socket.end(lastWords)
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

function throwAway(socket: Socket): void {
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxLingerBytes) socket.destroy()
  })
}

/**
 * Lets a server of HTTP/1.1 end its connections in order. By itself Node closes after the last answer,
 * whatever of the request has not come yet: a body that was refused for its length loses its 413.
 */
export function lingerOnClose(server: Server): void {
  onLastAnswer(server, (socket) => endInOrder(socket))
}

/**
 * Resets a stream whose answer has been sent, unless its client ends it: by itself it stays for as long as its body goes
 * on. A reset in the same turn would take the place of the answer.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.1
 */
export function resetInOrder(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), lingerMs)
  stream.once('close', () => clearTimeout(timer))
}

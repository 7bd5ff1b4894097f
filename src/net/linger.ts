import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * How long a client that has its answer may go on sending, in milliseconds.
 *
 * @limit time that a client over HTTP/1.1 may go on sending after a last answer: its connection is cut
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
  socket.resume()
  // Node's parser has stopped the reading beneath the stream where a body was not taken, and starts it
  // again at the event that `resume` brings. Nothing is read before this tick is over.
  process.nextTick(throwAway, socket)
  socket.end(lastWords)
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

/** Takes the reading over: a parser would see further requests in what comes, and in its end a broken one. */
function throwAway(socket: Socket): void {
  socket.removeAllListeners('data').removeAllListeners('end')
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
  server.on('connection', (socket: Socket) => {
    // Of all that closes a connection this alone comes after an answer.
    socket.destroySoon = () => endInOrder(socket)
  })
}

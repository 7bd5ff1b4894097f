/**
 * The service behind every target, a process of its own: plain TCP, on loopback or the address that it is
 * given. A connection starts
 * with an order of nine bytes, an operation and a count:
 *
 *   S n   sink: throw n bytes away, then answer with one byte
 *   P n   pour: send n bytes
 *   E 0   echo
 *   N n   read nothing more
 */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

import { chunk, decodeOrder, orderLength, pour } from './bytes.ts'

const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  takeOrder(socket)
})
server.listen({ host: process.argv[2] ?? '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const address = server.address()
  if (typeof address === 'object') process.send?.({ port: address?.port })
})
process.on('disconnect', () => process.exit())

function takeOrder(socket: Socket): void {
  let head = Buffer.alloc(0)
  socket.on('data', function onData(data: Buffer) {
    head = Buffer.concat([head, data])
    if (head.length < orderLength) return
    socket.off('data', onData)
    const rest = head.subarray(orderLength)
    const { operation, count } = decodeOrder(head)
    if (operation === 'E') echo(socket, rest)
    else if (operation === 'N') socket.pause()
    else if (operation === 'S') sink(socket, count - rest.length)
    else pour(socket, count)
  })
}

function echo(socket: Socket, first: Buffer): void {
  if (first.length > 0) socket.write(first)
  socket.on('data', (data) => void socket.write(data))
}

function sink(socket: Socket, count: number): void {
  let left = count
  socket.on('data', (data) => {
    left -= data.length
    if (left === 0) socket.write(chunk.subarray(0, 1))
  })
}

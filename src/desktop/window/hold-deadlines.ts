import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import { isBun } from '../../is-bun.ts'
import { watchDeadlines } from '../../net/http1-deadlines.ts'
import { endInOrder } from '../../net/linger.ts'

/** Times in milliseconds. */
export interface Deadlines {
  readonly headMs: number
  readonly requestMs: number
  /** Without a byte. */
  readonly silenceMs: number
  /** How often it is looked. */
  readonly lookMs: number
}

interface Connection {
  /** Of requests whose answers are under way. */
  answers: number
  /** Of requests that may still come to be late. */
  readonly timers: Set<Disposable>
}

const tooLate = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

/**
 * Has a server of HTTP/1.1 that never listens hold its connections to deadlines; to be called with each, before the server
 * has it. Node holds them itself (`headersTimeout`, `requestTimeout`, `setTimeout`). Bun does so where a server listens, and
 * no socket of it times out while a write waits (`_onTimeout` of src/js/node/net.ts, release 1.4.5).
 */
export function holdDeadlines(
  server: Server,
  times: Deadlines,
  clock: Clock,
): (socket: Socket) => void {
  return isBun ? ownDeadlines(server, times, clock) : () => undefined
}

function ownDeadlines(
  server: Server,
  { headMs, requestMs, silenceMs, lookMs }: Deadlines,
  clock: Clock,
): (socket: Socket) => void {
  const connections = new WeakMap<Socket, Connection>()
  const heads = watchDeadlines({
    clock,
    headMs,
    idleMs: server.keepAliveTimeout,
    lookMs,
    isBusy: (socket) => (connections.get(socket)?.answers ?? 0) > 0,
    onLate: (socket) => endInOrder(socket, tooLate),
    onIdle: (socket) => socket.destroy(),
  })
  server.prependListener('request', (request, response) => {
    const { socket } = request
    const connection = connections.get(socket)
    if (connection === undefined) return
    heads.arrived(request)
    connection.answers += 1
    const timer = clock.schedule(requestMs, () => {
      connection.timers.delete(timer)
      if (request.complete) return
      if (response.headersSent) socket.destroy()
      else endInOrder(socket, tooLate)
    })
    connection.timers.add(timer)
    response.once('close', () => {
      connection.answers -= 1
      if (!request.complete) return
      timer[Symbol.dispose]()
      connection.timers.delete(timer)
    })
  })
  return (socket) => {
    const timers = new Set([cutSilent(socket, { silenceMs, lookMs }, clock)])
    connections.set(socket, { answers: 0, timers })
    socket.once('close', () => {
      for (const timer of timers) timer[Symbol.dispose]()
    })
    heads.begin(socket)
  }
}

function cutSilent(
  socket: Socket,
  { silenceMs, lookMs }: Pick<Deadlines, 'silenceMs' | 'lookMs'>,
  clock: Clock,
): Disposable {
  let bytes = 0
  let sinceMs = clock.now()
  function look(): void {
    timer = clock.schedule(lookMs, look)
    // Without what waits to be written.
    const now = socket.bytesRead + socket.bytesWritten - socket.writableLength
    if (now !== bytes) {
      bytes = now
      sinceMs = clock.now()
    } else if (clock.now() - sinceMs >= silenceMs) socket.destroy()
  }
  let timer = clock.schedule(lookMs, look)
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A line that takes few bytes a second, all connections together: in front of a port of 127.0.0.1. */
export interface Throttle extends Disposable {
  readonly port: number
}

const tickMs = 10

/** Passes connections on to `port`, and `bytesPerSecond` of what they say to whoever connects. */
export async function openThrottle(port: number, bytesPerSecond: number): Promise<Throttle> {
  const sockets = new Set<Socket>()
  const slow = new Set<Socket>()
  let allowed = 0
  const timer = setInterval(() => {
    allowed = Math.min(allowed, 0) + (bytesPerSecond * tickMs) / 1_000
    for (const socket of slow) socket.resume()
  }, tickMs)
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        slow.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    slow.add(far)
    far.on('data', (data) => {
      allowed -= data.length
      if (allowed <= 0) for (const socket of slow) socket.pause()
      near.write(data)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      clearInterval(timer)
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

import { createServer, type Server, type Socket } from 'node:net'
import { SystemError, messageOf, systemCode } from '../errors.ts'
import { keepAliveMs } from '../net/dial.ts'
import type { Closable } from '../shutdown.ts'
import { formatListening, type ListenAddress } from './listen-address.ts'
import { listenOnPath } from './unix-socket.ts'

export interface Listener extends Closable {
  /** As people write it, with the port that the system chose: `127.0.0.1:52046`, `unix:/run/x.sock`. */
  readonly address: string
}

/** Most connections at once; further ones are closed as they come. */
const maxConnections = 4_096

/**
 * Takes local connections, ready to be relayed: half-open, kept alive, without Nagle's delay.
 * `serve` owns each one and resolves when it is done with it.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function startListener(
  address: Exclude<ListenAddress, { kind: 'stdio' }>,
  serve: (socket: Socket) => Promise<void>,
): Promise<Listener> {
  const live = new Map<Socket, Promise<void>>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.setKeepAlive(true, keepAliveMs)
    live.set(
      socket,
      serve(socket).finally(() => live.delete(socket)),
    )
  })
  server.maxConnections = maxConnections
  const formatted = await listen(server, address)
  let closing: Promise<void> | undefined
  return {
    address: formatted,
    close(graceMs) {
      closing ??= drain(server, live, graceMs)
      return closing
    },
  }
}

async function listen(
  server: Server,
  address: Exclude<ListenAddress, { kind: 'stdio' }>,
): Promise<string> {
  const wanted =
    address.kind === 'unix'
      ? `unix:${address.path}`
      : formatListening(address.host ?? '', address.port)
  try {
    if (address.kind === 'unix') await listenOnPath(server, address.path)
    else await listenOnPort(server, address)
  } catch (error) {
    throw listenError(error, wanted)
  }
  const bound = server.address()
  return bound === null || typeof bound === 'string'
    ? wanted
    : formatListening(bound.address, bound.port)
}

function listenOnPort(server: Server, address: ListenAddress & { kind: 'tcp' }): Promise<void> {
  const { host, port } = address
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(host === undefined ? { port } : { host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function listenError(error: unknown, address: string): SystemError {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new SystemError('address-in-use', `"${address}" is in use by another program`, {
        cause: error,
        hint: 'choose another port with "--listen", or port 0 to get a free one',
      })
    case 'EACCES':
      return new SystemError('address-not-allowed', `you may not listen on "${address}"`, {
        cause: error,
        hint: 'ports below 1024 are usually for the system: choose a higher one with "--listen"',
      })
    default:
      return new SystemError(
        'cannot-listen',
        `cannot listen on "${address}": ${messageOf(error)}`,
        {
          cause: error,
        },
      )
  }
}

async function drain(
  server: Server,
  live: ReadonlyMap<Socket, Promise<void>>,
  graceMs: number,
): Promise<void> {
  server.close()
  const timer = setTimeout(() => {
    for (const socket of live.keys()) socket.destroy()
  }, graceMs)
  await Promise.all(live.values())
  clearTimeout(timer)
}

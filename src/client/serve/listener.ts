import { createServer, type Server, type Socket } from 'node:net'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { keepAliveMs } from '../../net/dial.ts'
import type { Closable } from '../../shutdown.ts'
import { formatListening, type ListenAddress, type LocalAddress } from './listen-address.ts'
import { listenOnPath } from './unix-socket.ts'

export interface Listener extends Closable {
  /** As people write it, with the port that the system chose: `127.0.0.1:52046`, `unix:/run/x.sock`. */
  readonly address: string
}

/**
 * Most connections at once; further ones are closed as they come.
 *
 * @limit connections to one local port: further ones are closed as they come
 */
const maxConnections = 4_096

interface Failure {
  readonly code: string
  /** `%` stands for the address. */
  readonly message: string
  readonly hint: string
}

const tcpFailures: Readonly<Record<string, Failure>> = {
  EADDRINUSE: {
    code: 'address-in-use',
    message: '"%" is in use by another program',
    hint: 'choose another port, or port 0 to get a free one',
  },
  EACCES: {
    code: 'address-not-allowed',
    message: 'you may not listen on "%"',
    hint: 'ports below 1024 are usually for the system: choose a higher one',
  },
  EADDRNOTAVAIL: {
    code: 'cannot-listen',
    message: '"%" is not an address of this machine',
    hint: 'write "127.0.0.1:PORT", or ":PORT" for all addresses',
  },
}

const noDirectory: Failure = {
  code: 'address-not-allowed',
  message: 'there is no directory for "%", or you may not write to it',
  hint: 'make the directory first, or choose another path',
}

const unixFailures: Readonly<Record<string, Failure>> = {
  EADDRINUSE: {
    code: 'address-in-use',
    message: '"%" is in use by another program, or a file of another kind',
    hint: 'choose another path; only a socket that nobody answers on is replaced',
  },
  // libuv says EACCES for a missing directory as well (uv_pipe_bind2 maps ENOENT), Bun ENOENT.
  EACCES: noDirectory,
  ENOENT: noDirectory,
  EINVAL: {
    code: 'cannot-listen',
    message: 'the path of "%" is too long for a socket',
    hint: 'systems allow about 100 bytes: choose a shorter one, such as a relative path',
  },
}

/**
 * Takes local connections, ready to be relayed: half-open, kept alive, without Nagle's delay.
 * `serve` owns each one and resolves when it is done with it; what is cut once `closing` is aborted is cut by us, and
 * no failure.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function startListener(
  address: LocalAddress,
  serve: (socket: Socket, closing: AbortSignal) => Promise<void>,
): Promise<Listener> {
  const live = new Map<Socket, Promise<void>>()
  const ending = new AbortController()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.setKeepAlive(true, keepAliveMs)
    live.set(
      socket,
      serve(socket, ending.signal).finally(() => live.delete(socket)),
    )
  })
  server.maxConnections = maxConnections
  const formatted = await listen(server, address)
  let closing: Promise<void> | undefined
  return {
    address: formatted,
    close(graceMs) {
      closing ??= drain(server, live, { graceMs, ending })
      return closing
    },
  }
}

async function listen(server: Server, address: LocalAddress): Promise<string> {
  const wanted =
    address.kind === 'unix'
      ? `unix:${address.path}`
      : formatListening(address.host ?? '', address.port)
  try {
    if (address.kind === 'unix') await listenOnPath(server, address.path)
    else await listenOnPort(server, address)
  } catch (error) {
    throw listenError(error, address, wanted)
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

function listenError(error: unknown, address: ListenAddress, wanted: string): SystemError {
  const code = systemCode(error) ?? ''
  const isUnix = address.kind === 'unix'
  const known = (isUnix ? unixFailures : tcpFailures)[code]
  if (known !== undefined) {
    return new SystemError(
      known.code,
      known.message.replace('%', () => wanted),
      {
        cause: error,
        hint: known.hint,
      },
    )
  }
  return new SystemError('cannot-listen', `cannot listen on "${wanted}": ${messageOf(error)}`, {
    cause: error,
  })
}

async function drain(
  server: Server,
  live: ReadonlyMap<Socket, Promise<void>>,
  { graceMs, ending }: { readonly graceMs: number; readonly ending: AbortController },
): Promise<void> {
  server.close()
  const cut = (): void => {
    ending.abort(new Error('the listener is closed'))
    for (const socket of live.keys()) socket.destroy()
  }
  // At once: whoever ends their tunnels in the same step must not have it told as a failure.
  if (graceMs <= 0) cut()
  const timer = setTimeout(cut, graceMs)
  await Promise.all(live.values())
  clearTimeout(timer)
}

import type { Socket } from 'node:net'
import { AppError, PeerError, SystemError, messageOf } from '../../errors.ts'
import { serveConnection, type TunnelOpener } from '../../client/serve/connection.ts'
import { peerOf, whyRefused, type ConnectionEvent } from '../../client/serve/forward.ts'
import { isOpenToOthers, type LocalAddress } from '../../client/serve/listen-address.ts'
import { startListener } from '../../client/serve/listener.ts'
import type { Admission } from '../../client/serve/same-user.ts'
import type { Closable } from '../../shutdown.ts'
import { createHttpAsker, type AskByHttp } from './ask-http.ts'
import { askBySocks, refuseSocks4 } from './ask-socks.ts'
import type { AskOptions, Asked } from './asked.ts'
import {
  handshakeBounds,
  holdHandshakes,
  type Handshake,
  type HandshakeBounds,
} from './handshakes.ts'
import { createPasswordCheck, type ProxyPassword } from './proxy-password.ts'

/** What happens at the local proxy. */
export type ProxyEvent =
  /** Of a connection that has said what it wants, as `startForward` tells it. */
  | Exclude<ConnectionEvent, { readonly kind: 'refused' }>
  /** It is not for us to serve, or did not say what it wants as it has to. */
  | { readonly kind: 'turned-away'; readonly peer: string; readonly error: AppError }

export interface LocalProxyOptions {
  /** Loopback or a Unix socket. */
  readonly listen: LocalAddress
  /** Whose tunnels are used: the gateway decides what may be reached. */
  readonly client: TunnelOpener
  /** Wanted of everybody; undefined only at a Unix socket, which nobody else may open. */
  readonly password: ProxyPassword | undefined
  /** Who may connect. **Default:** everybody who can */
  readonly admission?: Admission | undefined
  /** Told of everything, at once and in order. Must not throw. */
  readonly report: (event: ProxyEvent) => void
  /** **Default:** `handshakeBounds` */
  readonly bounds?: Partial<HandshakeBounds> | undefined
}

/** A local address that leads to every route of one gateway. */
export interface LocalProxy extends Closable {
  /** As people write it, with the port that the system chose. */
  readonly address: string
}

/**
 * Listens for programs that speak HTTP's CONNECT or SOCKS 5, and carries each connection through a tunnel of its own
 * to what it names. A program hears of success only when its tunnel is open, and else why it got none. Nothing is
 * looked up on this machine.
 *
 * @throws SystemError `proxy-open-to-others`, or as `startForward`
 */
export async function startLocalProxy(options: LocalProxyOptions): Promise<LocalProxy> {
  const { listen, password, report } = options
  if (isOpenToOthers(listen)) throw openToOthers()
  if (password === undefined && listen.kind === 'tcp') throw new Error('a port needs a password')
  const bounds = { ...handshakeBounds, ...options.bounds }
  const parts: Parts = {
    ...options,
    wrongPasswordDelayMs: bounds.wrongPasswordDelayMs,
    checkPassword: password === undefined ? undefined : createPasswordCheck(password),
    beginHandshake: holdHandshakes(bounds),
    askByHttp: createHttpAsker(),
  }
  let lastId = 0
  return startListener(listen, async (socket, closing) => {
    const peer = peerOf(socket)
    const asked = await learnWish(socket, parts).catch((error: unknown) => {
      const known = error instanceof AppError ? error : unreadable(error)
      if (!closing.aborted) report({ kind: 'turned-away', peer, error: known })
    })
    if (asked === undefined) return closed(socket)
    lastId += 1
    await carry(socket, asked, { id: lastId, peer, closing, parts })
  })
}

interface Parts
  extends LocalProxyOptions, Pick<AskOptions, 'checkPassword' | 'wrongPasswordDelayMs'> {
  readonly beginHandshake: () => Handshake
  readonly askByHttp: AskByHttp
}

/** Learns what a program wants. One that says nothing of use has been told, and its connection is on its way out. */
async function learnWish(socket: Socket, parts: Parts): Promise<Asked> {
  socket.on('error', () => undefined)
  using handshake = parts.beginHandshake()
  const { checkPassword, wrongPasswordDelayMs, admission } = parts
  try {
    const why = admission && (await whyRefused(socket, admission))
    if (why !== undefined) throw new PeerError('not-admitted', why)
    const { signal } = handshake
    return await ask(socket, { signal, checkPassword, wrongPasswordDelayMs }, parts.askByHttp)
  } catch (error) {
    if (!socket.writableEnded) socket.destroy()
    throw error
  }
}

/** The first byte tells the protocols apart: a version of SOCKS, or the first letter of a method. */
async function ask(socket: Socket, options: AskOptions, askByHttp: AskByHttp): Promise<Asked> {
  const first = await firstByte(socket, options.signal)
  if (first === 5) return askBySocks(socket, options)
  if (first === 4) throw refuseSocks4(socket)
  if (first >= 0x41 && first <= 0x5a) return askByHttp(socket, options)
  throw new PeerError(
    'not-a-proxy-request',
    first === 0x16
      ? 'the other end speaks TLS to the local proxy: write "http://", also for "https://" pages'
      : 'the other end speaks neither HTTP nor SOCKS',
  )
}

/** Waits for the first byte, and leaves it unread. */
function firstByte(socket: Socket, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (why: string): void => {
      release()
      reject(new PeerError('not-a-proxy-request', `the other end ${why}`))
    }
    const onEnd = (): void => fail('has ended before it said what it wants')
    const onAbort = (): void => fail(String(signal.reason))
    function onReadable(): void {
      const chunk = socket.read() as Buffer | null
      const first = chunk?.[0]
      if (chunk === null || first === undefined) return
      release()
      socket.unshift(chunk)
      resolve(first)
    }
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
    if (socket.destroyed || socket.readableEnded) onEnd()
  })
}

interface Carried {
  readonly id: number
  readonly peer: string
  readonly closing: AbortSignal
  readonly parts: Parts
}

async function carry(
  socket: Socket,
  asked: Asked,
  { id, peer, closing, parts }: Carried,
): Promise<void> {
  const { authority } = asked
  const { client, report } = parts
  const bytes = { up: 0, down: 0 }
  const connection = { id, peer, authority, bytes }
  report({ connection, kind: 'began' })
  const outcome = await serveConnection(socket, {
    authority,
    client,
    bytes,
    closing,
    onConnected() {
      asked.accept()
      report({ connection, kind: 'connected' })
    },
    turnAway: (error) => asked.refuse(error),
  })
  report({ connection, ...outcome })
  // It is told why, in order, which takes its time.
  if (outcome.kind === 'failed') await closed(socket)
}

/** Not by `once`, which rejects at an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

function unreadable(cause: unknown): PeerError {
  return new PeerError('malformed-request', `the other end cannot be served: ${messageOf(cause)}`, {
    cause,
  })
}

function openToOthers(): SystemError {
  return new SystemError('proxy-open-to-others', 'the local proxy listens on this machine only', {
    hint: 'write "127.0.0.1:PORT" or "unix:PATH"',
  })
}

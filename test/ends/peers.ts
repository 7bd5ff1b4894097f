import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import * as http2 from 'node:http2'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { keepSessionAlive } from '../../src/port/http/http2-keepalive.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { runsOn } from '../../src/net/beneath.ts'
import { endWithPeer } from '../../src/net/http2-peer-end.ts'
import { encodeCredit, encodeEnd, maxCredit, maxMessageBytes } from '../../src/tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../../src/tunnel/websocket-stream.ts'
import { WebSocket, WebSocketServer } from '../../src/tunnel/ws.ts'
import {
  acknowledgement,
  connectFields,
  endHeaders,
  endStream,
  frame,
  headBytes,
  isPing,
  isPingAnswer,
  number32,
  preface,
} from '../bad-input/frames.ts'

/** Somebody at one end of a tunnel, who does what no library would. */
export interface Peer {
  /** By name. `end` is the orderly end of its direction; all others are the last that it does. */
  readonly acts: Readonly<Record<string, () => void>>
  /** Takes everything from now on. Until then it takes nothing beyond the buffers of its transport. */
  read(): void
  /** Sends so much that a relay whose other side stops must stop too. */
  send(): void
  /** Lets go of everything that is its own. */
  destroy(): void
}

/** One connection to the relay: its peer, and what the relay is given. */
export interface Line {
  readonly peer: Peer
  readonly near: Duplex
  /** The connection beneath, that must not outlive the tunnel; of HTTP/2 the stream alone. */
  readonly held: Duplex
  /** Whether all that the peer sent has been read, where that is so although nobody reads the tunnel. */
  hasArrived?(): boolean
}

export interface LineFactory {
  /** The names of a peer's acts. */
  readonly acts: readonly string[]
  /** Acts after which the tunnel must be over although somebody has stopped reading. */
  readonly aborts: readonly string[]
  /** Whether an abort is heard although nobody reads, and although our direction has ended. */
  readonly hearsAlways: boolean
  /** Its peer may be asked quickly whether it is there, so that its loss is heard in a test's time. */
  open(isAskedQuickly: boolean): Promise<Line>
  close(): void
}

/** How often a peer is asked whether it is there, in milliseconds, where it will vanish. */
const quickMs = 100
/** More than the buffers of two loopback connections hold. */
const flood = Buffer.alloc(6 * 1024 * 1024)
/** What HTTP/2 and WebSockets may have under way unread, in bytes: a flood. */
const windowBytes = 16 * 1024 * 1024

export async function plainLines(): Promise<LineFactory> {
  const { server, accept } = await listen()
  return {
    acts: ['end', 'close', 'reset'],
    aborts: ['reset'],
    hearsAlways: false,
    async open() {
      const [socket, near] = await accept()
      const acts = {
        end: () => void socket.end(),
        close: () => void socket.destroy(),
        reset: () => reset(socket),
      }
      return { peer: socketPeer(socket, socket, acts), near, held: near }
    },
    close: () => server.close(),
  }
}

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])

/** HTTP/1.1's tunnels: TLS on a connection that may be half-open. */
export async function tlsLines(): Promise<LineFactory> {
  const { server, accept } = await listen()
  const secure = tls.createServer(pair)
  return {
    acts: ['end', 'close', 'reset'],
    aborts: ['reset'],
    hearsAlways: false,
    async open() {
      const [raw, held] = await accept()
      const secured = once(secure, 'secureConnection') as Promise<[tls.TLSSocket]>
      secure.emit('connection', held)
      const socket = tls.connect({ socket: raw, servername: 'localhost', ca: authority.cert })
      const [near] = await secured
      runsOn(near, held)
      if (!socket.authorized) await once(socket, 'secureConnect')
      const acts = {
        end: () => void socket.end(),
        close: () => void (raw.destroyed ? socket : raw).destroy(),
        reset: () => reset(socket, raw),
      }
      return { peer: socketPeer(socket, raw, acts), near, held }
    },
    close: () => server.close(),
  }
}

/** RST_STREAM's codes that somebody sends: NO_ERROR, INTERNAL_ERROR, CANCEL, CONNECT_ERROR. */
const resetCodes = [0, 2, 8, 10] as const

export async function http2Lines(): Promise<LineFactory> {
  const { server, accept } = await listen()
  const sessions = http2.createServer({
    settings: { initialWindowSize: windowBytes },
    maxSessionMemory: 64,
  })
  sessions.on('sessionError', () => undefined)
  sessions.on('session', (session) => {
    session.setLocalWindowSize(windowBytes)
    session.on('stream', endWithPeer(session, session.socket))
  })
  const codes = resetCodes.map((code) => `RST_STREAM ${code}`)
  return {
    acts: ['end', ...codes, 'close', 'reset', 'vanish'],
    aborts: [...codes, 'close', 'reset', 'vanish'],
    hearsAlways: true,
    async open(isAskedQuickly) {
      const [raw, held] = await accept()
      const opened = once(sessions, 'stream') as Promise<[http2.ServerHttp2Stream]>
      sessions.emit('connection', held)
      raw.write(opening)
      const [near] = await opened
      if (isAskedQuickly) {
        keepSessionAlive(near.session as http2.ServerHttp2Session, held, {
          intervalMs: quickMs,
          idleTimeoutMs: 0,
        })
      }
      near.on('error', () => undefined).respond({ ':status': 200 })
      const { peer, hasAllAnswers } = http2Peer(raw)
      return { peer, near, held: near, hasArrived: () => held.destroyed || hasAllAnswers() }
    },
    close: () => server.close(),
  }
}

/** The window that the other side's SETTINGS allow counts from their acknowledgement on. */
const opening = Buffer.concat([
  preface,
  frame('settings', acknowledgement, 0),
  frame('headers', endHeaders, 1, connectFields('x:1')),
])

const frameBytes = 16 * 1024
const floodFrames = Buffer.concat(
  Array.from({ length: flood.length / frameBytes }, () =>
    frame('data', 0, 1, Buffer.alloc(frameBytes)),
  ),
)

/** The answer to a PING tells that what stands before it was read: Bun does not count what its HTTP/2 takes. */
const askingPing = frame('ping', 0, 0, Buffer.alloc(8))

function http2Peer(raw: Socket): { peer: Peer; hasAllAnswers: () => boolean } {
  const send = (bytes: Buffer): void => void (raw.destroyed || raw.write(bytes))
  let unanswered = 0
  const sendAsking = (bytes: Buffer): void => {
    unanswered += 1
    send(Buffer.concat([bytes, askingPing]))
  }
  const resets = resetCodes.map((code) => [
    `RST_STREAM ${code}`,
    () => sendAsking(frame('rstStream', 0, 1, number32(code))),
  ])
  answerPings(raw, () => (unanswered -= 1))
  const peer: Peer = {
    acts: {
      end: () => sendAsking(frame('data', endStream, 1)),
      ...(Object.fromEntries(resets) as Record<string, () => void>),
      close: () => void raw.end(),
      reset: () => void raw.resetAndDestroy(),
      vanish: () => vanish(raw),
    },
    read() {
      const credit = number32(0x3fff_ffff)
      send(
        Buffer.concat([frame('windowUpdate', 0, 0, credit), frame('windowUpdate', 0, 1, credit)]),
      )
    },
    send: () => send(floodFrames),
    destroy: () => void raw.destroy(),
  }
  return { peer, hasAllAnswers: () => unanswered === 0 }
}

function answerPings(raw: Socket, onAnswer: () => void): void {
  let input = Buffer.alloc(0)
  raw.on('data', (chunk: Buffer) => {
    input = Buffer.concat([input, chunk])
    while (input.length >= headBytes) {
      const end = headBytes + input.readUIntBE(0, 3)
      if (input.length < end) return
      if (isPing(input))
        raw.write(frame('ping', acknowledgement, 0, input.subarray(headBytes, end)))
      if (isPingAnswer(input)) onAnswer()
      input = input.subarray(end)
    }
  })
}

export async function webSocketLines(): Promise<LineFactory> {
  const { server, accept } = await listen()
  const http = createHttpServer()
  const sockets = new WebSocketServer({ noServer: true, ...webSocketBounds })
  return {
    acts: ['end', 'close 4000', 'close 1000', 'close', 'reset', 'vanish'],
    aborts: ['close 4000', 'close 1000', 'close', 'reset', 'vanish'],
    hearsAlways: true,
    async open(isAskedQuickly) {
      const [raw, connection] = await accept()
      const upgrade = once(http, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>
      http.emit('connection', connection)
      const socket = new WebSocket('ws://localhost/', {
        ...webSocketBounds,
        createConnection: () => raw,
      })
      socket.on('error', () => undefined)
      const [request, held, head] = await upgrade
      const accepted = new Promise<WebSocket>((resolve) =>
        sockets.handleUpgrade(request, held, head, resolve),
      )
      const [webSocket] = await Promise.all([accepted, once(socket, 'open')])
      return {
        peer: webSocketPeer(socket, raw),
        near: tunnelOverWebSocket(
          webSocket,
          windowBytes,
          undefined,
          isAskedQuickly ? quickMs : undefined,
        ),
        held,
        hasArrived: () => isRead(raw, held),
      }
    },
    close: () => server.close(),
  }
}

function webSocketPeer(socket: WebSocket, raw: Socket): Peer {
  return {
    acts: {
      end: () => socket.send(encodeEnd(), () => undefined),
      'close 4000': () => socket.close(4000),
      'close 1000': () => socket.close(1000),
      close: () => void raw.destroy(),
      reset: () => void raw.resetAndDestroy(),
      vanish: () => vanish(raw),
    },
    read: () => socket.send(encodeCredit(maxCredit / 2), () => undefined),
    send() {
      for (let sent = 0; sent < flood.length; sent += maxMessageBytes) {
        socket.send(flood.subarray(0, maxMessageBytes), () => undefined)
      }
    },
    destroy: () => socket.terminate(),
  }
}

function socketPeer(socket: Socket, raw: Socket, acts: Peer['acts']): Peer {
  socket.on('error', () => undefined)
  return {
    acts,
    read: () => void socket.resume(),
    send: () => void socket.write(flood),
    destroy() {
      socket.destroy()
      raw.destroy()
    },
  }
}

function isRead(sender: Socket, receiver: Socket): boolean {
  return receiver.destroyed || receiver.bytesRead >= sender.bytesWritten
}

/** From now on nothing is read from it or comes of it, as behind an edge that keeps the connection. */
function vanish(raw: Socket): void {
  raw.pause()
  raw.write = () => true
}

/**
 * While a FIN of its own is on its way, libuv refuses a reset and Node forgets the descriptor. On Bun the connection beneath
 * TLS counts as destroyed once its peer has ended: the TLS stream has it then.
 */
function reset(socket: Socket, beneath = socket): void {
  const raw = beneath.destroyed ? socket : beneath
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (isEnding) socket.once('finish', () => raw.resetAndDestroy())
  else raw.resetAndDestroy()
}

/** A port, and pairs of connected sockets on it: the one that connected, and the one accepted. */
async function listen(): Promise<{ server: Server; accept: () => Promise<[Socket, Socket]> }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    async accept() {
      const accepted = once(server, 'connection') as Promise<[Socket]>
      // Without `noDelay` a second act waits for the acknowledgement of the first (Nagle, RFC 896).
      const socket = connect({
        port: portOf(server),
        host: '127.0.0.1',
        allowHalfOpen: true,
        noDelay: true,
      })
      const [[far]] = await Promise.all([accepted, once(socket, 'connect')])
      for (const end of [socket, far]) end.on('error', () => undefined)
      return [socket, far]
    },
  }
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  return (server.address() as AddressInfo).port
}

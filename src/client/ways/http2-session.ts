import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { UpstreamError } from '../../errors.ts'
import { endWithPeer } from '../../net/http2-peer-end.ts'
import { sendingSettings, setConnectionCredit } from '../../net/runtime-http2.ts'
import { createPinger, pingIntervalMs, pingsOfClient } from '../../net/http2-ping.ts'
import { createProbe } from './http2-probe.ts'
import type { Aftermath } from './aftermath.ts'
import { lossOf, readBody, type HttpAnswer, type RequestFields } from '../../reach/http-answer.ts'
import { answerTimeoutMs, isTunnel, tunnelIdOf, type ConnectAnswer } from './way.ts'
import { connectMethod } from '../../net/target.ts'

/**
 * How long a connection without a tunnel is kept for the next one: an edge counts and logs a connection
 * when it ends, and whoever looks there should not have to end the client first.
 *
 * @limit time that a connection to the gateway is kept without a tunnel: it is closed, and the next
 * tunnel opens another
 */
const keptIdleMs = 5_000

/** A connection that carries many tunnels. */
export interface TunnelSession {
  /** Whether another tunnel may be asked for on it. */
  readonly isUsable: boolean
  /** Whether it and all its tunnels have ended. */
  readonly isGone: boolean
  /** Whether it has ever answered: one that never did may be cut by something on the way. */
  readonly hasAnswered: boolean
  /**
   * Asks for a tunnel. Rejects with Node's own error when the transport fails before an answer, and with
   * a `SilentError` when neither the answer nor that to a PING has come: it is no longer usable then.
   *
   * @throws UpstreamError `gateway-unreachable` when the transport works and no answer comes
   */
  connect(authority: string, fields: RequestFields, signal?: AbortSignal): Promise<ConnectAnswer>
  /** Takes no further tunnels and ends with its last one. */
  retire(): void
  destroy(): void
}

/** Credit of one tunnel: 4 MiB carries 40 MiB/s over 100 ms. Only a reader that stops fills it. */
const streamWindowBytes = 4 * 1024 * 1024
/** Credit of the whole connection. Node gives it back as bytes arrive, so no tunnel starves others. */
const connectionWindowBytes = 16 * 1024 * 1024
/**
 * Most a session may hold in memory before Node refuses streams, in MB: stopped readers' windows.
 *
 * @limit memory of one HTTP/2 connection, stopped readers included: further tunnels get a new
 * connection
 */
const maxSessionMemoryMb = 512

/**
 * Before a gateway has said how many it takes: as many as ours takes at first.
 *
 * @limit none: tunnels begun at once on a new HTTP/2 connection; further ones get another connection
 */
const untoldStreams = 32

/** Starts HTTP/2 on a connection to the gateway, and pings it every `intervalMs`. */
export function startTunnelSession(
  socket: Socket,
  origin: string,
  intervalMs = pingIntervalMs,
): TunnelSession {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: { ...sendingSettings, initialWindowSize: streamWindowBytes, enablePush: false },
    maxSessionMemory: maxSessionMemoryMb,
  })
  let isLeaving = false
  let hasAnswered = false
  let isTold = false
  let streams = 0
  session.once('remoteSettings', () => (isTold = true))
  session.once('connect', () => {
    // The event comes a turn later: the session may have been destroyed in between.
    if (session.destroyed) return
    setConnectionCredit(session, connectionWindowBytes, () =>
      session.settings({ initialWindowSize: streamWindowBytes }),
    )
  })
  let lastWords: Uint8Array | undefined
  session.on('goaway', (_code, _lastStreamId, words?: Uint8Array) => {
    isLeaving = true
    lastWords = words ?? lastWords
  })
  // Every stream of a lost session reports the loss itself.
  session.on('error', () => undefined)
  socket.once('end', () => (isLeaving = true))
  const follow = endWithPeer(session, socket)
  const probe = createProbe(session)
  pingRegularly(session, socket, intervalMs)
  let idle: NodeJS.Timeout | undefined

  /** Only on this connection: a gateway that cannot be asked on it has lost the tunnel, not cut it. */
  async function fetchPath(path: string, signal: AbortSignal): Promise<HttpAnswer> {
    const stream = session.request({ ':path': path, accept: 'application/json' })
    follow(stream)
    const head = await awaitHead(stream, probe.silence, signal)
    const body = await readBody(stream)
    stream.destroy()
    return { ...head, body }
  }

  function aftermathOf(requestId: string | undefined): Aftermath | undefined {
    if (requestId === undefined) return undefined
    return {
      requestId,
      hidesCuts: false,
      async whyCut(signal) {
        const { askWhy, readGoAway } = await import('./ask-why.ts')
        const said = lastWords && readGoAway(lastWords, requestId)
        return said ?? askWhy(requestId, (path) => fetchPath(path, signal))
      },
    }
  }

  return {
    get isUsable() {
      const limit = isTold
        ? (session.remoteSettings.maxConcurrentStreams ?? untoldStreams)
        : untoldStreams
      return (
        !isLeaving &&
        !probe.silence.aborted &&
        !session.closed &&
        !session.destroyed &&
        streams < limit
      )
    },
    get isGone() {
      return session.destroyed
    },
    get hasAnswered() {
      return hasAnswered
    },
    async connect(authority, fields, signal) {
      const loss = lossOf(socket)
      if (loss !== undefined) {
        session.destroy()
        throw loss
      }
      const stream = session.request({
        ':method': connectMethod,
        ':authority': authority,
        ...fields,
      })
      probe.ask()
      clearTimeout(idle)
      streams += 1
      follow(stream)
      stream.once('close', () => {
        streams -= 1
        if (streams > 0) return
        if (probe.silence.aborted) session.destroy()
        else idle = setTimeout(() => session.close(), keptIdleMs).unref()
      })
      const head = await awaitHead(stream, probe.silence, signal)
      probe.heard()
      hasAnswered = true
      if (isTunnel(head)) return { tunnel: stream, aftermath: aftermathOf(tunnelIdOf(head)) }
      const body = await readBody(stream)
      stream.destroy()
      return { refusal: { ...head, body } }
    },
    retire() {
      // A dead one is destroyed with its last tunnel: its peer would not answer the close.
      if (!probe.silence.aborted) session.close()
    },
    destroy: () => session.destroy(),
  }
}

type Head = Omit<HttpAnswer, 'body'>

function awaitHead(
  stream: ClientHttp2Stream,
  silence: AbortSignal,
  signal?: AbortSignal,
): Promise<Head> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => fail(new Error('cancelled', { cause: signal?.reason }))
    const onSilence = (): void => fail(silence.reason as Error)
    const timer = setTimeout(() => fail(noAnswer()), answerTimeoutMs)
    const onClose = (): void => fail(new Error(`closed without an answer (${stream.rstCode})`))
    const release = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      silence.removeEventListener('abort', onSilence)
      stream.off('close', onClose)
    }
    function fail(error: Error): void {
      release()
      stream.destroy(error)
      reject(error)
    }
    // Stays for the stream's life; the relay finds out by itself.
    stream.on('error', fail)
    stream.once('close', onClose)
    stream.once('response', (headers) => {
      release()
      resolve({ status: headers[':status'] ?? 0, headers })
    })
    silence.addEventListener('abort', onSilence)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}

function noAnswer(): UpstreamError {
  return new UpstreamError('gateway-unreachable', 'the gateway gave no answer in time')
}

/** A connection that lost its peer is noticed, and neither NATs nor edges forget one that is quiet. */
function pingRegularly(session: ClientHttp2Session, socket: Socket, intervalMs: number): void {
  const options = pingsOfClient(intervalMs)
  const ping = createPinger(session, socket, options)
  const timer = setInterval(() => {
    // Destroyed, and its connection still waits for the gateway's end: it can no longer ping.
    if (session.destroyed) clearInterval(timer)
    else if (!ping()) session.destroy(new Error('no answer to PING'))
  }, intervalMs / options.looksPerInterval)
  timer.unref()
  session.once('close', () => clearInterval(timer))
}

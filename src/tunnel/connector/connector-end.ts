import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { systemClock, type Clock } from '../../clock.ts'
import { holdable, moveWindows, widenConnection } from '../../net/http2-windows.ts'
import { sendingSettings } from '../../net/runtime-http2.ts'
import { connectMethod } from '../../net/target.ts'
import { readFromGateway } from './control-messages.ts'
import { createControl } from './control.ts'
import { connectorError, formatFault } from './faults.ts'
import { meterConnection, type ConnectionMeter } from './flood-meter.ts'
import { followLife, type Life } from './life.ts'
import { watchLiveness } from './liveness.ts'
import { channelBinding } from './proof.ts'
import {
  connectorProtocol,
  controlPath,
  grantHeader,
  type FromConnector,
  type FromGateway,
} from './protocol.ts'
import type { ConnectorEnd, ConnectorEndOptions, StreamOffer } from './session.ts'
import { connectionWindowBytes, streamWindows } from './windows.ts'

/**
 * How long a gateway may take to begin, in milliseconds.
 *
 * @limit time for a gateway to open the control stream of a connector's connection: the connector tries again
 */
const controlTimeoutMs = 10_000
/**
 * How long a gateway may take to end its side of a stream that was refused, in milliseconds.
 *
 * @limit time for a gateway to end a stream that a connector has refused: it is reset
 */
const refusedLingerMs = 5_000
/** @limit streams of one connector's connection at once: the gateway uses another, or answers 503 */
const maxStreams = 2_000
/** @limit memory of one connector's connection at the connector, in MB: its further streams are refused */
const maxSessionMemoryMb = 512
/**
 * Streams that the gateway may reset in a row, and each second: a policy that changes cuts all that are
 * open. Node's own bound (1,000, and 33 each second) would end the connection, with the tunnels of others.
 *
 * @limit streams in a row, and each second, that a gateway resets on one connection: it is ended
 */
const maxResetsInARow = 20_000
const resetsPerSecond = 2_000

/**
 * Serves HTTP/2 to the gateway on a connection that we have made to it. Owns the socket from the call on.
 *
 * @throws UpstreamError `connector-lost`, `connector-timeout` where the gateway opens no control stream,
 * `connector-protocol` where the handshake chose another protocol; the connection is ended then
 */
export async function openConnectorEnd(
  socket: TLSSocket,
  { clock = systemClock, onStream }: ConnectorEndOptions,
): Promise<ConnectorEnd> {
  checkProtocol(socket)
  const server = createServer({
    settings: {
      ...sendingSettings,
      initialWindowSize: holdable(streamWindows).startWindowBytes,
      maxConcurrentStreams: maxStreams,
    },
    maxSessionMemory: maxSessionMemoryMb,
    streamResetBurst: maxResetsInARow,
    streamResetRate: resetsPerSecond,
  })
  server.on('sessionError', () => undefined)
  return await new Promise((resolve, reject) => {
    // Emitted before `emit` returns.
    server.once('session', (session) => {
      serveSession(session, socket, { clock, onStream }).then(resolve, reject)
    })
    server.emit('connection', socket)
  })
}

/** Node would speak HTTP/1.1 where nothing was chosen, and begin nothing where the connection is gone. */
function checkProtocol(socket: TLSSocket): void {
  if (socket.destroyed) throw connectorError('lost', 'the connection has ended')
  if (socket.alpnProtocol === connectorProtocol) return
  socket.destroy()
  throw connectorError('protocol', `the gateway does not speak "${connectorProtocol}" there`)
}

type Serving = Required<Pick<ConnectorEndOptions, 'onStream'>> & { readonly clock: Clock }

function serveSession(
  session: ServerHttp2Session,
  socket: TLSSocket,
  { clock, onStream }: Serving,
): Promise<ConnectorEnd> {
  const channel = channelBinding(socket)
  const life = followLife(session, socket, clock)
  const windows = moveWindows(session, {
    limits: streamWindows,
    clock,
    onFault: life.destroy,
  })
  widenConnection(session, connectionWindowBytes)
  const meter = meterConnection(socket, () =>
    life.destroy(connectorError('protocol', 'the gateway floods the connection')),
  )
  watchLiveness(session, socket, {
    clock,
    isAsking: false,
    onLost: () => life.destroy(connectorError('lost', 'the gateway says nothing')),
  })
  return new Promise((resolve, reject) => {
    let isControlled = false
    const timer = clock.schedule(controlTimeoutMs, () =>
      life.destroy(connectorError('timeout', 'the gateway did not begin in time')),
    )
    void life.ended.then((error) => {
      timer[Symbol.dispose]()
      reject(error ?? connectorError('lost', 'the gateway has ended the connection'))
    })
    session.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => undefined)
      const isFirst = isControl(headers) && !isControlled
      // Its reset has come with it: answering it would throw, and end the process.
      if (stream.closed) {
        if (isFirst) life.destroy(connectorError('lost', 'the gateway has given the connection up'))
        return
      }
      if (isFirst) {
        isControlled = true
        meter.add(stream)
        timer[Symbol.dispose]()
        resolve(endOf(stream, { life, clock, channel }))
        return
      }
      windows.makeRoom()
      windows.add(stream)
      life.begin(stream)
      if (headers[':method'] !== connectMethod) return endWith(stream, clock, { ':status': 404 })
      const offer = offerOf(stream, headers, { meter, clock })
      meter.head(offer.grant.length)
      if (life.isDraining) offer.refuse('draining', '')
      else onStream(offer)
    })
  })
}

function isControl(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'POST' && headers[':path'] === controlPath
}

function endOf(
  stream: ServerHttp2Stream,
  {
    life,
    clock,
    channel,
  }: { readonly life: Life; readonly clock: Clock } & Pick<ConnectorEnd, 'channel'>,
): ConnectorEnd {
  life.controlledBy(stream)
  stream.respond({ ':status': 200 })
  return {
    channel,
    control: createControl<FromGateway, FromConnector>(stream, {
      read: readFromGateway,
      clock,
      onFault: life.destroy,
    }),
    get streams() {
      return life.streams
    },
    ended: life.ended,
    drain: life.drain,
    destroy: life.destroy,
  }
}

function offerOf(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { meter, clock }: { readonly meter: ConnectionMeter; readonly clock: Clock },
): StreamOffer {
  const gone = new AbortController()
  const onGone = (): void => gone.abort(new Error('the gateway has given the stream up'))
  stream.once('close', onGone)
  const answered = (): boolean => {
    stream.off('close', onGone)
    return stream.destroyed || stream.headersSent
  }
  const grant = headers[grantHeader]
  return {
    authority: headers[':authority'] ?? '',
    grant: typeof grant === 'string' ? grant : '',
    signal: gone.signal,
    accept() {
      if (!answered()) stream.respond({ ':status': 200 })
      meter.add(stream)
      meter.opened(stream)
      return stream
    },
    refuse(fault, text) {
      if (answered()) return
      endWith(stream, clock, formatFault(fault, text))
    },
  }
}

/**
 * A whole answer; the gateway ends its side at it, or is made to (RFC 9113 §8.1). A reset in the same turn would
 * take the place of the answer (nghttp2 drops a head whose stream is closing).
 */
function endWith(
  stream: ServerHttp2Stream,
  clock: Clock,
  head: Record<string, string | number>,
): void {
  stream.resume()
  stream.respond(head, { endStream: true })
  const timer = clock.schedule(refusedLingerMs, () => stream.close(constants.NGHTTP2_NO_ERROR))
  stream.once('close', () => timer[Symbol.dispose]())
}

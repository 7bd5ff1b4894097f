import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { systemClock, type Clock } from '../../clock.ts'
import { holdable, moveWindows, widenConnection, type Windows } from '../../net/http2-windows.ts'
import { carryingHttp2, sendingSettings } from '../../net/runtime-http2.ts'
import { connectMethod } from '../../net/target.ts'
import { awaitAnswer } from './await-answer.ts'
import { readFromConnector } from './control-messages.ts'
import { createControl } from './control.ts'
import { connectorError } from './faults.ts'
import { followLife, type Life } from './life.ts'
import { watchLiveness, type Liveness } from './liveness.ts'
import { meterConnection, type ConnectionMeter } from './flood-meter.ts'
import { channelBinding } from './proof.ts'
import { controlPath, grantHeader, type FromConnector, type FromGateway } from './protocol.ts'
import type { GatewayEnd, GatewayEndOptions, OpenRequest } from './session.ts'
import { connectionWindowBytes, streamWindows } from './windows.ts'

/**
 * How long a connector may take to begin, in milliseconds.
 *
 * @limit time for a connector to open the control stream of its connection: the connection is ended
 */
const controlTimeoutMs = 10_000
/**
 * How long a connector may take to answer for a stream, in milliseconds: longer than it dials a service.
 *
 * @limit time for a connector to answer for a stream: it is tried elsewhere, then 503
 */
const openTimeoutMs = 30_000
/** @limit memory of one connector's connection at the gateway, in MB: its further streams are refused */
const maxSessionMemoryMb = 512

const silence = 'the connector says nothing, although it was asked'

/**
 * Speaks HTTP/2 to a connector on the connection that it has made: we are the client (RFC 9113 §3.3, by
 * prior knowledge). Owns the socket from the call on.
 *
 * @throws UpstreamError `connector-lost`, `connector-timeout` or `connector-protocol` where no control
 * stream comes to stand; the connection is ended then
 */
export async function openGatewayEnd(
  socket: TLSSocket,
  { clock = systemClock, onFlood, isProved }: GatewayEndOptions = {},
): Promise<GatewayEnd> {
  const channel = channelBinding(socket)
  const session = connect('https://connector', {
    createConnection: () => carryingHttp2(socket),
    settings: {
      ...sendingSettings,
      initialWindowSize: holdable(streamWindows).startWindowBytes,
      enablePush: false,
    },
    maxSessionMemory: maxSessionMemoryMb,
  })
  session.once('connect', () => {
    // The event comes a turn later: the session may have been destroyed in between.
    if (!session.destroyed) widenConnection(session, connectionWindowBytes)
  })
  const waiting = new Set<(error: Error) => void>()
  const life = followLife(session, socket, clock)
  const liveness = watchLiveness(session, socket, {
    clock,
    isAsking: true,
    onSilent() {
      for (const fail of waiting) fail(connectorError('silent', silence))
    },
    onLost: () => life.destroy(connectorError('lost', silence)),
  })
  const meter = meterConnection(
    socket,
    onFlood ?? (() => life.destroy(connectorError('protocol', 'the connector floods it'))),
  )
  const isLost = (): boolean => life.isLost
  const windows = moveWindows(session, {
    limits: streamWindows,
    clock,
    onFault: life.destroy,
  })
  try {
    const stream = session.request({ ':method': 'POST', ':path': controlPath })
    life.controlledBy(stream)
    meter.add(stream)
    await awaitAnswer(stream, { clock, timeoutMs: controlTimeoutMs, isLost, waiting })
    const control = createControl<FromConnector, FromGateway>(stream, {
      read: readFromConnector,
      clock,
      isProved,
      onFault: life.destroy,
    })
    return endOf({ session, clock, channel, control, life, liveness, windows, meter, waiting })
  } catch (error) {
    life.destroy(error as Error)
    throw error
  }
}

interface Parts {
  readonly session: ClientHttp2Session
  readonly clock: Clock
  readonly channel: Buffer | undefined
  readonly control: GatewayEnd['control']
  readonly life: Life
  readonly liveness: Liveness
  readonly windows: Windows
  readonly meter: ConnectionMeter
  readonly waiting: Set<(error: Error) => void>
}

function endOf({
  session,
  clock,
  channel,
  control,
  life,
  liveness,
  windows,
  meter,
  waiting,
}: Parts): GatewayEnd {
  // The control stream is one of them. Node would keep those beyond waiting without a word.
  const isFull = (): boolean =>
    life.streams + 1 >= (session.remoteSettings.maxConcurrentStreams ?? Infinity)

  function begin({ authority, grant }: OpenRequest): ClientHttp2Stream {
    if (life.isDraining) throw connectorError('draining', 'the connection is about to end')
    if (isFull()) throw connectorError('full', 'the connection has as many streams as it takes')
    windows.makeRoom()
    const stream = session.request({
      ':method': connectMethod,
      ':authority': authority,
      [grantHeader]: grant,
    })
    life.begin(stream)
    windows.add(stream)
    return stream
  }

  return {
    control,
    channel,
    get streams() {
      return life.streams
    },
    get isReady() {
      return !life.isDraining && !liveness.isSilent && !isFull()
    },
    probe: liveness.probe,
    ended: life.ended,
    async openStream(request, signal) {
      const stream = begin(request)
      // Its first bytes may come with the answer.
      meter.add(stream)
      const isLost = (): boolean => life.isLost
      await awaitAnswer(stream, { clock, timeoutMs: openTimeoutMs, signal, isLost, waiting })
      meter.opened(stream)
      return stream
    },
    drain: life.drain,
    destroy: life.destroy,
  }
}

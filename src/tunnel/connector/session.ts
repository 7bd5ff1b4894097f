import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.ts'
import type { FromConnector, FromGateway, StreamFault } from './protocol.ts'

/** The control stream of a connection, as one of its ends has it. */
export interface ControlStream<Incoming, Outgoing> {
  /**
   * What the other side says, in its order; to be read by one reader, whose pace the other side is held to.
   * Ends when the connection does, whichever way.
   */
  readonly messages: AsyncIterable<Incoming>
  /** Says something; does nothing once the connection has ended. Whoever does not read is cut. */
  send(message: Outgoing): void
}

/** What both ends of a connection know of it. */
export interface ConnectorConnection<Incoming, Outgoing> {
  readonly control: ControlStream<Incoming, Outgoing>
  /** As `channelBinding` of `proof.ts`. */
  readonly channel: Buffer | undefined
  /** How many streams are open, or being opened. */
  readonly streams: number
  /** Settles once, when the connection is over; with the error that ended it, or nothing after an end in order. */
  readonly ended: Promise<Error | undefined>
  /**
   * Takes no new streams from now on, and ends in order as soon as none is open. Whoever drains tells the
   * other side so on the control stream first. Idempotent.
   */
  drain(): void
  /** Ends the connection and all its streams at once; these learn of it as of a reset. Idempotent. */
  destroy(reason?: Error): void
}

/** A stream that the gateway asks for. */
export interface StreamOffer {
  /** `:authority` of the CONNECT: `host:port` as the client asked for it; the grant says what holds. */
  readonly authority: string
  /** The signed grant as it came, unverified; empty when there is none. */
  readonly grant: string
  /** Aborted when the gateway gives the stream up before it has its answer. */
  readonly signal: AbortSignal
  /** Answers 200; the stream is the caller's then. Half-open, and without a byte read. */
  accept(): Duplex
  /** Answers why not, and ends the stream. `text` is one sentence for the gateway's log. */
  refuse(fault: StreamFault, text: string): void
}

/** The gateway's end, made by `openGatewayEnd(socket, options)` of `gateway-end.ts`. */
export interface GatewayEnd extends ConnectorConnection<FromConnector, FromGateway> {
  /** Whether to open streams here now: it neither drains, nor is full, nor has been silent when asked. */
  readonly isReady: boolean
  /** Asks for a sign of life at once; what it answers says later whether one has come since. */
  probe(): () => boolean
  /**
   * Opens one stream, which the caller then owns: half-open, an abort told apart from an end. When this
   * fails, or `signal` is aborted first, nothing of it stays.
   *
   * @throws UpstreamError `connector-…`, a `StreamFault` that the connector answered or a `StreamFailure` of
   * `faults.ts`
   */
  openStream(request: OpenRequest, signal: AbortSignal): Promise<Duplex>
}

export interface OpenRequest {
  /** `host:port`, as the client asked for it. */
  readonly authority: string
  /** The signed grant. */
  readonly grant: string
}

/** The connector's end, made by `openConnectorEnd(socket, options)` of `connector-end.ts`. */
export type ConnectorEnd = ConnectorConnection<FromGateway, FromConnector>

/** What an end is opened with. */
export interface EndOptions {
  /** **Default:** the system's */
  readonly clock?: Clock | undefined
  /**
   * Called where the other side floods the connection, which is to be ended at once. **Default:** that alone
   */
  readonly onFlood?: (() => void) | undefined
}

export interface GatewayEndOptions extends EndOptions {
  /** Whether the connector may say more than a proof; asked as its bytes come. **Default:** it may */
  readonly isProved?: (() => boolean) | undefined
}

export interface ConnectorEndOptions extends EndOptions {
  /** Called for every stream the gateway asks for; each offer is to be accepted or refused once. */
  readonly onStream: (offer: StreamOffer) => void
}

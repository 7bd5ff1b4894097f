import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { SystemError } from '../../errors.ts'
import type { LookUpAll } from '../../net/dial.ts'
import type { OwnProtocolDialer } from '../../reach/dialer.ts'
import { connectorProtocol, type FromGateway } from '../../tunnel/connector/protocol.ts'
import { openConnectorEnd } from '../../tunnel/connector/connector-end.ts'
import type { ConnectorEnd, StreamOffer } from '../../tunnel/connector/session.ts'
import { createBackOff } from './back-off.ts'
import {
  prove,
  register,
  TunnelRefusedError,
  UnprovedRefusalError,
  type Claim,
  type Registered,
  type Registration,
} from './register.ts'
import { spreadLookUp } from './spread.ts'
import type { Waits } from './waits.ts'

/** A connection that the gateway has taken. */
export interface LiveConnection {
  readonly connIndex: number
  readonly connectionId: string
  readonly location: string
  /** The gateway's address; a proxy's where one is used. */
  readonly ip: string
  readonly end: ConnectorEnd
}

/** What becomes of one of the connections, and what the gateway says on it. */
export interface SlotEvents {
  registered(live: LiveConnection, notices: readonly string[]): void
  /** It is over, or its gateway wants no more streams on it; another one is being made. */
  lost(live: LiveConnection, why: Error | undefined): void
  draining(live: LiveConnection): void
  /** An attempt has failed; there will be another. */
  failed(connIndex: number, error: unknown): void
  said(live: LiveConnection, message: FromGateway): void
  /** Trying again would change nothing. The slot has ended. */
  fatal(error: Error): void
}

export interface SlotParts {
  readonly connIndex: number
  readonly dialer: OwnProtocolDialer
  readonly clock: Clock
  readonly waits: Waits
  readonly random: () => number
  /** Among the connections of all connectors on this machine, with which address this process begins. */
  readonly firstTurn: number
  readonly lookup?: LookUpAll | undefined
  /** Whether a gateway that has proved itself has another connection. */
  readonly isAnotherLive: () => boolean
  readonly claim: (connIndex: number) => Claim
  readonly registration: (connIndex: number) => Registration
  /** Whether there is another credential than the one whose claim was refused, or will be in a moment. */
  readonly hasOtherClaim: (connIndex: number, signal: AbortSignal) => Promise<boolean>
  readonly onStream: (offer: StreamOffer) => void
  readonly events: SlotEvents
}

/**
 * A connection that stood for so long is replaced at once; one that the gateway takes and drops again and again
 * is not.
 */
const steadyMs = 10_000

/**
 * Keeps one connection to the gateway until `signal` is aborted: it is replaced when it is lost, or when the
 * gateway wants to be rid of it. Resolves when no further one will be made; what was registered is the
 * caller's.
 */
export async function keepConnected(parts: SlotParts, signal: AbortSignal): Promise<void> {
  const { events, clock, waits, connIndex } = parts
  const backOff = createBackOff(parts.random)
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const { recoveries } = waits
    try {
      const live = await connect(parts, attempt, signal)
      const sinceMs = clock.now()
      await follow(live, events)
      if (clock.now() - sinceMs < steadyMs) await waits.pause(backOff.next(), signal)
      else backOff.reset()
    } catch (error) {
      if (signal.aborted) return
      if (await isRenewed(error, parts, signal)) continue
      if (signal.aborted) return
      if (isFatal(error) && !isDoubtful(error, parts)) return events.fatal(error)
      events.failed(connIndex, error)
      const waitMs = backOff.next()
      if (waits.recoveries === recoveries) await waits.pauseAfterFailure(waitMs, signal)
    }
  }
}

interface Taken extends Registered {
  readonly live: LiveConnection
}

async function connect(parts: SlotParts, attempt: number, signal: AbortSignal): Promise<Taken> {
  const { dialer, lookup, connIndex, firstTurn } = parts
  const socket = await dialer.openOwn(connectorProtocol, {
    signal,
    // Another address after each failure: the one before may be the reason.
    lookup: spreadLookUp(firstTurn + connIndex + attempt, lookup),
  })
  const onAbort = (): void => void socket.destroy()
  signal.addEventListener('abort', onAbort)
  try {
    return await takeUp(socket, parts)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function takeUp(socket: TLSSocket, parts: SlotParts): Promise<Taken> {
  const { clock, claim, registration, connIndex } = parts
  const ip = socket.remoteAddress ?? ''
  let isProved = false
  const end = await openConnectorEnd(socket, {
    clock,
    onStream(offer) {
      if (isProved) parts.onStream(offer)
      else offer.refuse('bad-grant', 'whoever asks has not proved to be the gateway')
    },
  })
  const messages = await prove(end, claim(connIndex), clock)
  isProved = true
  const registered = await register(end, messages, registration(connIndex), clock)
  const { connectionId, location, notices } = registered.answer
  const live = { connIndex, connectionId, location, ip, end }
  parts.events.registered(live, notices)
  return { ...registered, live }
}

/** Reads what the gateway says until the connection is to be replaced. */
async function follow({ live, messages }: Taken, events: SlotEvents): Promise<void> {
  for (;;) {
    const { value, done } = await messages.next()
    if (done === true) return events.lost(live, await live.end.ended)
    if (value.type === 'draining') {
      events.draining(live)
      void readOn(messages)
      return
    }
    events.said(live, value)
  }
}

/** A control stream that nobody reads would end the connection, and its streams with it. */
async function readOn(messages: AsyncIterator<FromGateway>): Promise<void> {
  while ((await messages.next()).done !== true);
}

/** Who refuses it without a proof, while the gateway has others of its connections, is not the gateway. */
function isDoubtful(error: unknown, { isAnotherLive }: SlotParts): boolean {
  return error instanceof UnprovedRefusalError && isAnotherLive()
}

/** Whether what was refused is the former credential: a rotation is done before the file that it writes. */
async function isRenewed(error: unknown, parts: SlotParts, signal: AbortSignal): Promise<boolean> {
  if (!(error instanceof UnprovedRefusalError) || isDoubtful(error, parts)) return false
  return parts.hasOtherClaim(parts.connIndex, signal)
}

/** What is wrong here and not on the way: proxies and addresses that are none, a credential nobody takes. */
function isFatal(error: unknown): error is Error {
  return error instanceof TunnelRefusedError || error instanceof SystemError
}

import type { Duplex } from 'node:stream'
import type { HostPort } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { UpstreamError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { OfferedService } from '../../tunnel/connector/protocol.ts'
import type { StreamRequest } from '../link.ts'
import { carry } from './carried-stream.ts'
import { leadsTo, serviceFor } from '../offered-service.ts'
import { askIngress, askRaw, isRaw, openStream, type StreamAsk } from './open-stream.ts'
import type { ConnectorSession } from './session.ts'
import { createStalledOrigins } from './stalled-origins.ts'

/** What is written at once, in bytes; less where little of the window is left, so that it shows what was taken. */
const pieceBytes = 16 * 1024
const scarceBytes = 256 * 1024
const smallPieceBytes = 4 * 1024

export interface StreamsParts {
  readonly session: ConnectorSession
  readonly clock: Clock
  readonly logger: Logger
  /** What is known of the connector's rules. */
  services(): readonly OfferedService[] | undefined
  /** The last one has ended. */
  onEmpty(): void
}

/** The streams of one connection. */
export interface Streams {
  readonly count: number
  /** As `Link.openStream`. */
  open(request: StreamRequest, signal: AbortSignal): Promise<Duplex>
}

export function createStreams(parts: StreamsParts): Streams {
  const { session, clock, logger } = parts
  const stalled = createStalledOrigins(clock, () => !session.http2.destroyed && session.isFull)
  let count = 0

  const nextPieceBytes = (): number => {
    const { remoteWindowSize = 0 } = session.http2.state
    return remoteWindowSize < scarceBytes ? smallPieceBytes : pieceBytes
  }

  interface Asked {
    readonly ask: StreamAsk
    readonly hostname: string
    readonly requestId: string
  }

  /**
   * Is given neither the request nor its grant: what is kept for as long as the stream keeps nothing of its route. On Bun
   * every function that an async one makes keeps that one's parameters.
   */
  async function open({ ask, hostname, requestId }: Asked, signal: AbortSignal): Promise<Duplex> {
    const http2 = await openStream(session, ask, { signal, clock })
    const load = stalled.watch({
      reset() {
        logger.warn(
          'a service behind a connector takes nothing while others wait: its tunnel is reset',
          {
            hostname,
            'request-id': requestId,
          },
        )
        stream.destroy(new UpstreamError('connector-stalled', 'the service takes nothing'))
      },
    })
    const stream = carry(http2, {
      clock,
      codec: ask.codec,
      pieceBytes: nextPieceBytes,
      onWaiting: () => load.waiting(),
      onTaken: load.taken,
      onHeard: load.heard,
    })
    http2.once('close', () => load[Symbol.dispose]())
    return stream
  }

  async function begin(request: StreamRequest, signal: AbortSignal): Promise<Duplex> {
    const ask = askFor(request, parts.services())
    const { hostname, grant } = request
    return await open({ ask, hostname, requestId: grant.request.requestId }, signal)
  }

  return {
    get count() {
      return count
    },
    open(request, signal) {
      count += 1
      const over = (): void => {
        count -= 1
        if (count === 0) parts.onEmpty()
      }
      return begin(request, signal).then(
        (stream) => stream.once('close', over),
        (error: unknown) => {
          over()
          throw error
        },
      )
    },
  }
}

/** An address goes as it is; a name only by a rule that leads there, for a connector dials no name for us. */
function askFor(
  { hostname, service, isByClient, grant }: StreamRequest,
  services: readonly OfferedService[] | undefined,
): StreamAsk {
  const { requestId } = grant.request
  // It would dial any address of its network, and of its own machine.
  if (isByClient === true) throw noRule('a stock connector has no list of what a bastion may dial')
  if (service !== undefined && isRaw(service)) return askRaw(service, requestId)
  if (isInternal(hostname)) throw noRule(`"${hostname}" is the connector's own`)
  if (service !== undefined && !canServe(services, hostname, service)) {
    throw noRule(`the connector has no rule that leads "${hostname}" to "${service.host}"`)
  }
  return askIngress(hostname, requestId)
}

/** Whether a connector's rules lead a host name to this service. */
export function canServe(
  services: readonly OfferedService[] | undefined,
  hostname: string,
  service: HostPort,
): boolean {
  const rule = serviceFor(services ?? [], hostname)
  return rule !== undefined && leadsTo(rule, service)
}

/** The connector answers these itself, before its rules: with its logs, and more. */
function isInternal(hostname: string): boolean {
  return hostname === 'argotunnel.com' || hostname.endsWith('.argotunnel.com')
}

function noRule(message: string): UpstreamError {
  return new UpstreamError('connector-no-rule', message)
}

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { SystemError, UpstreamError, messageOf, systemCode } from '../errors.ts'
import { dial } from '../net/dial.ts'
import { isMetadataAddress } from '../net/metadata-address.ts'
import { encodeProxyHeader } from '../net/proxy-protocol.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Grant } from '../access/grant.ts'
import { openNextGateway } from './open-next-gateway.ts'
import { whomToAsk } from '../routes/route.ts'
import type { Upstream } from '../routes/upstream-way.ts'

/** An upstream that is ready for a tunnel. */
export interface OpenedUpstream {
  readonly socket: Socket
  /** Which of the route's it is. */
  readonly upstream: Upstream
}

export type OpenUpstream = (grant: Grant, signal: AbortSignal) => Promise<OpenedUpstream>

export interface OpenUpstreamParts {
  readonly metrics: Metrics
  /** A number in [0, 1). */
  readonly random?: () => number
  readonly dial?: typeof dial
}

/**
 * Longest list of gateways on the way that one more is added to.
 *
 * @limit the list of gateways that a CONNECT has come by: 503, it would go round for ever
 */
const maxViaChars = 1024

/**
 * Makes the one function that dials. It tries the route's upstreams in an order drawn by their
 * weights, each once, and throws `UpstreamError` `upstream-unreachable` when none can be reached, or
 * `SystemError` `gateway-exhausted` when that is for want of something on this machine.
 */
export function createOpenUpstream({
  metrics,
  random = Math.random,
  dial: begin = dial,
}: OpenUpstreamParts): OpenUpstream {
  // RFC 9110 §7.6.3: a pseudonym, by which a gateway finds that a request has come back to it.
  const ownName = `postern-${randomBytes(8).toString('hex')}`

  async function open(upstream: Upstream, grant: Grant, signal: AbortSignal): Promise<Socket> {
    const { way } = grant.route
    const { target, via } = grant.request
    const { endpoints } = grant.caller.client
    const allowAddress = way.allowsMetadataAddress ? undefined : refuseMetadataAddress
    const socket = await begin(upstream, { signal, allowAddress })
    if (way.proxyProtocol !== undefined) {
      socket.write(encodeProxyHeader(way.proxyProtocol, endpoints))
    }
    if (way.kind === 'direct') return socket
    const asked = { gateway: upstream, target, via: viaWith(ownName, via) }
    return openNextGateway(socket, way, asked, signal)
  }

  return async (grant, signal) => {
    const { way } = grant.route
    if (way.kind === 'next-gateway') refuseLoop(grant, ownName)
    const failures: unknown[] = []
    for (const upstream of drawOrder(way.to, random)) {
      const startedMs = performance.now()
      try {
        const socket = await open(upstream, grant, signal)
        metrics.dialled('ok', performance.now() - startedMs)
        return { socket, upstream }
      } catch (error) {
        failures.push(error)
        if (signal.aborted) break
        metrics.dialled('failed', performance.now() - startedMs)
      }
    }
    throw failures.some(isShortage) ? exhausted(failures) : unreachable(grant, failures)
  }
}

/** Asked of the address that is dialled, since what a name leads to changes from one look-up to the next. */
function refuseMetadataAddress(address: string): void {
  if (!isMetadataAddress(address)) return
  throw new UpstreamError(
    'metadata-address',
    'is the metadata service of a cloud, which only a route with "allow_metadata_address: true" may reach',
  )
}

function viaWith(ownName: string, via: string | undefined): string {
  return [via, `1.1 ${ownName}`].filter((part) => part !== undefined).join(', ')
}

/** Without this, two gateways that lead to each other would open connections until there are no more. */
function refuseLoop(grant: Grant, ownName: string): void {
  const { via = '' } = grant.request
  if (via.includes(ownName)) throw unreachable(grant, ['the way leads back to this gateway'])
  if (via.length > maxViaChars)
    throw unreachable(grant, ['the way leads through too many gateways'])
}

/** Callers hear which route it is; where it leads and what was said there is for the log alone. */
function unreachable({ route, caller }: Grant, failures: readonly unknown[]): UpstreamError {
  const whom = caller.session === undefined ? 'whoever runs it' : whomToAsk(route)
  const message = `the service behind route "${route.name}" cannot be reached`
  return new UpstreamError('upstream-unreachable', message, {
    hint: `it may be down: try again, or tell ${whom} the request id`,
    cause: new Error(failures.map(messageOf).join('; ')),
  })
}

/** What connecting asks of this machine and may not get, whatever the upstream does. */
const shortages = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

function isShortage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const within = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return shortages.has(systemCode(error) ?? '') || [error.cause, ...within].some(isShortage)
}

function exhausted(failures: readonly unknown[]): SystemError {
  const message = 'this gateway cannot open another connection now; the service itself may be fine'
  return new SystemError('gateway-exhausted', message, {
    hint: 'try again in a moment, or tell whoever runs this gateway the request id',
    cause: new Error(failures.map(messageOf).join('; ')),
  })
}

/** Draws without putting back: each next place goes to one of those left, by weight. */
export function drawOrder(
  upstreams: readonly Upstream[],
  random: () => number,
): readonly Upstream[] {
  const left = [...upstreams]
  const order: Upstream[] = []
  while (left.length > 0) {
    let ticket = random() * left.reduce((sum, { weight }) => sum + weight, 0)
    const drawn = left.findIndex(({ weight }) => (ticket -= weight) < 0)
    order.push(...left.splice(Math.max(drawn, 0), 1))
  }
  return order
}

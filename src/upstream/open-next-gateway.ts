import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { formatAuthority, withoutRootDot, type HostPort } from '../address.ts'
import { UpstreamError, messageOf } from '../errors.ts'
import { resetBeneath } from '../net/beneath.ts'
import { requestConnect } from '../net/request-connect.ts'
import { refuseWeak } from '../net/runtime-tls.ts'
import { version } from '../version.ts'
import type { NextGatewayTls, NextGatewayWay } from '../routes/upstream-way.ts'

/** What a next gateway is asked, besides the settings of its route. */
export interface NextGatewayRequest {
  /** The gateway's own address. */
  readonly gateway: HostPort
  /** What the tunnel is for: the target of the client's CONNECT. */
  readonly target: HostPort
  /** The gateways on the way so far, this one last. */
  readonly via: string
  /** Longest wait for TLS and the answer together, in milliseconds; default 30 s. */
  readonly timeoutMs?: number | undefined
}

/**
 * The next gateway may be trying several upstreams of its own.
 *
 * @limit time for the answer of the next gateway: the next upstream is tried, then 503
 * `upstream_unreachable`
 */
const defaultTimeoutMs = 30_000
/**
 * The same that a gateway takes of a request.
 *
 * @limit the head of the next gateway's answer: the next upstream is tried, then 503
 * `upstream_unreachable`
 */
const maxAnswerHeadBytes = 32 * 1024

/**
 * Asks a next gateway, over a connection that was just made, for a tunnel to the same target. Nothing
 * that tells who the client is goes along: the next gateway decides by where the request comes from.
 *
 * @throws UpstreamError `upstream-unreachable` when there is no TLS, no answer or a refusal
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export async function openNextGateway(
  socket: Socket,
  { tls }: Pick<NextGatewayWay, 'tls'>,
  asked: NextGatewayRequest,
  signal: AbortSignal,
): Promise<Socket> {
  const limit = new AbortController()
  const onGone = (): void => limit.abort(signal.reason)
  const { timeoutMs = defaultTimeoutMs } = asked
  const timer = setTimeout(() => limit.abort(new Error('no answer in time')), timeoutMs)
  signal.addEventListener('abort', onGone)
  if (signal.aborted) onGone()
  try {
    const stream = tls === undefined ? socket : await secure(socket, tls, asked, limit.signal)
    return await requestTunnel(stream, asked, limit.signal)
  } catch (error) {
    socket.destroy()
    throw failed(asked, limit.signal.aborted ? limit.signal.reason : error)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onGone)
  }
}

/** TLS toward a next gateway, whose certificate is trusted as the route says. */
export async function secure(
  socket: Socket,
  { context, serverName, skipVerify }: NextGatewayTls,
  { gateway }: Pick<NextGatewayRequest, 'gateway'>,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const host = withoutRootDot(serverName ?? gateway.host)
  const secured = connect({
    socket,
    host,
    // RFC 6066 §3: no address is a server name, nor does one end with a dot; the certificate is then checked for the address.
    servername: isIP(host) === 0 ? host : '',
    secureContext: context,
    rejectUnauthorized: !skipVerify,
    ALPNProtocols: ['http/1.1'],
  })
  secured.on('error', ignore)
  resetBeneath(secured, socket)
  await once(secured, 'secureConnect', { signal })
  if (!skipVerify) refuseWeak(secured)
  return secured
}

async function requestTunnel(
  stream: Socket,
  { target, via }: NextGatewayRequest,
  signal: AbortSignal,
): Promise<Socket> {
  const answer = await requestConnect(stream, {
    authority: formatAuthority(target),
    fields: { via, 'user-agent': `postern/${version}` },
    maxHeadBytes: maxAnswerHeadBytes,
    omitsConnection: true,
    signal,
  })
  if (!isSuccess(answer)) throw new Error(refusalOf(answer))
  // What came behind the head is the service's, which may speak first.
  return stream
}

/** Any 2xx, with or without length, begins the tunnel (RFC 9110 §9.3.6). */
function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300
}

function refusalOf({ statusCode, headers }: IncomingMessage): string {
  const id = headers['x-request-id']
  const suffix = typeof id === 'string' && id.length <= 100 ? `, its request id is "${id}"` : ''
  return `it answered ${statusCode}${suffix}`
}

function failed({ gateway }: NextGatewayRequest, cause: unknown): UpstreamError {
  const message = `next gateway "${formatAuthority(gateway)}": ${messageOf(cause)}`
  return new UpstreamError('upstream-unreachable', message, { cause })
}

function ignore(): void {
  // Reported by whoever waits, and by the relay afterwards.
}

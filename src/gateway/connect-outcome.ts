import { AppError, messageOf } from '../errors.ts'
import type { RelayEnd } from '../net/relay.ts'
import type { Grant } from '../access/grant.ts'
import type { AccessConnector } from '../telemetry/access-fields.ts'
import { beginTunnelAudit } from './tunnel-audit.ts'
import type { AccessEntry } from '../telemetry/access-log.ts'
import type { LoggedRequest } from '../telemetry/access-fields.ts'
import type { Ended } from '../telemetry/ended.ts'
import { prefersHtml, renderRefusal } from '../pages/answers/answer.ts'
import { requestLines } from '../net/target.ts'
import { bastionTargetHeader } from '../tunnel/headers.ts'
import { maxAuthorityLength } from './checked-request.ts'
import { loggedClient } from './log-request.ts'
import { loginAnswer, LoginFirstError } from './application-login.ts'
import type { ConnectRequest } from './connect-request.ts'
import { headerText } from '../request-headers.ts'
import type { LiveTunnel } from '../access/live-tunnels.ts'
import { RouteNotFoundError } from '../routes/match-route.ts'
import type { GatewayParts } from './parts.ts'
import { asRedirect, toRefusal, type Refusal } from '../pages/answers/refusal.ts'
import type { Route } from '../routes/route.ts'
import { hasCredential } from '../identity/credential-headers.ts'

/** An open tunnel's entry in log and metrics. */
export interface TunnelOutcome {
  /** Bytes are under way; answers what `work` does. */
  carried<T>(work: Promise<T>): Promise<T>
  /** What is said of it may come a little later, see `words`. */
  end(end: RelayEnd): void
}

/** A tunnel whose 200 has been sent. */
export interface BegunTunnel {
  readonly requestId: string
  readonly route: Route
  readonly tunnel: LiveTunnel
  readonly grant: Grant
  readonly connector: AccessConnector | undefined
}

/** What the access log knows of a CONNECT when it begins. */
export function beginLine({
  requestId,
  authority,
  headers,
  client,
  transport,
}: ConnectRequest): LoggedRequest {
  const bastionTarget = headerText(headers, bastionTargetHeader)?.slice(0, maxAuthorityLength)
  return {
    requestId,
    ...requestLines.tcp,
    authority,
    ...(bastionTarget && { bastionTarget }),
    ...loggedClient(client, headers),
    transport,
  }
}

/** Counts a tunnel in, and says how it ended: to the log, and to its client when that asks. */
export function beginTunnel(
  entry: AccessEntry,
  { requestId, route, tunnel, grant, connector }: BegunTunnel,
  {
    metrics,
    cutTunnels,
    audit,
    words,
  }: Pick<GatewayParts, 'metrics' | 'cutTunnels' | 'audit' | 'words'>,
): TunnelOutcome {
  const counted = metrics.tunnelOpened(route, tunnel.bytes)
  const proof = beginTunnelAudit(audit, grant, connector)
  const startedMs = performance.now()
  return {
    carried: (work) => entry.step('relay', work),
    end({ cause, bytesUp, bytesDown, error, told: isTold }) {
      const ended = endedBy(cause, tunnel)
      const told = isTold && route.tell
      const endedMs = performance.now()
      const durationMs = endedMs - startedMs
      counted.ended(ended, durationMs, told)
      // Noted before the client can hear that its tunnel has ended: it may ask why at once.
      const { reasons, access } = tunnel
      cutTunnels.add({ requestId, ended, reasons, route, access })
      words.pass(() => {
        proof.ended(ended, { cause, bytesUp, bytesDown, durationMs, told })
        entry.reasons(reasons)
        const moved = { bytesUp, bytesDown, agoMs: performance.now() - endedMs }
        entry.end({ responseCode: 200, details: 'via_upstream', ...moved, ended, told, error })
      })
    },
  }
}

/** Why a tunnel ended whose relay says that it ended as `cause`. */
export function endedBy(cause: RelayEnd['cause'], tunnel: Pick<LiveTunnel, 'ended'>): Ended {
  return cause === 'cut' ? (tunnel.ended ?? 'shutdown') : cause
}

/**
 * Answers a request that was refused or failed, and writes why into its access line. Never throws: a client
 * that cannot be answered is disconnected.
 */
export function refuse(
  request: ConnectRequest,
  entry: AccessEntry,
  gateway: GatewayParts,
  error: unknown,
): void {
  try {
    answerRefusal(request, entry, gateway, error)
  } catch (failure) {
    const { requestId } = request
    const fields = { error: messageOf(failure), 'request-id': requestId }
    gateway.logger.error('cannot answer a refused tunnel', fields)
    request.abandon()
  }
}

function answerRefusal(
  request: ConnectRequest,
  entry: AccessEntry,
  gateway: GatewayParts,
  error: unknown,
): void {
  if (request.signal.aborted) {
    entry.end({ responseCode: 0, details: 'client_gone', error })
    return
  }
  const refusal = withSignIn(tunnelRefusal(error), request, gateway)
  const login = loginAnswer(error, request, gateway)
  if (error instanceof LoginFirstError) entry.isUsual()
  if (refusal.reasons.length > 0) entry.reasons(refusal.reasons)
  const accept = headerText(request.headers, 'accept')
  const answer = login ?? renderRefusal(refusal, request.requestId, accept)
  const sizeBytes = Buffer.byteLength(answer.body)
  const detail = error instanceof AppError ? (error.cause ?? error) : error
  if (error instanceof RouteNotFoundError) entry.otherPorts(error.otherPorts)
  entry.end({ responseCode: answer.status, details: refusal.code, sizeBytes, error: detail })
  request.refuse(answer)
}

/** Our own failure is 503 here: stock clients forget their sign-in at a 500 (reference 0.1, G4). */
function tunnelRefusal(error: unknown): Refusal {
  const refusal = toRefusal(error)
  return refusal.status === 500 ? { ...refusal, status: 503 } : refusal
}

/** A redirect for callers that sent no credential and read pages, 401 for all others (reference 3.3). */
function withSignIn(refusal: Refusal, request: ConnectRequest, gateway: GatewayParts): Refusal {
  if (refusal.code !== 'sign_in_required') return refusal
  const mayRedirect =
    !hasCredential(request.headers) && prefersHtml(headerText(request.headers, 'accept'))
  const location = gateway.signInLocation()
  return mayRedirect && location !== undefined ? asRedirect(refusal, location) : refusal
}

import type { Ended } from './ended.ts'
import type { Field, FieldTable, Headers } from './fields.ts'
import { isField, pathOnly, queryOf } from './fields.ts'

/** What is known of a request when it begins. */
export interface LoggedRequest {
  readonly requestId: string
  readonly method: string
  /** `host:port` of a CONNECT, or the host a page was asked of. */
  readonly authority: string
  /** Empty for CONNECT. */
  readonly path: string
  readonly userAgent?: string | undefined
  readonly referer?: string | undefined
  readonly forwardedFor?: string | undefined
  /** The client's address: the connection's peer, or what the PROXY header said. */
  readonly ip: string
  /** What the client showed in its TLS handshake; untrusted, it may be a lie. */
  readonly clientCertificate?: LoggedCertificate | undefined
  readonly headers?: Headers | undefined
  /** What is meant behind a bastion, as the client wrote it. */
  readonly bastionTarget?: string | undefined
  /** How a tunnel came. */
  readonly transport?: 'http/1.1' | 'h2' | 'websocket' | undefined
}

export interface LoggedCertificate {
  readonly issuer: string
  readonly subject: string
  readonly subjectAltName: readonly string[]
}

export interface AccessRoute {
  readonly id: string
  readonly name: string
}

/** The connector that a tunnel goes through. */
export interface AccessConnector {
  readonly tunnelId: string
  readonly connectorId: string
}

/** A session of `identity/` fits by shape. */
export interface AccessSession {
  readonly kind: 'person' | 'service-account'
  readonly id: string
  readonly userId: string
  readonly email: string | undefined
  /** Absent for a service account. */
  readonly provider?: string | undefined
}

/** What is known of a request when it has ended. */
export interface AccessEnd {
  readonly responseCode: number
  /** How the answer came about, such as `via_upstream` or `route_not_found`. */
  readonly details: string
  /** Bytes of a tunnel, client to upstream. */
  readonly bytesUp?: number | undefined
  /** Bytes of a tunnel, upstream to client. */
  readonly bytesDown?: number | undefined
  /** Bytes sent to the client when that is not `bytesDown`: a page's body. */
  readonly sizeBytes?: number | undefined
  /** Only for a tunnel that was open. */
  readonly ended?: Ended | undefined
  /** The protocol in which the client of a tunnel that was cut was told why. */
  readonly told?: string | undefined
  readonly error?: unknown
  /** How long ago that was, in milliseconds: of many that end at once some are said later. **Default:** 0 */
  readonly agoMs?: number
}

/** Everything one access line can say. */
export interface AccessLine extends LoggedRequest, AccessEnd {
  readonly durationMs: number
  readonly route?: AccessRoute | undefined
  readonly session?: AccessSession | undefined
  readonly connector?: AccessConnector | undefined
  readonly reasons?: readonly string[] | undefined
  /** Lowest first; undefined where a route matched. */
  readonly otherPorts?: readonly number[] | undefined
}

type AccessField = Field<AccessLine>

const shown = (doc: string, read: AccessField['read']): AccessField => {
  return { doc, byDefault: true, read }
}
const optional = (doc: string, read: AccessField['read']): AccessField => {
  return { doc, byDefault: false, read }
}

const upstreamCluster = ({ route }: AccessLine): string =>
  route === undefined ? '' : `${route.name || 'route'}-${route.id}`

const personOf = ({ session }: AccessLine): AccessSession | undefined =>
  session?.kind === 'person' ? session : undefined

/** The fields in their default order: Pomerium's twelve first, then ours. */
export const accessFields: FieldTable<AccessLine> = {
  'upstream-cluster': shown('route as `NAME-ID`; empty when none matched', upstreamCluster),
  method: shown('`CONNECT` for a tunnel', (line) => line.method),
  authority: shown('`host:port` that was asked for', (line) => line.authority),
  'bastion-target': shown(
    'what the client named behind a bastion: `host:port`',
    (line) => line.bastionTarget,
  ),
  path: shown('path of a page, without its query; empty for a tunnel', (l) => pathOnly(l.path)),
  'user-agent': shown('program the client says it is', (line) => line.userAgent ?? ''),
  referer: shown('page a browser came from, without its query', (l) => pathOnly(l.referer ?? '')),
  'forwarded-for': shown(
    '`X-Forwarded-For` as the client sent it: a claim, never used to decide',
    (line) => line.forwardedFor ?? '',
  ),
  'request-id': shown(
    'the id that refusals show and the authorize line repeats',
    (line) => line.requestId,
  ),
  duration: shown('milliseconds from request to last byte', (line) => line.durationMs),
  size: shown('bytes sent to the client', (line) => line.sizeBytes ?? line.bytesDown ?? 0),
  'response-code': shown('HTTP status of the answer', (line) => line.responseCode),
  'response-code-details': shown(
    'how that answer came about, such as `via_upstream` or `route_not_found`',
    (line) => line.details,
  ),
  ip: shown(
    "client's address: the connection's peer, or the PROXY header's source",
    (line) => line.ip,
  ),
  user: shown("the provider's id (`sub`) of who is signed in", (line) => personOf(line)?.userId),
  email: shown('email address of who is signed in', (line) => personOf(line)?.email),
  'session-id': shown('session of a person', (line) => personOf(line)?.id),
  'service-account-id': shown('id of the service account, instead of these three', ({ session }) =>
    session?.kind === 'service-account' ? session.userId : undefined,
  ),
  route: shown('name of the route that matched', (line) => line.route?.name),
  'route-id': shown('id of the route that matched', (line) => line.route?.id),
  'tunnel-id': shown(
    'id of the named tunnel that it went through, where it led through a connector',
    (line) => line.connector?.tunnelId,
  ),
  'connector-id': shown(
    'the run of its connector, as `postern gateway connectors list` has it',
    (line) => line.connector?.connectorId,
  ),
  'bytes-up': shown('of a tunnel: bytes from the client to the upstream', (line) => line.bytesUp),
  'bytes-down': shown(
    'of a tunnel: bytes from the upstream to the client',
    (line) => line.bytesDown,
  ),
  ended: shown('why a tunnel that was open has ended, see below', (line) => line.ended),
  told: shown(
    'the protocol in which the client of a tunnel that was cut was told why, where its route has `tell` and it could be told',
    (line) => line.told,
  ),
  reasons: shown("the policy's reasons, when one was asked", (line) => line.reasons),
  'other-ports': shown(
    'with `route_not_found`: ports of that host on which this caller may use a route now, 5 at most',
    (line) => (line.otherPorts?.length === 0 ? undefined : line.otherPorts),
  ),
  error: shown('what went wrong, one sentence', (line) => line.error),
  query: optional('query of a page, secret parameters hidden', (line) => queryOf(line.path)),
  transport: optional(
    'how a tunnel came: `http/1.1`, `h2` or `websocket`, whose 101 is logged as 200 too',
    (line) => line.transport,
  ),
  'cluster-stat-name': optional('the same as `upstream-cluster`', upstreamCluster),
  'client-certificate': optional(
    'what the client showed as its certificate, trusted or not: `issuer`, `subject` and `subjectAltName`',
    (line) => line.clientCertificate,
  ),
}

/** Every name `access_log_fields` may list, besides `headers.NAME`. */
export const accessLogFieldNames: readonly string[] = Object.keys(accessFields)

/** Whether `access_log_fields` may list a name. */
export function isAccessLogField(name: string): boolean {
  return isField(accessFields, name)
}

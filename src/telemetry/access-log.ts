import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { accessFields } from './access-fields.ts'
import type {
  AccessConnector,
  AccessEnd,
  AccessLine,
  AccessRoute,
  AccessSession,
  LoggedRequest,
} from './access-fields.ts'
import type { RequestTrace, SpanAttributes, Tracing } from './tracing/tracing.ts'
import { headerExcerpt, pathOnly, selectedHeaders, selectFields, type Headers } from './fields.ts'

export interface AccessLogOptions {
  /** The logger of the service `access`. */
  readonly logger: Logger
  /** Which fields a line has, in order; undefined for the default. */
  readonly fields?: readonly string[] | undefined
  readonly clock?: Clock | undefined
  /** Told of tunnels and sign-ins while they are under way. **Default:** nobody is */
  readonly tracing?: Tracing | undefined
}

/** Says at the end of every request and tunnel what came of it. */
export interface AccessLog {
  begin(request: LoggedRequest): AccessEntry
  /**
   * Selects other fields, for entries under way as well; these lack headers that were not selected when
   * they began. Throws a `RangeError` on an unknown name.
   */
  selectFields(names: readonly string[] | undefined): void
}

/** One request's line in the making. What is learned on the way is kept until the end. */
export interface AccessEntry {
  route(route: AccessRoute): void
  session(session: AccessSession): void
  /** It leads through this connector. */
  connector(connector: AccessConnector): void
  /** The reasons the policy gave. */
  reasons(reasons: readonly string[]): void
  /** Ports that would have led somewhere, when the one asked for did not. */
  otherPorts(ports: readonly number[]): void
  /** It is no news: its line is written at `debug` only. */
  isUsual(): void
  /** A part of the request that takes time, for traces; answers what `work` does. */
  step<T>(name: string, work: Promise<T>): Promise<T>
  /** What `work` asks for is done for this request, for traces. */
  run<T>(work: () => T): T
  /** Writes the line; only the first call does. */
  end(end: AccessEnd): void
}

/** Asked for by load balancers every few seconds: logged at `debug` only. */
const healthPaths = new Set(['/healthz', '/ping'])

/** Opens the access log; throws a `RangeError` on a field that `isAccessLogField` does not know. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { logger, clock = systemClock } = options
  let select = selectFields(accessFields, options.fields)
  let headerNames = selectedHeaders(options.fields)
  return {
    selectFields(names) {
      select = selectFields(accessFields, names)
      headerNames = selectedHeaders(names)
    },
    begin(request) {
      const beganMs = clock.now()
      const kept = { ...request, ...ofHead(request, headerNames) }
      let level: 'debug' | 'info' = healthPaths.has(pathOnly(request.path)) ? 'debug' : 'info'
      let route: AccessRoute | undefined
      let session: AccessSession | undefined
      let connector: AccessConnector | undefined
      let reasons: readonly string[] | undefined
      let otherPorts: readonly number[] | undefined
      let isEnded = false
      const trace = beginTrace(options.tracing, request)
      return {
        route: (value) => void (route = value),
        session: (value) => void (session = value),
        connector: (value) => void (connector = value),
        step: (name, work) => trace?.step(name, work) ?? work,
        run: (work) => (trace === undefined ? work() : trace.run(work)),
        reasons: (value) => void (reasons = value),
        isUsual: () => void (level = 'debug'),
        otherPorts: (value) => void (otherPorts = value),
        end({ agoMs = 0, ...end }) {
          if (isEnded) return
          isEnded = true
          // The wall clock may have been set back meanwhile.
          const durationMs = Math.max(0, clock.now() - beganMs - Math.round(agoMs))
          const line = {
            ...kept,
            ...end,
            durationMs,
            route,
            session,
            connector,
            reasons,
            otherPorts,
          }
          logger[level]('http-request', select(line))
          trace?.end(attributesOf(line), isFailure(end))
        },
      }
    },
  }
}

/** What a line may show of a request's head: the rest would be kept as long as its tunnel is open. */
function ofHead(
  { userAgent, referer, forwardedFor, headers }: LoggedRequest,
  names: readonly string[],
): Pick<LoggedRequest, 'userAgent' | 'referer' | 'forwardedFor' | 'headers'> {
  const shown = names.map((name) => [name, headerExcerpt(String(headers?.[name] ?? ''))] as const)
  return {
    userAgent: excerptOf(userAgent),
    referer: excerptOf(referer),
    forwardedFor: excerptOf(forwardedFor),
    headers: Object.fromEntries(shown) satisfies Headers,
  }
}

function excerptOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : headerExcerpt(text)
}

/** Paths of sign-ins: at the gateway, and back from a provider. */
const signInPaths = /^\/(?:oauth2\/|\.pomerium\/(?:sign_in|api\/v1\/login|device))/

/** Tunnels and sign-ins alone: a console that is open asks every second. */
function beginTrace(
  tracing: Tracing | undefined,
  request: LoggedRequest,
): RequestTrace | undefined {
  const isTunnel = request.transport !== undefined
  if (tracing === undefined || (!isTunnel && !signInPaths.test(request.path))) return undefined
  return tracing.begin(isTunnel ? 'tunnel' : `${request.method} ${pathOnly(request.path)}`, {
    'postern.request_id': request.requestId,
    'http.request.method': request.method,
    'client.address': request.ip,
    'postern.transport': request.transport,
    ...(isTunnel
      ? { 'postern.target': request.authority }
      : { 'url.path': pathOnly(request.path) }),
  })
}

/** What the line says, by the names of OpenTelemetry where it has one. */
function attributesOf({
  route,
  session,
  connector,
  responseCode,
  details,
  bytesUp,
  bytesDown,
  ended,
}: Partial<AccessLine> & AccessEnd): SpanAttributes {
  return {
    'http.response.status_code': responseCode,
    'postern.route.id': route?.id,
    'postern.route.name': route?.name,
    'user.id': session?.userId,
    'user.email': session?.email,
    'postern.connector.id': connector?.connectorId,
    'postern.details': details,
    'postern.bytes_up': bytesUp,
    'postern.bytes_down': bytesDown,
    'postern.ended': ended,
  }
}

/** The gateway's own, or its service's: a refusal is what a policy is for. */
function isFailure({ responseCode, error }: AccessEnd): boolean {
  return responseCode >= 500 || error !== undefined
}

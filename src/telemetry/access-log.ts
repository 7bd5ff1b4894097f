import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { accessFields } from './access-fields.ts'
import type {
  AccessConnector,
  AccessEnd,
  AccessRoute,
  AccessSession,
  LoggedRequest,
} from './access-fields.ts'
import { headerExcerpt, pathOnly, selectedHeaders, selectFields, type Headers } from './fields.ts'

export interface AccessLogOptions {
  /** The logger of the service `access`. */
  readonly logger: Logger
  /** Which fields a line has, in order; undefined for the default. */
  readonly fields?: readonly string[] | undefined
  readonly clock?: Clock | undefined
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
      return {
        route: (value) => void (route = value),
        session: (value) => void (session = value),
        connector: (value) => void (connector = value),
        reasons: (value) => void (reasons = value),
        isUsual: () => void (level = 'debug'),
        otherPorts: (value) => void (otherPorts = value),
        end(end) {
          if (isEnded) return
          isEnded = true
          // The wall clock may have been set back meanwhile.
          const durationMs = Math.max(0, clock.now() - beganMs)
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

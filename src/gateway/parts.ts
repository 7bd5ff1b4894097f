import type { Hono } from 'hono'
import type { HostPort } from '../address.ts'
import type { AnySession, Session } from '../identity/session.ts'
import type { Logger } from '../log.ts'
import type { AccessLog } from '../telemetry/access-log.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Authorize } from './authorize.ts'
import type { CutTunnels } from './cut-tunnels.ts'
import type { ClientCertificates } from './client-certificates/client-certificates.ts'
import type { RequestHeaders } from './headers.ts'
import type { RequestContext } from './http-request.ts'
import type { LiveTunnels } from './live-tunnels.ts'
import type { Asker } from './match-route.ts'
import type { OpenUpstream } from './open-upstream.ts'
import type { Route } from './routes/route.ts'
import type { SeenRoute } from './routes/seen.ts'
import type { RouteTable } from './routes/table.ts'

/** Who asks for a tunnel. */
export interface Caller {
  readonly session: AnySession | undefined
  readonly sessionVersion: number | undefined
}

/** Everything that serving a tunnel needs, made once by `startGateway`. */
export interface GatewayParts {
  readonly logger: Logger
  readonly accessLog: AccessLog
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly liveTunnels: LiveTunnels
  readonly cutTunnels: CutTunnels
  readonly authorize: Authorize
  readonly openUpstream: OpenUpstream
  readonly clientCertificates: ClientCertificates
  /** The table that holds now; a reload replaces it as a whole. */
  routes(): RouteTable
  /** Throws `RouteNotFoundError`, which names what the asker may use on that host. */
  matchRoute(routes: RouteTable, target: HostPort, asker: Asker): Route
  /** Who sent these headers; nobody for a missing, unknown or ended token. */
  identify(headers: RequestHeaders): Promise<Caller>
  /** Who that is once the provider was asked again, where a "no" would rest on old claims. */
  askAgain(
    caller: Caller,
    asker: Omit<Asker, 'session'> & { readonly target: HostPort },
    signal: AbortSignal,
  ): Promise<Caller>
  /** Where somebody without a session signs in; undefined when there is no provider. */
  signInLocation(): string | undefined
}

/** A Hono app whose handlers find the request's id and the client's address in `c.env`. */
export type PageApp = Hono<{ Bindings: RequestContext }>

/** What pages need that are made outside of `gateway/`. */
export interface PagesParts {
  readonly logger: Logger
  /** Where people sign in and find their own pages; undefined when nobody can sign in. */
  readonly origin: URL | undefined
  /** Whose browser sent this `Cookie` header; undefined for nobody's. */
  sessionOf(cookieHeader: string | undefined): Promise<Session | undefined>
  /** The routes somebody may use now and those listed for them; `gateway` is the URL they know. */
  seenBy(asker: Asker, gateway: string): readonly SeenRoute[]
}

/** Pages for the gateway's own address; undefined where they cannot be shown, and a plain one will do. */
export type CreatePages = (parts: PagesParts) => PageApp | undefined

import type { Clock } from '../clock.ts'
import type { LiveCaller, Session } from '../identity/session.ts'
import type { Logger } from '../log.ts'
import type { AccessLog } from '../telemetry/access-log.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Authorize } from '../access/authorize.ts'
import type { CutTunnels } from '../pages/cut-tunnels.ts'
import type { ClientCertificates } from '../port/client-certificates/client-certificates.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { RoleOf } from '../access/administrators.ts'
import type { Caller } from '../access/caller.ts'
import type { Operations } from '../control/operations.ts'
import type { Decision } from '../policy/decision.ts'
import type { LoginRedirect } from '../pages/cloudflared/login-redirect.ts'
import type { PageApp, RequestContext as PageRequest } from '../pages/answers/page-app.ts'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { AskAgain } from '../access/ask-again.ts'
import type { FindableDenials } from '../pages/refused/denials.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Client } from '../net/client.ts'
import type { Offer } from '../downloads/downloads.ts'
import type { Target } from '../net/target.ts'
import type { NamedTunnels } from '../publish/named-tunnels.ts'
import type { RouteAccess } from '../requests/route-access.ts'
import type { OpenUpstream } from '../upstream/open-upstream.ts'
import type { Route } from '../routes/route.ts'
import type { SeenRoutes } from '../routes/seen.ts'
import type { ChangeFeed } from '../store/store.ts'
import type { Turns } from '../turns.ts'

export type { PageApp, PageRequest }

/** Everything that serving a tunnel needs, made once by `startGateway`. */
export interface GatewayParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly accessLog: AccessLog
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly liveTunnels: LiveTunnels
  readonly cutTunnels: CutTunnels
  /** What is said of tunnels that have ended passes here: a little later, where there are many. */
  readonly words: Turns
  readonly authorize: Authorize
  readonly openUpstream: OpenUpstream
  readonly clientCertificates: ClientCertificates
  /** Throws `RouteNotFoundError`, which names what the caller may use on that host. */
  matchRoute(target: Target, caller: Caller): Route
  /** The application that answers on every path of this host; `host` as `parseHost` answers it. */
  applicationAt(host: string): Route | undefined
  /** Who sent these headers; a caller without a session when the token is missing, unknown or has ended. */
  identify(headers: RequestHeaders, client: Client, target: Target): Promise<Caller>
  /** What is wrong with the credential of headers that lead to nobody at this application, as a sentence. */
  credentialFault(headers: RequestHeaders, authority: string): Promise<string | undefined>
  /** What policy says of whoever only looks. */
  foreseen(caller: Caller, route: Route): Decision
  /** How stock clients are told to sign in; undefined where nobody can. */
  readonly loginRedirect: LoginRedirect | undefined
  /** Who that is once the provider was asked again, where a "no" would rest on old claims. */
  readonly askAgain: AskAgain
  /** Where somebody without a session signs in; undefined when there is no provider. */
  signInLocation(): string | undefined
}

/** What pages need that are made outside of `gateway/`. */
export interface PagesParts {
  readonly logger: Logger
  /** Where people sign in and find their own pages; undefined when nobody can sign in. */
  readonly origin: URL | undefined
  /** Whose browser sent this `Cookie` header; undefined when nobody is signed in there. */
  sessionOf(cookieHeader: string | undefined): Promise<Session | undefined>
  /** The routes somebody may use now and those listed for them; `gateway` is the URL they know. */
  seenBy(caller: Caller, gateway: string): SeenRoutes
  /** What access for a while is to somebody at a route; undefined where there is nothing of the kind. */
  accessFor(caller: Caller, route: Route): RouteAccess | undefined
  /** Whether a person has asked for access for a while, of which there still is a record. */
  hasAsked(userId: string): Promise<boolean>
  /** What the gateway hands out to install. */
  downloads(): Promise<Pick<Offer, 'executables' | 'page'>>
  /** Who administers now; what it allows follows without an `await`. */
  readonly roleOf: RoleOf
}

/** Pages for the gateway's own address. */
export interface OwnPages {
  readonly app: PageApp
  /** Whether they have one for `/`; where not, a plain one will do. */
  readonly hasPortal: boolean
}

/** What the API of administrators needs besides. */
export interface ApiParts extends PagesParts {
  readonly clock: Clock
  readonly audit: AuditLog
  /** What administrators do and see: each of them asks for itself who may. */
  readonly operations: Operations
  /** Why people were refused. */
  readonly denials: FindableDenials
  /** The routes that hold now. */
  routeTable(): RouteTable
  /** Every write to the store. */
  readonly feed: ChangeFeed
  readonly followed: Followed
  /** As `sessionOf`, with the state that the session was read in. */
  callerOf(cookieHeader: string | undefined): Promise<LiveCaller | undefined>
  /** Who sent the credential in these headers: a person's client, or a service account. */
  identify(headers: RequestHeaders): Promise<LiveCaller | undefined>
  /** The state that somebody is in now; undefined once their session has ended. */
  session(id: string): Promise<LiveCaller | undefined>
  /** Changes whenever the session did; undefined once it has ended. */
  sessionVersion(id: string): number | undefined
}

/** What open pages follow: it is looked at once a second while there are any. */
export interface Followed {
  readonly liveTunnels: Pick<LiveTunnels, 'open'>
  readonly namedTunnels: Pick<NamedTunnels, 'find'>
  /** Another text whenever connectors came or went. */
  connectors(): string
  /** Another object after each change of the routes. */
  routes(): unknown
}

export type CreatePages = (parts: ApiParts) => OwnPages

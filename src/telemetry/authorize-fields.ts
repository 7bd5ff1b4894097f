import type { Field, FieldTable, Headers } from './fields.ts'
import { isField, pathOnly, queryOf } from './fields.ts'
import { isSecretName } from './redact.ts'

/** One side of a decision; a `Verdict` of `policy/` fits by shape. */
export interface LoggedVerdict {
  readonly value: boolean
  readonly reasons: readonly string[]
}

/** A session of `identity/` fits by shape. */
export interface AuthorizeSession {
  readonly kind: 'person' | 'service-account'
  readonly id: string
  readonly userId: string
  readonly email: string | undefined
  /** Absent for a service account. */
  readonly provider?: string | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
}

/** Everything one authorize line can say. */
export interface AuthorizeLine {
  readonly requestId: string
  readonly method: string
  /** Empty for CONNECT. */
  readonly path: string
  /** `host:port` of a CONNECT. */
  readonly authority: string
  readonly ip: string
  readonly headers?: Headers | undefined
  readonly session?: AuthorizeSession | undefined
  readonly route: { readonly id: string; readonly name: string }
  readonly decision: { readonly allow: LoggedVerdict; readonly deny: LoggedVerdict }
  /** Whether a live tunnel was decided again. */
  readonly isRecheck?: boolean | undefined
}

type AuthorizeField = Field<AuthorizeLine>

const shown = (doc: string, read: AuthorizeField['read']): AuthorizeField => {
  return { doc, byDefault: true, read }
}
const optional = (doc: string, read: AuthorizeField['read']): AuthorizeField => {
  return { doc, byDefault: false, read }
}
const absent = (): AuthorizeField =>
  optional('accepted and never there: means nothing here', () => undefined)

const personOf = ({ session }: AuthorizeLine): AuthorizeSession | undefined =>
  session?.kind === 'person' ? session : undefined

/** The fields in their default order, which is Pomerium's. */
export const authorizeFields: FieldTable<AuthorizeLine> = {
  'request-id': shown("the same as in the request's access line", (line) => line.requestId),
  'check-request-id': shown('the same as `request-id`', (line) => line.requestId),
  method: shown('`CONNECT` for a tunnel', (line) => line.method),
  path: shown('empty for a tunnel', (line) => pathOnly(line.path)),
  host: shown('`host:port` that was asked for', (line) => line.authority),
  ip: shown(
    "client's address: the connection's peer, or the PROXY header's source",
    (line) => line.ip,
  ),
  'session-id': shown('session of a person; absent otherwise', (line) => personOf(line)?.id),
  'service-account-id': shown('id of the service account; absent otherwise', ({ session }) =>
    session?.kind === 'service-account' ? session.userId : undefined,
  ),
  user: shown("the provider's id (`sub`) of a person, or empty", (l) => personOf(l)?.userId ?? ''),
  email: shown('email address of a person, or empty', (line) => personOf(line)?.email ?? ''),
  'envoy-route-id': shown('the same as `route-id`', (line) => line.route.id),
  'route-id': shown('id of the route', (line) => line.route.id),
  route: shown('name of the route', (line) => line.route.name),
  provider: optional(
    'id of the identity provider that a person has signed in with; absent otherwise',
    (line) => personOf(line)?.provider,
  ),
  query: optional('query, secret parameters hidden', (line) => queryOf(line.path)),
  headers: optional('all request headers but those that carry secrets', loggedHeaders),
  'id-token-claims': optional(
    "the provider's claims about the person",
    (line) => line.session?.claims,
  ),
  'cluster-stat-name': optional(
    'route as `NAME-ID`',
    ({ route }) => `${route.name || 'route'}-${route.id}`,
  ),
  'impersonate-session-id': absent(),
  'impersonate-user-id': absent(),
  'impersonate-email': absent(),
  'removed-groups-count': absent(),
  'envoy-route-checksum': absent(),
  'route-checksum': absent(),
  body: absent(),
  'id-token': optional('accepted and never there: a token is never logged', () => undefined),
  'mcp-method': absent(),
  'mcp-tool': absent(),
  'mcp-tool-parameters': absent(),
}

/** Every name `authorize_log_fields` may list, besides `headers.NAME`. */
export const authorizeLogFieldNames: readonly string[] = Object.keys(authorizeFields)

/** Whether `authorize_log_fields` may list a name. */
export function isAuthorizeLogField(name: string): boolean {
  return isField(authorizeFields, name)
}

function loggedHeaders({ headers = {} }: AuthorizeLine): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isSecretName(name)))
}

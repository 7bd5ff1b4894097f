import { Hono, type Context, type MiddlewareHandler } from 'hono'
import type { Role } from '../../access/administrators.ts'
import { createAuthority, isFor, roleRequired } from '../../control/authority.ts'
import { askedBy, type CallerActor } from '../../control/change.ts'
import { messageOf, PeerError } from '../../errors.ts'
import type { ApiParts, PageApp, PageRequest } from '../../gateway/parts.ts'
import { limitBody } from '../../pages/answers/body.ts'
import { allEndpoints } from './all.ts'
import { actorOf } from './callers.ts'
import type { AnyEndpoint, Endpoints } from './endpoint.ts'
import { toFault } from './faults.ts'
import { readAsked } from './read-asked.ts'

/** Where the API is, at the gateway's own address. */
export const apiPath = '/api/v1'

/**
 * Far more than a route, or many changes of them.
 *
 * @limit the body of a request to the API: 413 `request_too_large`
 */
const maxBodyBytes = 1024 * 1024

/** @limit the path in a line that says who was refused at the API: only its beginning is there */
const maxPathLength = 300

/** Sent with every answer: it is for programs, and nothing of it is ever a page. */
const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

export interface ApiOptions {
  /** **Default:** every one there is */
  readonly endpoints?: readonly Endpoints[]
  /** Whether each answer is held against its own schema before it is sent: for tests. **Default:** false */
  readonly checksAnswers?: boolean
}

interface ApiEnv {
  Bindings: PageRequest
  Variables: { by: CallerActor }
}

/** The API of whoever runs the gateway: each endpoint as it is declared, and nothing else below its path. */
export function createApi(parts: ApiParts, options: ApiOptions = {}): PageApp {
  const { origin } = parts
  const declared = (options.endpoints ?? allEndpoints).flatMap((of) => of(parts))
  const api = serveEndpoints(declared, parts, options)
  const app: PageApp = new Hono()
  // A route's name may lead to this port as well; there is no API at it.
  const isOurs = (c: Context): boolean =>
    origin === undefined || new URL(c.req.url).host === origin.host
  app.all(`${apiPath}/*`, (c, next) => (isOurs(c) ? api.fetch(c.req.raw, c.env) : next()))
  return app
}

function serveEndpoints(
  declared: readonly AnyEndpoint[],
  parts: ApiParts,
  { checksAnswers = false }: ApiOptions,
): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>().basePath(apiPath)
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
  })
  for (const endpoint of declared) {
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1')
    app.on(
      endpoint.method.toUpperCase(),
      path,
      admit(endpoint, parts),
      limitBody(maxBodyBytes),
      async (c) => {
        const asked = await readAsked(c, endpoint)
        const by = c.get('by')
        const { headers: sent, signal } = c.req.raw
        // Its body took its time, and roles go.
        const role = requireRole(by, endpoint, parts)
        const answer = await endpoint.serve({ by, role, ...asked, headers: sent, signal })
        if (checksAnswers) checkAnswer(answer, endpoint)
        if (!(answer instanceof Response)) return send(answer, endpoint)
        // Whoever asks for the head alone takes nothing of the rest, and nobody else would end that.
        if (c.req.raw.method === 'HEAD') await answer.body?.cancel()
        return answer
      },
    )
  }
  for (const [path, methods] of methodsByPath(declared)) {
    app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) => {
      c.header('allow', methods.join(', '))
      throw methodNotAllowed(c.req.method)
    })
  }
  app.all('*', () => {
    throw new PeerError('endpoint-not-found', 'there is no such endpoint')
  })
  app.onError((error, c) => {
    const { status, body } = toFault(error, c.env.requestId)
    // A client that goes away in the middle of a body is not our failure; the access line records it.
    if (status === 500 && !c.req.raw.signal.aborted)
      parts.logger.error('cannot serve the API', {
        error: messageOf(error),
        'request-id': c.env.requestId,
      })
    const by: CallerActor | undefined = c.get('by')
    // The access line has no names: whoever reads the log alone sees here who wanted more than they may.
    if (status === 403 && by !== undefined)
      parts.logger.warn('administration refused', {
        method: c.req.method,
        path: c.req.path.slice(0, maxPathLength),
        why: body.error,
        ...askedBy(by),
      })
    if (status === 401) c.header('www-authenticate', 'Bearer')
    return c.json(body, status as 400)
  })
  return app
}

/** Who asks is known, and may come in, before anything of the body is read. */
function admit(endpoint: AnyEndpoint, parts: ApiParts): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const by = await actorOf({ request: c.req.raw, env: c.env }, parts)
    c.set('by', by)
    requireRole(by, endpoint, parts)
    await next()
  }
}

/** Asks as operations do, for what is no operation: reading something that nobody else may see. */
function requireRole(by: CallerActor, endpoint: AnyEndpoint, parts: ApiParts): Role | undefined {
  const role = createAuthority(parts).roleOf(by)
  if (!isFor(role, endpoint)) throw roleRequired(endpoint)
  return role
}

function send(answer: unknown, { status = 200, answer: schema }: AnyEndpoint): Response {
  return schema === undefined
    ? new Response(null, { status: 204 })
    : Response.json(answer, { status })
}

function checkAnswer(answer: unknown, { answer: schema, otherTypes = [] }: AnyEndpoint): void {
  if (answer instanceof Response) {
    const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
    if (!otherTypes.includes(type))
      throw new TypeError(`an answer of "${type}", which is not declared`)
  } else if (schema === undefined) {
    if (answer !== undefined) throw new TypeError('an answer that is not declared')
  } else schema.parse(answer)
}

/** RFC 9110 §15.5.6: it says which methods there are. */
function methodsByPath(declared: readonly AnyEndpoint[]): ReadonlyMap<string, readonly string[]> {
  const byPath = Map.groupBy(declared, ({ path }) => path)
  return new Map(
    [...byPath].map(([path, of]) => [path, of.map(({ method }) => method.toUpperCase())]),
  )
}

function methodNotAllowed(method: string): PeerError {
  return new PeerError('method-not-allowed', `"${method}" is no method of this endpoint`)
}

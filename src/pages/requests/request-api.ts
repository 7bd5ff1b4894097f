import { AccessError, PeerError } from '../../errors.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { Client } from '../../net/client.ts'
import type { RequestHeaders } from '../../request-headers.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody, readJson } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'

/** Who asks, as operations take it. */
export interface Asker {
  readonly session: LiveCaller['session']
  readonly sessionVersion: number
  readonly client: Client
  readonly requestId: string
}

/** What a person's client asks for; each looks at its input by itself, and at what its asker may. */
export interface RequestApiParts {
  /** Whose token these headers carry. */
  identify(headers: RequestHeaders): Promise<LiveCaller | undefined>
  list(by: Asker, cursor: string | undefined): Promise<object>
  find(by: Asker, id: string): Promise<object>
  /** `wish` as it came. */
  ask(by: Asker, wish: unknown, isBreakGlass: boolean): Promise<object>
  end(by: Asker, id: string): Promise<object>
}

/**
 * Far more than a route and a reason.
 *
 * @limit a request for access by a client: 413 `request_too_large`
 */
const maxBodyBytes = 16 * 1024

/** Requests for access as `postern request` makes them, on every host that the gateway is reached by. */
export function createRequestApi(parts: RequestApiParts): PageApp {
  const app = createPageApp()
  const { requests: path } = gatewayPaths
  const one = `${path}/:id` as const
  app.use(path, limitBody(maxBodyBytes))
  app.get(path, async (c) =>
    answer(c, await parts.list(await askerOf(c, parts), c.req.query('cursor'))),
  )
  app.post(path, async (c) => {
    const by = await askerOf(c, parts)
    const { break_glass: isBreakGlass, ...wish } = await readWish(c)
    return answer(c, await parts.ask(by, wish, isBreakGlass === true), 201)
  })
  app.get(one, async (c) => answer(c, await parts.find(await askerOf(c, parts), c.req.param('id'))))
  app.post(`${one}/end`, async (c) =>
    answer(c, await parts.end(await askerOf(c, parts), c.req.param('id'))),
  )
  return app
}

async function askerOf(c: PageContext, { identify }: RequestApiParts): Promise<Asker> {
  const headers = c.req.header()
  // Only browsers send it, and none of their pages has a reason to ask here.
  if (headers['origin'] !== undefined)
    throw new AccessError('origin-not-allowed', 'a web page may not ask for this', {
      hint: 'use "postern request", or the portal',
    })
  const found = await identify(headers)
  if (found === undefined)
    throw new AccessError('sign-in-required', 'a request for access needs you to sign in', {
      hint: 'sign in; "postern request" opens the browser for you',
    })
  const { client, requestId } = c.env
  return { session: found.session, sessionVersion: found.version, client, requestId }
}

async function readWish(c: PageContext): Promise<Readonly<Record<string, unknown>>> {
  const wish = await readJson(c)
  if (typeof wish === 'object' && wish !== null) return { ...wish }
  throw new PeerError('malformed-request', 'this is no request for access', {
    hint: 'send JSON with "route", "for_seconds" and "reason"',
  })
}

function answer(c: PageContext, body: object, status: 200 | 201 = 200): Response {
  return c.json(body, status, { 'cache-control': 'no-store' })
}

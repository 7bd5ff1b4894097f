import { PeerError } from '../../errors.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { Client } from '../../net/client.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody, readJson } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { requireToken, type IdentifyToken } from '../answers/token-caller.ts'

/** Who asks, as operations take it. */
export interface Asker {
  readonly session: LiveCaller['session']
  readonly sessionVersion: number
  readonly client: Client
  readonly requestId: string
}

/** What a person's client asks for; each looks at its input by itself, and at what its asker may. */
export interface RequestApiParts {
  readonly identify: IdentifyToken
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

const words = { what: 'a request for access', command: 'postern request' } as const

async function askerOf(c: PageContext, { identify }: RequestApiParts): Promise<Asker> {
  const found = await requireToken(c, identify, words)
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

import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { systemClock } from '../../clock.ts'
import { PeerError } from '../../errors.ts'
import type { PageContext, RequestContext } from './page-app.ts'

/**
 * Longest wait for a body, in milliseconds: each byte of it is progress, and it holds one of the places for requests.
 *
 * @limit time for the body of a request outside of tunnels: 408 `request_timeout`, and the connection is closed; over
 * HTTP/2 the stream alone
 */
const bodyTimeoutMs = 30_000

/**
 * Lets bodies of so many bytes through, that come in time. Those whose length is not said are read here.
 *
 * @throws HTTPException 413; PeerError `request-timeout`
 */
export function limitBody(maxBytes: number): MiddlewareHandler<{ Bindings: RequestContext }> {
  const limitLength = bodyLimit({ maxSize: maxBytes })
  return async (c, next) => {
    let isLate = false
    const { promise: isHere, resolve: go } = Promise.withResolvers<void>()
    const passed = limitLength(c, async () => {
      // It was answered meanwhile.
      if (isLate) return
      go()
      await next()
    })
    await inTime(c, Promise.race([isHere, passed])).catch((error: unknown) => {
      isLate = true
      throw error
    })
    return passed
  }
}

/**
 * The fields of the form that a request brings, none for a body of another type.
 *
 * @throws PeerError `malformed-request` when it says that it is a form and cannot be read as one, `request-timeout`
 * when it has not come in time
 */
export async function readForm(c: PageContext): Promise<Readonly<Record<string, unknown>>> {
  const reading = c.req.parseBody().catch((cause: unknown) => {
    const details = { hint: 'send a shorter, well-formed body', cause }
    throw new PeerError('malformed-request', 'the body of this request is not a form', details)
  })
  return inTime(c, reading)
}

/**
 * The JSON that a request brings; undefined where it is none.
 *
 * @throws PeerError `request-timeout` when it has not come in time
 */
export async function readJson(c: Pick<PageContext, 'req' | 'env'>): Promise<unknown> {
  const reading = c.req.json<unknown>().catch(() => undefined)
  return inTime(c, reading)
}

async function inTime<T>({ env }: Pick<PageContext, 'env'>, reading: Promise<T>): Promise<T> {
  const { clock = systemClock } = env
  const late = Promise.withResolvers<never>()
  using _ = clock.schedule(bodyTimeoutMs, () => {
    const details = { hint: 'try again' }
    late.reject(new PeerError('request-timeout', 'the request did not arrive in time', details))
  })
  return await Promise.race([reading, late.promise])
}

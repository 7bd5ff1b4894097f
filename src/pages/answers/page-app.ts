import { Hono, type Context } from 'hono'
import type { Caller } from '../../access/caller.ts'
import { PeerError } from '../../errors.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { Client } from '../../net/client.ts'
import { securityHeaders } from '../html/layout.ts'
import { renderRefusal } from './answer.ts'
import type { Refusal } from './refusal.ts'

/** What a handler learns of a request besides the request itself. */
export interface RequestContext {
  readonly requestId: string
  readonly client: Client
}

/** A Hono app whose handlers find the request's id and its client in `c.env`. */
export type PageApp = Hono<{ Bindings: RequestContext }>
export type PageContext = Context<{ Bindings: RequestContext }>

/** Makes an empty app; those of several folders are put together by `createApp`. */
export function createPageApp(): PageApp {
  return new Hono<{ Bindings: RequestContext }>()
}

/**
 * The fields of the form that a request brings, none for a body of another type.
 *
 * @throws PeerError `malformed-request` when it says that it is a form and cannot be read as one
 */
export async function readForm(c: PageContext): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await c.req.parseBody()
  } catch (cause) {
    const details = { hint: 'send a shorter, well-formed body', cause }
    throw new PeerError('malformed-request', 'the body of this request is not a form', details)
  }
}

/** Whoever asks for a page, as a policy looks at them. */
export function callerOf(c: PageContext, found: LiveCaller | undefined): Caller {
  return { client: c.env.client, session: found?.session, sessionVersion: found?.version }
}

/** Sends a page with its security headers. */
export function sendPage(c: PageContext, page: string, status: 200 | 403 | 404 = 200): Response {
  return c.html(page, status, { ...securityHeaders, 'cache-control': 'no-store' })
}

/** Sends a refusal as the caller prefers it. */
export function sendRefusal(c: PageContext, refusal: Refusal): Response {
  const { status, headers, body } = renderRefusal(refusal, c.env.requestId, c.req.header('accept'))
  return new Response(c.req.method === 'HEAD' ? null : body, { status, headers })
}

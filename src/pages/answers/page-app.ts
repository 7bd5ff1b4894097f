import { Hono, type Context } from 'hono'
import type { Caller } from '../../access/caller.ts'
import type { Clock } from '../../clock.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { Client } from '../../net/client.ts'
import { scriptedHeaders, securityHeaders } from '../html/layout.ts'
import { renderRefusal } from './answer.ts'
import type { Refusal } from './refusal.ts'

/** What a handler learns of a request besides the request itself. */
export interface RequestContext {
  readonly requestId: string
  readonly client: Client
  /** **Default:** the system's */
  readonly clock?: Clock
}

/** A Hono app whose handlers find the request's id and its client in `c.env`. */
export type PageApp = Hono<{ Bindings: RequestContext }>
export type PageContext = Context<{ Bindings: RequestContext }>

/** Makes an empty app; those of several folders are put together by `createApp`. */
export function createPageApp(): PageApp {
  return new Hono<{ Bindings: RequestContext }>()
}

/** Whoever asks for a page, as a policy looks at them. */
export function callerOf(c: PageContext, found: LiveCaller | undefined): Caller {
  return { client: c.env.client, session: found?.session, sessionVersion: found?.version }
}

/** Sends a page with its security headers. */
export function sendPage(c: PageContext, page: string, status: 200 | 403 | 404 = 200): Response {
  return c.html(page, status, { ...securityHeaders, 'cache-control': 'no-store' })
}

/** Sends a page that has a script, with what allows that. */
export function sendScriptedPage(c: PageContext, page: string): Response {
  return c.html(page, 200, { ...scriptedHeaders, 'cache-control': 'no-store' })
}

/** Sends a refusal as the caller prefers it. */
export function sendRefusal(c: PageContext, refusal: Refusal): Response {
  const { status, headers, body } = renderRefusal(refusal, c.env.requestId, c.req.header('accept'))
  return new Response(c.req.method === 'HEAD' ? null : body, { status, headers })
}

import type { HonoRequest } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Logger } from '../log.ts'
import { messageOf } from '../errors.ts'
import { isCallbackPath } from '../identity/callback-path.ts'
import {
  createPageApp,
  sendPage,
  sendRefusal,
  type PageApp,
  type RequestContext,
} from './answers/page-app.ts'
import { welcomePage } from './html/account-page.ts'
import { createLoginApi } from './pomerium/login-api.ts'
import { createAccountPages } from './sign-in/account-pages.ts'
import { createDeviceApi } from './sign-in/device-api.ts'
import { createDevicePages } from './sign-in/device-pages.ts'
import { createEndSessionApi } from './sign-in/end-session-api.ts'
import type { SignInParts } from './sign-in/parts.ts'
import { createProviderLogoutApi } from './sign-in/provider-logout-api.ts'
import { createSignInPages } from './sign-in/sign-in-pages.ts'
import { requestIdHeader } from '../tunnel/headers.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { toRefusal, type Refusal } from './answers/refusal.ts'

/** Serves pages and APIs. */
export type App = (request: Request, context: RequestContext) => Response | Promise<Response>

/** One of what is served: `ALL` for every method, and a path that may have parameters (`:id`) and end in `*`. */
export interface PageRoute {
  readonly method: string
  readonly path: string
}

/** With everything that is served, for whoever has to know that nothing was left out. */
export type RoutedApp = App & { readonly routes: readonly PageRoute[] }

export interface AppOptions {
  readonly logger: Logger
  /** What the answer to a request that may change something waits for. **Default:** nothing */
  readonly beforeAnswer?: () => Promise<void>
  /** Sign-in pages and APIs; undefined when no route needs one. */
  readonly signIn: PageApp | undefined
  /** Accounts of the gateway's own, and their passkeys. */
  readonly accounts?: PageApp | undefined
  /** What stock cloudflared asks; first, since it concerns every path of an application's host. */
  readonly cloudflared?: readonly PageApp[]
  /** What is shown at the hosts of applications. */
  readonly applications?: PageApp
  /** The routes as JSON, for programs. */
  readonly routesApi?: PageApp
  /** Users and groups of the company's directory. */
  readonly scimApi?: PageApp
  /** SSH certificates. */
  readonly sshSignApi?: PageApp
  /** How people publish services of their own; undefined when nobody can sign in. */
  readonly publish?: PageApp | undefined
  /** Why people were refused. */
  readonly refused?: PageApp | undefined
  /** Requests for access, for programs. */
  readonly requestApi?: PageApp
  /** What a session has open. */
  readonly ownTunnelsApi?: PageApp
  /** Why tunnels were cut. */
  readonly cutApi?: PageApp
  /** Executables to install. */
  readonly downloads?: PageApp
  /** Pages made outside of `gateway/`; where they pass a request on, a plain page is shown. */
  readonly pages?: PageApp | undefined
}

/** Puts the pages and APIs together. Any other path is refused, as a route would be. */
export function createApp(options: AppOptions): RoutedApp {
  const {
    logger,
    beforeAnswer,
    signIn,
    accounts,
    cloudflared = [],
    applications,
    routesApi,
    scimApi,
    sshSignApi,
    publish,
    refused,
    requestApi,
    ownTunnelsApi,
    cutApi,
    downloads,
    pages,
  } = options
  const app = createPageApp()
  app.use(async (c, next) => {
    await next()
    c.header(requestIdHeader, c.env.requestId)
    if (mayChange(c.req)) await beforeAnswer?.()
  })
  const parts = [
    ...cloudflared,
    applications,
    pages,
    signIn,
    accounts,
    routesApi,
    scimApi,
    sshSignApi,
    publish,
    refused,
    requestApi,
    ownTunnelsApi,
    cutApi,
    downloads,
  ]
  for (const part of parts) if (part !== undefined) app.route('/', part)
  app.get('/', (c) => sendPage(c, welcomePage(signIn !== undefined)))
  app.get('/healthz', (c) => c.text('ok\n'))
  app.get('/ping', (c) => c.text('ok\n'))
  app.all(`${gatewayPaths.tunnel}*`, (c) => sendRefusal(c, upgradeRequired))
  app.get('/robots.txt', (c) => c.text('User-agent: *\nDisallow: /\n'))
  app.notFound((c) => sendRefusal(c, notFound))
  app.onError((error, c) => {
    const refusal = error instanceof HTTPException ? badRequest(error) : toRefusal(error)
    // A client that goes away in the middle of a body is not our failure; the access line records it.
    if (refusal.status === 500 && !c.req.raw.signal.aborted)
      logger.error('cannot serve a page', {
        error: messageOf(error),
        'request-id': c.env.requestId,
      })
    return sendRefusal(c, refusal)
  })
  const serve: App = (request, context) => app.fetch(request, context)
  return Object.assign(serve, { routes: app.routes.map(({ method, path }) => ({ method, path })) })
}

/** Of what is only looked at, the callback of a sign-in alone: it makes a session. */
function mayChange({ method, path }: Pick<HonoRequest, 'method' | 'path'>): boolean {
  return (method !== 'GET' && method !== 'HEAD') || isCallbackPath(path)
}

/** Every page and API that has to do with who somebody is. */
export function createSignInApp(parts: SignInParts): PageApp {
  const app = createPageApp()
  const all = [
    createLoginApi,
    createSignInPages,
    createAccountPages,
    createDeviceApi,
    createDevicePages,
    createEndSessionApi,
    createProviderLogoutApi,
  ]
  for (const create of all) app.route('/', create(parts))
  return app
}

/** What the library itself finds wrong with a request: a body that is too large or cannot be read. */
function badRequest({ status, message }: HTTPException): Refusal {
  return {
    status,
    code: status === 413 ? 'request_too_large' : 'malformed_request',
    message: message === '' ? 'this request cannot be understood' : message.toLowerCase(),
    next: 'send a shorter, well-formed body',
    reasons: [],
  }
}

/** Not 426, whose `Upgrade` field HTTP/2 does not allow. */
const upgradeRequired: Refusal = {
  status: 400,
  code: 'upgrade_required',
  message: 'tunnels are opened here with a WebSocket, and this request is not one',
  next: 'something in front of the gateway may have removed "Upgrade: websocket": have it pass that header on, over HTTP/1.1',
  reasons: [],
}

const notFound: Refusal = {
  status: 404,
  code: 'page_not_found',
  message: 'there is no page here',
  next: 'services are reached with "postern tcp", not with a browser',
  reasons: [],
}

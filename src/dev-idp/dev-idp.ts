import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { bracketed, isLoopbackHost } from '../address.ts'
import { SystemError, messageOf } from '../errors.ts'
import { lingerOnClose } from '../net/linger.ts'
import type { Closable } from '../shutdown.ts'
import { serveSignIn } from './interaction.ts'
import { createOidc, sayLogout, signInPath } from './oidc.ts'
import type { BackchannelLogout, OidcOptions } from './oidc.ts'
import { errorPage, pageHeaders } from './pages.ts'
import { createPeople } from './people.ts'
import type { DevIdpPerson, People } from './people.ts'
import { createTokenStorage } from './token-storage.ts'

export interface DevIdpOptions {
  readonly people: readonly DevIdpPerson[]
  /** Loopback only. **Default:** `127.0.0.1` */
  readonly host?: string
  /** **Default:** 0, a port the system chooses. */
  readonly port?: number
  /** **Default:** `postern` */
  readonly clientId?: string
  /** **Default:** made at each start. */
  readonly clientSecret?: string
  /** Where a sign-in may end besides loopback hosts, which may always. */
  readonly redirectUris?: readonly string[]
  /** **Default:** 3600 */
  readonly accessTokenTtlSeconds?: number
  /** Whether a refresh token is good once, and another comes with each answer. **Default:** true */
  readonly rotatesRefreshTokens?: boolean
  /** The claim that lists a person's groups. **Default:** `groups` */
  readonly groupsClaim?: string
  /**
   * Where it says that somebody signed out here, at `/session/end` or by `signOut` (OpenID Connect Back-Channel Logout).
   * **Default:** nowhere, and nobody can
   */
  readonly backchannelLogout?: BackchannelLogout
  /**
   * Asks nobody anything: the person of the request's `login_hint`, else this one (email or id),
   * else the first of the list is signed in by redirects alone.
   */
  readonly asksNothing?: boolean | string
  /** Called with each code and each set of tokens that it gives out, by their names in OAuth: a test looks where they get to. */
  readonly onIssued?: OidcOptions['onIssued']
}

/** `failing` answers 503 to everything, `hanging` never answers. */
export type DevIdpCondition = 'up' | 'failing' | 'hanging'

const countedPaths = ['/.well-known/openid-configuration', '/jwks', '/token', '/me'] as const

/** Discovery, signing keys, tokens, userinfo. */
export type CountedPath = (typeof countedPaths)[number]

/** A running sign-in service, with the levers that tests pull. */
export interface DevIdp extends Closable {
  readonly issuer: URL
  readonly clientId: string
  readonly clientSecret: string
  readonly people: People
  /** Completed authorizations so far. */
  readonly signInCount: number
  /** Requests received so far. */
  requestCount(path: CountedPath): number
  setCondition(condition: DevIdpCondition): void
  /** As the option of this name, from now on. */
  setAsksNothing(asksNothing: boolean | string): void
  /** Leads browsers back by a script in a page, as some providers do, instead of a redirect. */
  setReturnsByScript(returnsByScript: boolean): void
  /** Takes back everything granted to a person: their refresh is answered with `invalid_grant`. */
  revoke(emailOrId: string): void
  /** Ends a person's sessions here, as an administrator does, and says so to the client; resolves when that was heard. */
  signOut(emailOrId: string): Promise<void>
  /** Replaces the signing key; the old one is gone at once. */
  rotateKeys(): Promise<void>
}

/**
 * Starts an OpenID Connect provider for the quickstart and tests: http, on loopback only.
 *
 * It keeps everything in memory, asks for no consent, and asks who signs in every time, so that a
 * newcomer can come back as somebody else. Throws `SystemError` when the port is taken.
 */
export async function startDevIdp(options: DevIdpOptions): Promise<DevIdp> {
  const { host = '127.0.0.1', port = 0 } = options
  if (!isLoopbackHost(host)) {
    throw new SystemError('not-loopback', `the sign-in service listens on loopback, not "${host}"`)
  }
  const server = createServer()
  lingerOnClose(server)
  await listen(server, host, port)
  const issuer = new URL(`http://${bracketed(host)}:${(server.address() as AddressInfo).port}`)
  return serve(server, issuer, options)
}

async function serve(server: Server, issuer: URL, options: DevIdpOptions): Promise<DevIdp> {
  const people = createPeople(options.people)
  const storage = createTokenStorage()
  const requestCounts = new Map<string, number>(countedPaths.map((path) => [path, 0]))
  let signInCount = 0
  let condition: DevIdpCondition = 'up'
  let asksNothing = options.asksNothing ?? false
  let returnsByScript = false
  const oidcOptions: OidcOptions = {
    issuer: issuer.origin,
    clientId: options.clientId ?? 'postern',
    clientSecret: options.clientSecret ?? randomBytes(24).toString('base64url'),
    redirectUris: options.redirectUris ?? [],
    accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? 3600,
    rotatesRefreshTokens: options.rotatesRefreshTokens ?? true,
    groupsClaim: options.groupsClaim ?? 'groups',
    people,
    storage,
    backchannelLogout: options.backchannelLogout,
    onSignIn: () => (signInCount += 1),
    onIssued: options.onIssued,
  }
  let provider = await createOidc(oidcOptions)

  const answer = (req: IncomingMessage, res: ServerResponse, path: string): void => {
    if (path === '/auth' || path.startsWith('/auth/')) forgetSession(req)
    if (!path.startsWith(signInPath)) void provider.callback()(req, res)
    else {
      serveSignIn({ provider, people, asksNothing }, req, res).catch((error: unknown) =>
        answerError(res, error),
      )
    }
  }
  server.on('request', (req, res) => {
    const path = pathOf(req)
    const count = requestCounts.get(path)
    if (count !== undefined) requestCounts.set(path, count + 1)
    if (condition === 'failing') res.writeHead(503).end('out of order')
    if (returnsByScript) returnByScript(res)
    if (condition === 'up') answer(req, res, path)
  })

  return {
    issuer,
    clientId: oidcOptions.clientId,
    clientSecret: oidcOptions.clientSecret,
    people,
    get signInCount() {
      return signInCount
    },
    requestCount: (path) => requestCounts.get(path) ?? 0,
    setCondition: (next) => void (condition = next),
    setAsksNothing: (next) => void (asksNothing = next),
    setReturnsByScript: (next) => void (returnsByScript = next),
    revoke: (emailOrId) => storage.revokePerson(people.find(emailOrId)?.id ?? emailOrId),
    async signOut(emailOrId) {
      const accountId = people.find(emailOrId)?.id ?? emailOrId
      for (const { authorizations } of storage.endSessions(accountId))
        for (const { sid } of Object.values(authorizations ?? {}))
          await sayLogout(provider, { clientId: oidcOptions.clientId, accountId, sid })
    },
    rotateKeys: async () => void (provider = await createOidc(oidcOptions)),
    close: closeOnce(server),
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    const where = `${bracketed(host)}:${port}`
    throw new SystemError('listen-failed', `the sign-in service cannot listen on "${where}"`, {
      hint: 'is another program using this port?',
      cause: error,
    })
  }
}

function closeOnce(server: Server): Closable['close'] {
  let closed: Promise<void> | undefined
  return (graceMs) => {
    closed ??= new Promise((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      server.closeIdleConnections()
    })
    return closed
  }
}

/** Makes a page of the redirect that ends a sign-in; every other answer stays as it is. */
function returnByScript(res: ServerResponse): void {
  const end = res.end.bind(res) as (body?: unknown) => ServerResponse
  res.end = ((body?: unknown) => {
    const location = String(res.getHeader('location') ?? '')
    if (!/[?&](?:code|error)=/.test(location)) return end(body)
    res.statusCode = 200
    for (const name of ['location', 'content-length']) res.removeHeader(name)
    res.setHeader('content-type', 'text/html')
    return end(`<!doctype html><script>location.replace(${JSON.stringify(location)})</script>`)
  }) as ServerResponse['end']
}

/** The library's own cookie would sign the same person in again without asking. */
function forgetSession(req: IncomingMessage): void {
  const kept = (req.headers.cookie ?? '')
    .split(/; */)
    .filter((pair) => !/^_session(?:\.sig)?=/.test(pair))
  req.headers.cookie = kept.join('; ')
}

function answerError(res: ServerResponse, error: unknown): void {
  if (res.headersSent) res.destroy()
  else res.writeHead(400, pageHeaders).end(errorPage('sign_in_failed', messageOf(error)))
}

function pathOf(req: IncomingMessage): string {
  return (req.url ?? '/').split('?')[0] ?? '/'
}

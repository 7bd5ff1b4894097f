import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { testRoute } from '../../gateway/gateway.fixture.ts'
import { openIdentity } from '../../identity/identity.fixture.ts'
import type { IdentityFixture } from '../../identity/identity.fixture.ts'
import type { Session } from '../../identity/session.ts'
import { createLog } from '../../telemetry/log.ts'
import { createAuditLog } from '../../telemetry/audit-log.ts'
import {
  decodeApplicationTokenAnswer,
  encodeApplicationTokenRequest,
} from '../../tunnel/application-token.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { createApp, type App } from '../app.ts'
import { createApplicationTokenApi } from './application-token-api.ts'
import { createCloudflaredPages, type CloudflaredParts } from './cloudflared-pages.ts'

const onlyAlice = [{ allow: { or: [{ email: { is: 'alice@example.com' } }] } }]
const routes = new Map([
  ['tcp.site.com', testRoute('tcp+https://tcp.site.com:443', [1], onlyAlice)],
  ['open.site.com', testRoute('tcp+https://open.site.com:443', [1])],
  ['a.apps.site.com', testRoute('tcp+https://*.apps.site.com:443', [1], onlyAlice)],
])
const login = 'https://localhost:8443/cdn-cgi/access/login/'

describe('what stock cloudflared asks', () => {
  test('by HEAD is answered by the redirect that it knows, with the AUD and the name', async (t) => {
    const { head, identity } = await setUp(t)
    const answer = await head('https://tcp.site.com:8443/some/path?x=1')
    const location = new URL(answer.headers.get('location') ?? '')
    const aud = identity.applications.audienceOf('tcp.site.com')
    assert.equal(answer.status, 302)
    assert.equal(location.origin + location.pathname, `${login}tcp.site.com`)
    assert.deepEqual(Object.fromEntries(location.searchParams), {
      kid: aud,
      redirect_url: '/some/path?x=1',
    })
    assert.equal(answer.headers.get('cf-access-aud'), aud)
    assert.equal(answer.headers.get('cf-access-domain'), 'tcp.site.com')
    assert.equal(answer.headers.get('cf-access-metadata'), null)
  })

  test('is followed to a login that answers HEAD as well, for those before 2026.8', async (t) => {
    const { head } = await setUp(t)
    const { headers } = await head('https://a.apps.site.com/')
    const answer = await head(headers.get('location') ?? '')
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), '')
    assert.equal(answer.headers.get('cf-access-domain'), '*.apps.site.com')
  })

  test('has signed metadata, for those since 2026.8, verified by the keys that are served', async (t) => {
    const { head, get } = await setUp(t)
    const { headers } = await head('https://a.apps.site.com/', {
      'cf-access-metadata-request': 'true',
    })
    const keys = await (await get('https://localhost:8443/cdn-cgi/access/certs')).json()
    const { payload } = await jwtVerify(
      headers.get('cf-access-metadata') ?? '',
      createLocalJWKSet(keys as never),
    )
    assert.equal(payload['hostname'], 'a.apps.site.com')
    assert.equal(payload['app_hostname'], '*.apps.site.com')
    assert.match(String(payload['auth_domain']), /\.cloudflareaccess\.com$/)
  })

  test('of an application that is open has no login', async (t) => {
    const { head } = await setUp(t)
    const answer = await head('https://open.site.com/', { 'cf-access-metadata-request': 'true' })
    const { status, headers } = answer
    assert.deepEqual(
      [status, headers.get('location'), headers.get('cf-access-metadata')],
      [200, null, null],
    )
  })

  test('leads nowhere but to the gateway, whatever it says', async (t) => {
    const { head } = await setUp(t)
    for (const target of [
      '//evil.example.com',
      '/%0d%0aset-cookie:%20a=b',
      '/?redirect_url=https://evil.example.com',
      `/${'x'.repeat(3_000)}`,
    ]) {
      const { headers } = await head(`https://tcp.site.com${target}`)
      const location = headers.get('location') ?? ''
      assert.ok(location.startsWith(`${login}tcp.site.com?kid=`), location)
      assert.ok(location.length < 4_000)
      assert.equal(headers.get('set-cookie'), null)
      const followed = await head(location)
      assert.deepEqual([followed.status, followed.headers.get('location')], [200, null])
    }
  })

  test('about a token is answered without a redirect while it is good, and with one after', async (t) => {
    const { get, identity, session } = await setUp(t)
    const url = 'https://tcp.site.com/?cloudflared_token_check=true'
    const token = (await identity.applications.issue(session, 'tcp.site.com')) ?? ''
    const check = async (at = url): Promise<number> =>
      (await get(at, { 'cf-access-token': token })).status
    assert.equal(await check(), 200)
    assert.equal(await check(url.replace('tcp', 'a.apps')), 302)
    await identity.sessions.revoke(session.id)
    assert.equal(await check(), 302)
    assert.equal((await get(url)).status, 302)
  })

  test('about its owner is told with a token, and never by a cookie', async (t) => {
    const { get, identity, session } = await setUp(t)
    const url = 'https://tcp.site.com/cdn-cgi/access/get-identity'
    const token = (await identity.applications.issue(session, 'tcp.site.com')) ?? ''
    const answer = await get(url, { 'cf-access-token': token })
    assert.equal(((await answer.json()) as { email: string }).email, 'alice@example.com')
    assert.equal((await get(url, { cookie: `CF_Authorization=${token}` })).status, 401)
    assert.equal(
      (await get(url.replace('tcp', 'a.apps'), { 'cf-access-token': token })).status,
      401,
    )
  })

  test('of any other kind is left to the pages of the application', async (t) => {
    const { get } = await setUp(t)
    for (const url of ['https://tcp.site.com/', 'https://localhost:8443/', 'https://x.site.com/'])
      assert.equal((await get(url)).headers.get('cf-access-aud'), null, url)
  })
})

describe('a browser that cloudflared has sent here', () => {
  test('shows what to do instead, with the command for this gateway', async (t) => {
    const { get } = await setUp(t)
    for (const url of [
      'https://tcp.site.com/cdn-cgi/access/cli?aud=x&token=y&redirect_url=https://evil.example.com',
      `${login}tcp.site.com?redirect_url=javascript:alert(1)`,
    ]) {
      const page = (await (await get(url)).text()).replaceAll(/<[^>]*>/g, '')
      assert.match(page, /postern access login --for-cloudflared tcp\.site\.com:8443/)
      assert.doesNotMatch(page, /evil|javascript:/)
    }
  })

  test('sees no page for what is no application', async (t) => {
    const { get } = await setUp(t)
    for (const name of ['x.site.com', '%3Cscript%3E', '..%2F..%2F'])
      assert.equal((await get(login + name)).status, 404, name)
  })

  test('signs out on the page of the gateway', async (t) => {
    const { get } = await setUp(t)
    const { headers } = await get('https://tcp.site.com/cdn-cgi/access/logout')
    assert.equal(headers.get('location'), 'https://localhost:8443/.pomerium/sign_out')
  })
})

describe('the exchange of a token for one of an application', () => {
  test('gives what the files of cloudflared need, and leaves an audit record', async (t) => {
    const { exchange, identity, session, audited } = await setUp(t)
    const answer = await exchange('TCP.site.com')
    const given = decodeApplicationTokenAnswer(await answer.text())
    assert.equal(given?.hostname, 'tcp.site.com')
    assert.deepEqual(decodeJwt(given?.token ?? '').aud, [given?.audience])
    const headers = { 'cf-access-token': given?.token ?? '' }
    const live = await identity.fromHeaders(headers, 'tcp.site.com')
    assert.equal(live?.session.id, session.id)
    assert.deepEqual(audited(), ['application token issued'])
  })

  test('is refused for what is no application, and for what somebody may not use', async (t) => {
    const { exchange, bob, audited } = await setUp(t)
    assert.equal((await exchange('x.site.com')).status, 404)
    assert.equal((await exchange('')).status, 404)
    const denied = await exchange('tcp.site.com', bob)
    assert.equal(denied.status, 403)
    assert.match(await denied.text(), /bob@example.com\\" may not use this application/)
    assert.deepEqual(audited(), [])
  })

  test('takes no token of an application, and none whose session has ended', async (t) => {
    const { exchange, identity, session } = await setUp(t)
    const own = (await identity.applications.issue(session, 'tcp.site.com')) ?? ''
    assert.equal((await exchange('tcp.site.com', own)).status, 401)
    await identity.sessions.revoke(session.id)
    assert.equal((await exchange('tcp.site.com')).status, 401)
  })

  test('asks for a new sign-in when this one ends too soon', async (t) => {
    const { exchange, clock } = await setUp(t)
    clock.advance(14 * 3_600_000 - 10 * 60_000)
    const answer = await exchange('tcp.site.com')
    assert.equal(answer.status, 401)
    assert.match(await answer.text(), /ends within a quarter of an hour/)
  })
})

interface Rig extends IdentityFixture {
  readonly session: Session
  /** Bob's token. */
  readonly bob: string
  head(url: string, headers?: Record<string, string>): Promise<Response>
  get(url: string, headers?: Record<string, string>): Promise<Response>
  /** Without `token` it is Alice who asks. */
  exchange(hostname: string, token?: string): Promise<Response>
  audited(): unknown[]
}

async function setUp(t: TestContext): Promise<Rig> {
  const nobody = { issuer: new URL('http://127.0.0.1:9'), clientId: 'c', clientSecret: 's' }
  const fixture = await openIdentity(nobody)
  t.after(() => fixture[Symbol.asyncDispose]())
  const { identity, clock } = fixture
  const signIn = (email: string): Promise<Session> =>
    identity.sessions.create({
      userId: email,
      provider: 'default',
      issuer: nobody.issuer.origin,
      claims: { sub: email, email },
      tokens: {
        accessToken: 'at',
        accessTokenLifeMs: undefined,
        refreshToken: undefined,
        idToken: undefined,
      },
    })
  const [session, other] = [await signIn('alice@example.com'), await signIn('bob@example.com')]
  const lines: { message?: string; event?: unknown }[] = []
  const sink = { write: (text: string) => void lines.push(JSON.parse(text) as object) }
  const logger = createLog({ sink, level: 'debug' }).service('audit')
  const audit = createAuditLog({ logger })
  const parts: CloudflaredParts = {
    identity,
    origin: new URL('https://localhost:8443'),
    clock,
    applicationAt: (host) => routes.get(host),
    foreseen: ({ session: who, client }, { policy }) =>
      policy.evaluate({
        subject: who,
        method: 'CONNECT',
        path: '',
        sourceIp: client.ip,
        clientCertificate: undefined,
        nowMs: clock.now(),
      }),
  }
  const app = createApp({
    logger,
    signIn: undefined,
    cloudflared: [createCloudflaredPages(parts), createApplicationTokenApi({ ...parts, audit })],
  })
  const own = await identity.tokens.issue(session)
  return {
    ...fixture,
    session,
    bob: await identity.tokens.issue(other),
    head: (url, headers = {}) => ask(app, new Request(url, { method: 'HEAD', headers })),
    get: (url, headers = {}) => ask(app, new Request(url, { headers })),
    exchange: (hostname, token = own) =>
      ask(
        app,
        new Request(`https://localhost:8443${gatewayPaths.applicationToken}`, {
          method: 'POST',
          headers: {
            authorization: `Bearer Pomerium-${token}`,
            'cf-access-token': token,
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
          },
          body: encodeApplicationTokenRequest(hostname),
        }),
      ),
    audited: () => lines.map(({ message }) => message).filter((text) => text?.includes('token')),
  }
}

async function ask(app: App, request: Request): Promise<Response> {
  return app(request, { requestId: 'r1', client: { ip: '192.0.2.1', endpoints: undefined } })
}

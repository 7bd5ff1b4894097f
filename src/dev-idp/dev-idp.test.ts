import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import * as client from 'openid-client'
import { createCertificateAuthority } from '../net/certificate.ts'
import { runProgram } from '../program.fixture.ts'
import { createCookieJar } from './cookie-jar.ts'
import { startDevIdp } from './dev-idp.ts'
import type { DevIdp, DevIdpOptions } from './dev-idp.ts'
import type { DevIdpPerson } from './people.ts'
import { signInWithForms } from './sign-in-with-forms.ts'

const alice: DevIdpPerson = {
  id: 'p-1',
  email: 'alice@example.com',
  name: 'Alice <Ops> & "Co"',
  groups: ['ops', 'everybody'],
}
const bob: DevIdpPerson = {
  id: 'p-2',
  email: 'bob@example.com',
  emailVerified: false,
  name: 'Bob',
  groups: [],
}
const callback = 'http://127.0.0.1:9/callback'

async function start(t: TestContext, options: Partial<DevIdpOptions> = {}): Promise<DevIdp> {
  const idp = await startDevIdp({ people: [alice, bob], ...options })
  t.after(() => idp.close(0))
  return idp
}

async function discover(idp: DevIdp): Promise<client.Configuration> {
  const config = await client.discovery(idp.issuer, idp.clientId, idp.clientSecret, undefined, {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  })
  return config
}

async function authorizationUrl(config: client.Configuration, verifier: string): Promise<URL> {
  return client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid email profile groups offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: 'a-state',
    nonce: 'a-nonce',
  })
}

async function signIn(idp: DevIdp, email: string, password?: string) {
  const config = await discover(idp)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const end = await signInWithForms(
    await authorizationUrl(config, pkceCodeVerifier),
    { email, ...(password !== undefined && { password }) },
    { stopBefore: ({ port }) => port === '9' },
  )
  const tokens = await client.authorizationCodeGrant(config, end.url, {
    pkceCodeVerifier,
    expectedState: 'a-state',
    expectedNonce: 'a-nonce',
  })
  return { config, tokens, end }
}

test('a person chosen on the page gets an id token with email and groups', async (t) => {
  const idp = await start(t)
  const { tokens, end, config } = await signIn(idp, alice.email)
  const claims = tokens.claims()
  assert.equal(claims?.sub, 'p-1')
  assert.equal(claims?.['email'], 'alice@example.com')
  assert.equal(claims?.['email_verified'], true)
  assert.deepEqual(claims?.['groups'], ['ops', 'everybody'])
  assert.equal(end.forms, 1)
  assert.equal(idp.signInCount, 1)
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, 'p-1')
  assert.deepEqual(userinfo['groups'], ['ops', 'everybody'])
})

test('an unverified email is said to be unverified', async (t) => {
  const { tokens } = await signIn(await start(t), bob.email)
  assert.equal(tokens.claims()?.['email_verified'], false)
})

test('a provider that asks nothing signs in by redirects alone', async (t) => {
  const { tokens, end } = await signIn(await start(t, { asksNothing: bob.email }), 'nobody')
  assert.equal(tokens.claims()?.sub, 'p-2')
  assert.equal(end.forms, 0)
})

test('the same browser is asked again and can come back as somebody else', async (t) => {
  const idp = await start(t)
  const jar = createCookieJar()
  const config = await discover(idp)
  for (const { email } of [alice, bob, alice]) {
    const url = await authorizationUrl(config, client.randomPKCECodeVerifier())
    const end = await signInWithForms(url, { email }, { jar, stopBefore: (u) => u.port === '9' })
    assert.equal(end.forms, 1)
    assert.ok(end.url.searchParams.has('code'), end.url.href)
  }
  assert.equal(idp.signInCount, 3)
})

test('changed claims show in the next refresh', async (t) => {
  const idp = await start(t)
  const { config, tokens } = await signIn(idp, alice.email)
  idp.people.change(alice.email, { groups: ['sales'] })
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  assert.deepEqual(refreshed.claims()?.['groups'], ['sales'])
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
})

test('a revoked person, and one who is gone, get invalid_grant', async (t) => {
  const idp = await start(t)
  for (const [email, end] of [
    [alice.email, () => idp.revoke(alice.email)],
    [bob.email, () => idp.people.remove(bob.email)],
  ] as const) {
    const { config, tokens } = await signIn(idp, email)
    end()
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token ?? ''), {
      error: 'invalid_grant',
    })
  }
})

test('a failing provider answers 503, a hanging one nothing, and both come back', async (t) => {
  const idp = await start(t)
  const url = new URL('/.well-known/openid-configuration', idp.issuer)
  idp.setCondition('failing')
  assert.equal((await fetch(url)).status, 503)
  idp.setCondition('hanging')
  await assert.rejects(fetch(url, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
  idp.setCondition('up')
  assert.equal((await fetch(url)).status, 200)
})

test('after a rotation new tokens are signed by a key that was not there before', async (t) => {
  const idp = await start(t)
  const kids = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(new URL('/jwks', idp.issuer))).json()) as {
      keys: { kid: string }[]
    }
    return keys.map(({ kid }) => kid)
  }
  const before = await kids()
  const { tokens } = await signIn(idp, alice.email)
  await idp.rotateKeys()
  assert.notDeepEqual(await kids(), before)
  const refreshed = await client.refreshTokenGrant(await discover(idp), tokens.refresh_token ?? '')
  assert.equal(refreshed.claims()?.sub, 'p-1')
})

test('a password is asked for where somebody has one, and a wrong one is refused', async (t) => {
  const idp = await start(t, { people: [{ ...alice, password: 'correct horse' }] })
  const { tokens } = await signIn(idp, alice.email, 'correct horse')
  assert.equal(tokens.claims()?.sub, 'p-1')
  await assert.rejects(signIn(idp, alice.email, 'wrong'), { code: 'sign-in-failed' })
})

test('the page shows names escaped and loads nothing from elsewhere', async (t) => {
  const idp = await start(t)
  const url = await authorizationUrl(await discover(idp), client.randomPKCECodeVerifier())
  const first = await fetch(url, { redirect: 'manual' })
  const page = await fetch(new URL(first.headers.get('location') ?? '', idp.issuer), {
    headers: {
      cookie: first.headers
        .getSetCookie()
        .map((c) => c.split(';')[0])
        .join('; '),
    },
  })
  const text = await page.text()
  assert.equal(page.status, 200)
  assert.match(text, /Alice &lt;Ops&gt; &amp; &quot;Co&quot;/)
  assert.doesNotMatch(text, /<script|https?:\/\/|@import|url\(/)
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('a redirect to another machine is refused with a page, not followed', async (t) => {
  const idp = await start(t)
  const url = await authorizationUrl(await discover(idp), client.randomPKCECodeVerifier())
  url.searchParams.set('redirect_uri', 'https://evil.example.com/callback')
  const answer = await fetch(url, { headers: { accept: 'text/html' }, redirect: 'manual' })
  assert.equal(answer.status, 400)
  assert.match(await answer.text(), /This sign-in cannot go on/)
})

test('it listens on loopback only', async () => {
  await assert.rejects(startDevIdp({ people: [], host: '0.0.0.0' }), { code: 'not-loopback' })
})

test('the browser program signs in over verified TLS and exits 0 once the target answered', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'dev-idp-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const authority = await createCertificateAuthority()
  writeFileSync(join(directory, 'ca.pem'), authority.cert)
  const idp = await start(t)
  const target = createHttpServer((_req, res) => res.end('login complete')).listen(0, '127.0.0.1')
  t.after(() => target.close())
  await once(target, 'listening')
  const end = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`
  const config = await discover(idp)
  const url = await authorizationUrl(config, client.randomPKCECodeVerifier())
  url.searchParams.set('redirect_uri', end)
  // Stands for the gateway: the sign-in starts on https.
  const gateway = createServer(await authority.issue(['localhost']), (_req, res) => {
    res.writeHead(302, { location: url.href }).end()
  }).listen(0, '127.0.0.1')
  t.after(() => gateway.close())
  await once(gateway, 'listening')
  const start302 = `https://localhost:${(gateway.address() as AddressInfo).port}/`
  const run = (...args: string[]) =>
    runProgram(process.execPath, [join(import.meta.dirname, 'browser.ts'), ...args])
  const answered = once(target, 'request')
  const trusting = run('--person', alice.email, '--ca-file', join(directory, 'ca.pem'), start302)
  const [request] = (await answered) as [{ url: string }]
  assert.match(request.url, /^\/\?code=/)
  assert.equal((await trusting).code, 0)
  assert.equal((await run('--person', alice.email, start302)).code, 1)
})

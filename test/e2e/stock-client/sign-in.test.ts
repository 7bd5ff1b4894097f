import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { createCookieJar } from '../../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../../src/dev-idp/sign-in-with-forms.ts'
import { peerTest } from '../peers.ts'
import { alice, type GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
import {
  get,
  getHttp2,
  loginPath,
  openTunnel,
  signIn,
  startCallback,
  startStock,
  target,
} from './stock.ts'

/** What the client gives the login API. */
const maxLoginMs = 10_000

const loopback = 'http://127.0.0.1:12345'

describe('G5: the login API', () => {
  peerTest('answers with an address and nothing else, at any name', [], async (scope) => {
    const rig = await startStock(scope)
    const hosts = [
      `localhost:${rig.port}`,
      `127.0.0.1:${rig.port}`,
      '127.0.0.1',
      '[::1]:443',
      target,
      'echo.example.com',
      'whatever.example.org',
    ]
    for (const host of hosts) {
      const startedMs = performance.now()
      const { status, headers, body } = await get(rig, loginPath(loopback), { host })
      assert.ok(performance.now() - startedMs < maxLoginMs)
      assert.equal(status, 200, host)
      assert.equal(headers['content-type']?.toLowerCase(), 'text/plain; charset=utf-8')
      assert.equal(headers['content-encoding'], undefined)
      const url = new URL(body)
      assert.equal(url.href, body)
      // By whatever name the gateway is asked, somebody signs in where it says it is.
      assert.equal(url.origin, rig.origin)
    }
    const second = await getHttp2(scope, rig, loginPath(loopback), 'echo.example.com')
    assert.deepEqual([second.status, new URL(second.body).origin], [200, rig.origin])
  })

  peerTest('needs an address to return to, by GET', [], async (scope) => {
    const rig = await startStock(scope)
    const path = '/.pomerium/api/v1/login'
    assert.equal((await get(rig, path)).status, 404)
    assert.equal((await get(rig, `${path}?pomerium_redirect_uri=`)).status, 404)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      assert.equal((await get(rig, loginPath(loopback), {}, method)).status, 405, method)
  })

  peerTest('lets a sign-in end nowhere but on this machine', [], async (scope) => {
    const rig = await startStock(scope)
    const statusOf = async (uri: string): Promise<number> => (await get(rig, loginPath(uri))).status
    const refused = [
      'https://evil.example.com/',
      'http://evil.example.com/',
      'http://127.0.0.1.evil.example.com/',
      'http://127.0.0.1@evil.example.com/',
      'http://user:password@127.0.0.1:1/',
      'http://evil.example.com#127.0.0.1',
      'http://localhost.evil.example.com/',
      'http://0.0.0.0:1/',
      'http://10.0.0.1:1/',
      'javascript:alert(1)',
      'file:///etc/passwd',
      '//evil.example.com',
      '/relative',
      'not an address',
      `http://127.0.0.1/${'x'.repeat(3_000)}`,
      rig.origin.replace('localhost', 'echo.example.com'),
    ]
    for (const uri of refused) assert.equal(await statusOf(uri), 400, uri)
    const allowed = [loopback, 'http://localhost:1/', 'http://[::1]:1/x?y=z', 'http://127.9.9.9:1']
    for (const uri of allowed) assert.equal(await statusOf(uri), 200, uri)
  })

  peerTest('gives an address that cannot be bent to another end', [], async (scope) => {
    const rig = await startStock(scope)
    const callback = await startCallback(scope)
    const { body } = await get(rig, loginPath(loopback))
    const bent = new URL(body)
    bent.searchParams.set('pomerium_redirect_uri', callback.redirectUri)
    await assert.rejects(
      signInWithForms(bent, { email: alice }, { request: { ca: rig.ca } }),
      /answered 4\d\d/,
    )
    assert.deepEqual(callback.targets, [])
  })
})

describe('G6: the token comes to loopback', () => {
  peerTest('in "pomerium_jwt", beside what was there', [], async (scope) => {
    const rig = await startStock(scope)
    for (const path of ['', '/', '/deep/path', '/x?state=a%20b&y=1']) {
      const callback = await startCallback(scope, path)
      const { body } = await get(rig, loginPath(callback.redirectUri))
      await signInWithForms(body, { email: alice }, { request: { ca: rig.ca } })
      const token = await callback.token
      assert.equal(callback.targets.length, 1)
      const url = new URL(callback.targets[0] ?? '', callback.redirectUri)
      const asked = new URL(callback.redirectUri)
      assert.equal(url.pathname, asked.pathname)
      for (const [name, value] of asked.searchParams)
        assert.equal(url.searchParams.get(name), value)
      assert.equal((await openTunnel(scope, rig, target, token)).status, 200)
    }
  })

  peerTest('at once for a browser that is signed in, one per sign-in', [], async (scope) => {
    const rig = await startStock(scope)
    const jar = createCookieJar()
    const tokens = [await signIn(scope, rig, { jar }), await signIn(scope, rig, { jar })]
    assert.equal(rig.idp.signInCount, 1)
    for (const token of tokens)
      assert.equal((await openTunnel(scope, rig, target, token)).status, 200)
  })
})

describe('G8: the token', () => {
  peerTest('is a JWS of a JSON object that the client can read', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    const parts = token.split('.')
    assert.equal(parts.length, 3)
    const [header, claims] = parts.slice(0, 2).map(decode)
    assert.deepEqual(header, { alg: 'HS256', typ: 'JWT' })
    // Only an `exp` that is an integer and has not passed is of any use to the client.
    assert.deepEqual(Object.keys(claims ?? {}).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sub'])
    assert.ok(Number.isInteger(claims?.['iat']))
    assert.ok(Number.isInteger(claims?.['exp']) && Number(claims?.['exp']) > Date.now() / 1_000)
    assert.ok(Array.isArray(claims?.['aud']))
    // What is kept in a file for years tells nobody who it belongs to.
    assert.ok(!JSON.stringify(claims).includes('alice@'))
    assert.ok(!/\s/.test(token))
  })

  peerTest('is worthless with another signature, algorithm or session', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const unsigned = encode({ alg: 'none', typ: 'JWT' })
    const other = encode({ ...decode(payload), jti: 'another' })
    const forged = [
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${unsigned}.${payload}.`,
      `${unsigned}.${payload}.${signature}`,
      `${header}.${other}.${signature}`,
      `${token}x`,
      token.slice(0, -2),
      `${token}.${signature}`,
      'x'.repeat(20_000),
    ]
    for (const one of forged)
      assert.equal((await openTunnel(scope, rig, target, one)).status, 401, one.slice(0, 60))
    assert.equal(await answerTo(scope, rig, token), 200)
  })
})

async function answerTo(scope: Scope, rig: GatewayRig, token: string): Promise<number> {
  return (await openTunnel(scope, rig, target, token)).status
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
}

function encode(content: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { decodeJwt } from 'jose'
import { createCookieJar, type CookieJar } from '../dev-idp/cookie-jar.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import {
  decodeApplicationTokenAnswer,
  encodeApplicationTokenRequest,
} from '../tunnel/application-token.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import {
  codeChallengeOf,
  decodeTokenAnswer,
  encodeTokenRequest,
  formatLoginPath,
  isRenewedAnswer,
  parseCallback,
} from '../tunnel/sign-in.ts'
import { alice, bob, startDeviceRig, type DeviceRig } from './device.fixture.ts'
import { connectHead, connectTls, echo, startService, testCa } from './gateway.fixture.ts'

const hourMs = 3_600_000
const redirectUri = 'http://127.0.0.1:40404/x'
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const applicationRoute = `  - from: tcp+https://tcp.site.com:443
    to: tcp://127.0.0.1:1
    application: true
    policy: [{ allow: { and: [{ groups: { has: dba } }] } }]
`

interface Program extends DeviceRig {
  /** The address that a program gets for a sign-in, with the token of the session that it renews. */
  signInAddress(token?: string, verifier?: string): Promise<string>
  /** Follows it in a browser as somebody; answers the code that comes back. */
  browse(url: string, email: string, jar: CookieJar): Promise<string>
  exchange(code: string, verifier?: string): Promise<{ status: number; body: string }>
  /** A whole sign-in, and what came of it. */
  signIn(
    email: string,
    jar: CookieJar,
    renews?: string,
  ): Promise<{ readonly token: string; readonly isRenewed: boolean }>
  /** The token of an application, for a token of the gateway. */
  applicationToken(token: string): Promise<string>
  /** The status of a request for the tunnel with a token; with 200 the tunnel. */
  tunnel(token: string): Promise<{ readonly status: number; readonly socket: TLSSocket }>
}

const verifierOf = (name: string): string => `${name}-`.padEnd(43, 'v')

async function setUp(t: TestContext, settings = ''): Promise<Program> {
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const rig = await startDeviceRig(t, settings)
  await rig.reload((yaml) =>
    yaml.replace('to: tcp://127.0.0.1:1', `to: tcp://127.0.0.1:${service.port}`),
  )
  const program: Program = {
    ...rig,
    async signInAddress(token, verifier = verifierOf('one')) {
      const codeChallenge = codeChallengeOf(verifier)
      const headers: Record<string, string> =
        token === undefined ? {} : { authorization: `Pomerium ${token}` }
      const path = formatLoginPath({ redirectUri, codeChallenge })
      const { status, body } = await rig.send('GET', path, { headers })
      assert.equal(status, 200, body)
      return body
    },
    async browse(url, email, jar) {
      const stopBefore = ({ host }: URL): boolean => host === '127.0.0.1:40404'
      const end = await signInWithForms(
        url,
        { email },
        { request: { ca: testCa }, jar, stopBefore },
      )
      const answer = parseCallback(end.url.searchParams)
      return answer?.kind === 'code' ? answer.code : JSON.stringify(answer)
    },
    exchange: (code, verifier = verifierOf('one')) =>
      rig.send('POST', gatewayPaths.token, {
        body: encodeTokenRequest(code, verifier),
        headers: form,
      }),
    async signIn(email, jar, renews) {
      const code = await program.browse(await program.signInAddress(renews), email, jar)
      const { status, body } = await program.exchange(code)
      assert.equal(status, 200, body)
      return { token: decodeTokenAnswer(body) ?? '', isRenewed: isRenewedAnswer(body) }
    },
    async applicationToken(token) {
      const { body } = await rig.send('POST', gatewayPaths.applicationToken, {
        headers: { ...form, authorization: `Pomerium ${token}` },
        body: encodeApplicationTokenRequest('tcp.site.com'),
      })
      return decodeApplicationTokenAnswer(body)?.token ?? assert.fail(body)
    },
    async tunnel(token) {
      const socket = await connectTls(Number(new URL(rig.origin).port))
      t.after(() => socket.destroy())
      socket.write(connectHead('db.example.com:5432', `Authorization: Pomerium ${token}`))
      const [head] = (await once(socket, 'data')) as [Buffer]
      return { status: Number(head.toString().split(' ')[1]), socket }
    },
  }
  return program
}

async function echoed(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text)
  const [data] = (await once(socket, 'data')) as [Buffer]
  return data.toString()
}

/** Resolves when the gateway has ended it, in order or not. */
function untilEnded(socket: TLSSocket): Promise<void> {
  socket.resume()
  return new Promise((resolve) => {
    socket
      .once('end', resolve)
      .once('close', () => resolve())
      .on('error', () => undefined)
  })
}

const sessionOf = (token: string): string => decodeJwt(token).jti ?? ''
const endOf = (token: string): number => (decodeJwt(token).exp ?? 0) * 1000

describe('a session that its person signs in to again', () => {
  test('goes on with its tunnels past its former end, and ends them at the new one', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const first = await rig.signIn(alice, jar)
    const { socket } = await rig.tunnel(first.token)
    assert.equal(await echoed(socket, 'one'), 'one')
    rig.clock.advance(13 * hourMs)
    const beganAtMs = rig.clock.now()
    const second = await rig.signIn(alice, jar, first.token)
    assert.deepEqual([first.isRenewed, second.isRenewed], [false, true])
    assert.equal(sessionOf(second.token), sessionOf(first.token))
    assert.ok(Math.abs(endOf(second.token) - (beganAtMs + 14 * hourMs)) <= 1000)
    const entry = await rig.line('session renewed')
    assert.deepEqual(
      [entry['email'], entry['kind'], Date.parse(String(entry['until']))],
      [alice, 'sign-in', beganAtMs + 14 * hourMs],
    )
    rig.clock.advance(2 * hourMs)
    assert.equal(await echoed(socket, 'two'), 'two')
    // The token of before has come to its own end, as it would have.
    assert.equal((await rig.tunnel(first.token)).status, 401)
    assert.equal((await rig.tunnel(second.token)).status, 200)
    const closed = untilEnded(socket)
    rig.clock.advance(12 * hourMs)
    await closed
    const line = await rig.lineWhere((it) => it['ended'] !== undefined && it['bytes-up'] === 6)
    assert.equal(line['ended'], 'session-expired')
  })

  test('is cut at its end where nobody signs in again, or somebody does without its token', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const { token } = await rig.signIn(alice, jar)
    const { socket } = await rig.tunnel(token)
    assert.equal(await echoed(socket, 'one'), 'one')
    rig.clock.advance(13 * hourMs)
    const again = await rig.signIn(alice, jar)
    // The browser is signed in: its session is handed out as it is, with the end that it has.
    assert.deepEqual([again.isRenewed, endOf(again.token)], [false, endOf(token)])
    const other = await rig.signIn(alice, createCookieJar())
    assert.notEqual(sessionOf(other.token), sessionOf(token))
    const closed = untilEnded(socket)
    rig.clock.advance(hourMs)
    await closed
    const line = await rig.lineWhere((it) => it['bytes-up'] === 3)
    assert.equal(line['ended'], 'session-expired')
  })

  test('gives nothing to a former token or cookie of it that outlasts them', async (t) => {
    const rig = await setUp(t, applicationRoute)
    const [jar, elsewhere] = [createCookieJar(), createCookieJar()]
    const { token } = await rig.signIn(alice, jar)
    rig.clock.advance(13 * hourMs)
    const renewed = await rig.signIn(alice, elsewhere, token)
    assert.ok(endOf(renewed.token) > endOf(token))
    assert.equal(endOf(await rig.applicationToken(renewed.token)), endOf(renewed.token))
    assert.equal(endOf(await rig.applicationToken(token)), endOf(token))
    // The browser of the first sign-in has its former cookie, which is good for a program still.
    const program = await rig.signIn(alice, jar)
    assert.deepEqual(
      [sessionOf(program.token), endOf(program.token)],
      [sessionOf(token), endOf(token)],
    )
    const tokenAlone = formatLoginPath({ redirectUri, codeChallenge: undefined })
    const { body } = await rig.send('GET', tokenAlone)
    const stock = await rig.browse(body, alice, jar)
    assert.equal(endOf((JSON.parse(stock) as { token: string }).token), endOf(token))
  })

  test('keeps its browser signed in, and gives no other browser its session', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const { token } = await rig.signIn(alice, jar)
    rig.clock.advance(13 * hourMs)
    const elsewhere = createCookieJar()
    const renewed = await rig.signIn(alice, elsewhere, token)
    assert.equal(renewed.isRenewed, true)
    const statusOf = async (browser: CookieJar): Promise<number> => {
      const cookie = browser.header(new URL(rig.origin)) ?? ''
      return (await rig.send('GET', '/.pomerium/', { headers: { cookie } })).status
    }
    assert.deepEqual([await statusOf(jar), await statusOf(elsewhere)], [200, 302])
    await rig.signIn(alice, jar, renewed.token)
    rig.clock.advance(2 * hourMs)
    assert.equal(await statusOf(jar), 200)
  })

  test('is no answer to the question who a program will be, which the provider gives', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const { token } = await rig.signIn(alice, jar)
    const ask = async (renews?: string): Promise<string> => {
      const { pathname, search } = new URL(await rig.signInAddress(renews))
      const cookie = jar.header(new URL(rig.origin)) ?? ''
      const headers = { cookie, 'sec-fetch-site': 'cross-site' }
      return (await rig.send('GET', pathname + search, { headers })).body
    }
    assert.ok((await ask()).includes(alice))
    const body = await ask(token)
    assert.match(body, /you, once you have signed in/)
    assert.ok(!body.includes(alice))
  })

  test('is never prolonged by somebody else, who gets a session of their own', async (t) => {
    const rig = await setUp(t)
    const { token } = await rig.signIn(alice, createCookieJar())
    rig.clock.advance(13 * hourMs)
    const bobs = await rig.signIn(bob, createCookieJar(), token)
    assert.equal(bobs.isRenewed, false)
    assert.notEqual(sessionOf(bobs.token), sessionOf(token))
    assert.equal(decodeJwt(bobs.token).sub, 'u-bob')
    assert.equal((await rig.tunnel(token)).status, 200)
    rig.clock.advance(hourMs)
    assert.equal((await rig.tunnel(token)).status, 401)
  })

  test('is not prolonged by an address that its person follows for a thief', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const { token } = await rig.signIn(alice, jar)
    const { socket } = await rig.tunnel(token)
    rig.clock.advance(13 * hourMs)
    // The provider asks nothing, and the code goes to the machine of the person.
    const code = await rig.browse(await rig.signInAddress(token, verifierOf('thief')), alice, jar)
    assert.match(code, /^renewal\./)
    assert.equal((await rig.exchange(code, verifierOf('guess'))).status, 403)
    assert.equal((await rig.exchange(code, verifierOf('thief'))).status, 403)
    const closed = untilEnded(socket)
    rig.clock.advance(hourMs)
    await closed
  })

  test('stays ended when it was revoked at any moment of it', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const end = (token: string) =>
      rig.send('POST', gatewayPaths.endSession, { headers: { authorization: `Pomerium ${token}` } })

    const early = await rig.signIn(alice, jar)
    const url = await rig.signInAddress(early.token)
    assert.equal((await end(early.token)).status, 200)
    const { body } = await rig.exchange(await rig.browse(url, alice, jar))
    assert.equal(isRenewedAnswer(body), false)
    const own = decodeTokenAnswer(body) ?? ''
    assert.notEqual(sessionOf(own), sessionOf(early.token))

    const code = await rig.browse(await rig.signInAddress(own), alice, jar)
    assert.equal((await end(own)).status, 200)
    const refused = await rig.exchange(code)
    assert.equal(refused.status, 403)
    assert.match(refused.body, /session_ended/)
    assert.equal((await rig.tunnel(own)).status, 401)
    const { body: owner } = await rig.send('GET', gatewayPaths.user, {
      headers: { authorization: `Pomerium ${own}` },
    })
    assert.ok(!owner.includes(alice))
  })

  test('is one session after two renewals at once, and both have a token of it', async (t) => {
    const rig = await setUp(t)
    const jar = createCookieJar()
    const { token } = await rig.signIn(alice, jar)
    rig.clock.advance(13 * hourMs)
    const [one, two] = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const code = await rig.browse(await rig.signInAddress(token, verifierOf(name)), alice, jar)
        return (await rig.exchange(code, verifierOf(name))).body
      }),
    )
    for (const body of [one ?? '', two ?? '']) {
      assert.equal(isRenewedAnswer(body), true)
      assert.equal(sessionOf(decodeTokenAnswer(body) ?? ''), sessionOf(token))
    }
  })

  test('is not that of a token that is worthless, or of a sign-in without a code', async (t) => {
    const rig = await setUp(t)
    const { token } = await rig.signIn(alice, createCookieJar())
    assert.match(await rig.signInAddress(token), /postern_renews=/)
    assert.doesNotMatch(await rig.signInAddress(`${token}x`), /postern_renews/)
    assert.doesNotMatch(await rig.signInAddress(), /postern_renews/)
    const path = formatLoginPath({ redirectUri, codeChallenge: undefined })
    const headers = { authorization: `Pomerium ${token}` }
    const { body } = await rig.send('GET', path, { headers })
    assert.doesNotMatch(body, /postern_renews/)
    // What the address carries is nobody's to write, and names the session to nobody.
    const url = new URL(await rig.signInAddress(token))
    assert.ok(!url.href.includes(sessionOf(token)))
    url.searchParams.set('postern_renews', 'x')
    assert.equal((await rig.send('GET', url.pathname + url.search)).status, 403)
  })
})

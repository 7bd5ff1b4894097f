import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import type { DevIdp, DevIdpOptions } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import {
  address,
  asCookieHeader,
  callbackOrigin,
  providerAt,
  openIdentity,
  signInBy,
  target,
} from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import type { IdentityOptions } from './identity.ts'
import { UnfinishedSignIn, type SignInTarget } from './pending-flow.ts'

const people = [
  { id: 'u-a', email: 'alice@example.com', name: 'Alice', groups: ['ops'] },
  { id: 'u-b', email: 'bob@example.com', emailVerified: false, name: 'Bob', groups: [] },
]

const provider = 'default'

async function setUp(
  t: TestContext,
  idpOptions: Partial<DevIdpOptions> = {},
  change: (idp: DevIdp) => Partial<IdentityOptions> = () => ({}),
): Promise<{ idp: DevIdp; fixture: IdentityFixture }> {
  const idp = await startDevIdp({ people, asksNothing: 'alice@example.com', ...idpOptions })
  t.after(() => idp.close(0))
  const fixture = await openIdentity(idp, change(idp))
  t.after(() => fixture[Symbol.asyncDispose]())
  return { idp, fixture }
}

async function browse(location: URL): Promise<URL> {
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  return (await signInWithForms(location, { email: 'bob@example.com' }, { stopBefore })).url
}

function begin({ identity }: IdentityFixture, cookieHeader: string, to = target) {
  return identity.signIn.begin({ target: to, cookieHeader, address, provider })
}

async function beginAndBrowse({ identity }: IdentityFixture) {
  const begun = await identity.signIn.begin({ target, cookieHeader: undefined, address, provider })
  const { search, pathname } = await browse(begun.location)
  assert.equal(pathname, '/oauth2/callback')
  return { ...begun, address, provider, search, cookieHeader: asCookieHeader(begun.cookies) }
}

test('a sign-in stores a session with the email, name, groups and claims of the provider', async (t) => {
  const { idp, fixture } = await setUp(t)
  const { session, target: returned } = await signInBy(fixture, browse)
  assert.deepEqual(returned, target)
  assert.equal(session.userId, 'u-a')
  assert.equal(session.email, 'alice@example.com')
  assert.equal(session.emailVerified, true)
  assert.equal(session.name, 'Alice')
  assert.deepEqual(session.groups, ['ops'])
  assert.equal(session.claims['email'], 'alice@example.com')
  assert.equal(session.issuer, idp.issuer.origin)
  assert.equal(session.expiresAtMs, fixture.clock.now() + 14 * 3_600_000)
  assert.ok(!('refreshToken' in session))
  const record = await fixture.store.sessions.get(session.id)
  assert.ok(record?.refreshToken !== undefined)
})

test('the request to the provider carries a state, a nonce and an S256 challenge', async (t) => {
  const { fixture } = await setUp(t)
  const { location } = await fixture.identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider,
  })
  const asked = location.searchParams
  assert.match(asked.get('state') ?? '', /^[\w.-]+$/)
  assert.match(asked.get('nonce') ?? '', /^[\w-]{43}$/)
  assert.match(asked.get('code_challenge') ?? '', /^[\w-]{43}$/)
  assert.equal(asked.get('code_challenge_method'), 'S256')
  assert.equal(asked.get('redirect_uri'), `${callbackOrigin}/oauth2/callback`)
})

test('the cookie of a sign-in is for this host only, and tells its bearer nothing', async (t) => {
  const { fixture } = await setUp(t)
  const { cookies, location } = await begin(fixture, '')
  const [cookie = ''] = cookies
  assert.match(
    cookie,
    /^__Host-postern_sign_in_[\w-]{8}=[\w-]{22}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
  )
  // Who sees the address, as the provider does, learns neither the cookie nor where the sign-in leads.
  const [, value = ''] = asCookieHeader(cookies).split('=')
  const state = Buffer.from(location.searchParams.get('state') ?? '', 'base64url').toString()
  for (const text of [value, 'returnTo', target.returnTo]) assert.ok(!state.includes(text))
})

test('its address fits into the 2 KiB that some providers take', async (t) => {
  const { fixture } = await setUp(t)
  const long: SignInTarget = {
    returnTo: `http://127.0.0.1:65535/${'x'.repeat(43)}`,
    carries: 'code',
    codeChallenge: 'x'.repeat(43),
  }
  const device = {
    secretHash: 'x'.repeat(43),
    host: 'h'.repeat(64),
    command: 'c'.repeat(60),
    userId: 'u'.repeat(64),
    address: 'f'.repeat(45),
  }
  for (const each of [long, { ...target, carries: 'nothing', device } as const]) {
    const { location } = await begin(fixture, '', each)
    assert.ok(location.href.length < 1400, `${location.href.length}`)
  }
})

test('somebody whose email is not verified signs in, and the session says so', async (t) => {
  const { fixture } = await setUp(t, { asksNothing: false })
  const { session } = await signInBy(fixture, browse)
  assert.equal(session.email, 'bob@example.com')
  assert.equal(session.emailVerified, false)
})

test('somebody whom the provider knows by the id of a service account does not sign in', async (t) => {
  const { fixture } = await setUp(t)
  const request = { id: 'u-a', description: '', format: 'jwt', expiresAtMs: undefined } as const
  await fixture.identity.serviceAccounts.create(request)
  await assert.rejects(signInBy(fixture, browse), (error) => {
    assert.ok(error instanceof UnfinishedSignIn)
    assert.deepEqual([error.code, error.target], ['user-id-reserved', target])
    return true
  })
  assert.deepEqual(await fixture.store.sessions.list(), [])
})

test('groups are read from the claim that is configured', async (t) => {
  const { fixture } = await setUp(t, { groupsClaim: 'https://example.com/roles' }, (idp) => ({
    providers: [providerAt(idp, { groupsClaim: 'https://example.com/roles' })],
  }))
  const { session } = await signInBy(fixture, browse)
  assert.deepEqual(session.groups, ['ops'])
})

test('a callback in another browser is refused, and stores nothing', async (t) => {
  const { fixture } = await setUp(t)
  const { search } = await beginAndBrowse(fixture)
  const other = await beginAndBrowse(fixture)
  for (const cookieHeader of [undefined, '', other.cookieHeader]) {
    await assert.rejects(
      fixture.identity.signIn.finish({ search, cookieHeader, address, provider }),
      {
        code: 'sign-in-state-mismatch',
      },
    )
  }
  assert.deepEqual(await fixture.identity.sessions.list(), [])
})

test('a program that waits is named when its sign-in comes back in another browser', async (t) => {
  const { fixture } = await setUp(t)
  const { search } = await beginAndBrowse(fixture)
  await assert.rejects(
    fixture.identity.signIn.finish({ search, cookieHeader: '', address, provider }),
    (error) => {
      assert.ok(error instanceof UnfinishedSignIn)
      assert.deepEqual(error.target, target)
      return true
    },
  )
})

test('a changed state, and a cookie that does not fit or comes twice, are refused', async (t) => {
  const { fixture } = await setUp(t)
  const [one, other] = [await beginAndBrowse(fixture), await beginAndBrowse(fixture)]
  const changed = (change: (state: string) => string): string =>
    one.search.replace(/(?<=state=)[^&]*/, change)
  const [name = '', value = ''] = one.cookieHeader.split('=')
  for (const [search, cookieHeader] of [
    [changed(() => 'something-else'), one.cookieHeader],
    [changed((state) => `${state.slice(0, -9)}AAAAAAAAA`), one.cookieHeader],
    [changed((state) => state.slice(0, -1)), one.cookieHeader],
    [changed((state) => state + 'x'.repeat(5000)), one.cookieHeader],
    [one.search, `${name}=${other.cookieHeader.split('=')[1]}`],
    [one.search, one.cookieHeader.replace('__Host-', '')],
    [one.search, `${name}=${value}; ${name}=${value}`],
  ] as const) {
    await assert.rejects(
      fixture.identity.signIn.finish({ search, cookieHeader, address, provider }),
      {
        code: 'sign-in-state-mismatch',
      },
    )
  }
  assert.ok((await fixture.identity.signIn.finish(one)).session)
})

test('a callback counts once, also when it comes twice at the same time', async (t) => {
  const { fixture } = await setUp(t)
  const callback = await beginAndBrowse(fixture)
  const finish = () => fixture.identity.signIn.finish(callback)
  const results = await Promise.allSettled([finish(), finish()])
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  await assert.rejects(finish(), { code: 'sign-in-used' })
  assert.equal((await fixture.identity.sessions.list()).length, 1)
})

test('a sign-in that takes longer than ten minutes has to be begun again', async (t) => {
  const { fixture } = await setUp(t)
  const callback = await beginAndBrowse(fixture)
  fixture.clock.advance(600_000)
  await assert.rejects(fixture.identity.signIn.finish(callback), { code: 'sign-in-expired' })
})

test('32 tabs that begin at once all finish, in whatever order', async (t) => {
  const { fixture } = await setUp(t)
  const tabs = await Promise.all(Array.from({ length: 32 }, () => begin(fixture, '')))
  const cookieHeader = tabs.map(({ cookies }) => asCookieHeader(cookies)).join('; ')
  assert.ok(cookieHeader.length < 2048, `${cookieHeader.length}`)
  for (const { location } of tabs.toReversed()) {
    const { search } = await browse(location)
    await fixture.identity.signIn.finish({ search, cookieHeader, address, provider })
  }
  assert.equal((await fixture.identity.sessions.list()).length, 32)
})

test('tabs that begin one after the other share a cookie, which is kept for the last', async (t) => {
  const { fixture } = await setUp(t)
  const first = await begin(fixture, '')
  const cookieHeader = `a=1; ${asCookieHeader(first.cookies)}; b=2`
  for (let count = 0; count < 100; count += 1) {
    assert.deepEqual((await begin(fixture, cookieHeader)).cookies, first.cookies)
  }
})

test('cookies of more tabs than 32 are taken back, so that heads stay small', async (t) => {
  const { fixture } = await setUp(t)
  const tabs = await Promise.all(Array.from({ length: 40 }, () => begin(fixture, '')))
  const held = tabs.flatMap(({ cookies }) => cookies)
  const { cookies } = await begin(fixture, asCookieHeader(held))
  const gone = cookies.filter((cookie) => cookie.includes('Max-Age=0'))
  const nameOf = (cookie: string): string => cookie.split('=')[0] ?? ''
  assert.deepEqual(gone.map(nameOf), held.slice(32).map(nameOf))
})

test('a sign-in under way outlives the process that began it', async (t) => {
  const { idp, fixture } = await setUp(t)
  const callback = await beginAndBrowse(fixture)
  const after = await openIdentity(idp, { store: fixture.store })
  t.after(() => after.identity.close())
  assert.equal((await after.identity.signIn.finish(callback)).session.userId, 'u-a')
})

test('an address to return to that is too long is refused before anybody is asked', async (t) => {
  const { idp, fixture } = await setUp(t)
  for (const returnTo of [`https://x/${'x'.repeat(2000)}`, `https://x/${'\u00e9'.repeat(1500)}`])
    await assert.rejects(begin(fixture, '', { ...target, returnTo }), {
      code: 'return-address-too-long',
    })
  assert.equal(idp.requestCount('/.well-known/openid-configuration'), 0)
  const returnTo = `https://x/${'x'.repeat(1990)}`
  const { location, cookies } = await begin(fixture, '', { ...target, returnTo })
  const { search } = await browse(location)
  const finished = await fixture.identity.signIn.finish({
    search,
    cookieHeader: asCookieHeader(cookies),
    address,
    provider,
  })
  assert.equal(finished.target.returnTo, returnTo)
})

test('an id token with another nonce is refused', async (t) => {
  const { fixture } = await setUp(t)
  const begun = await fixture.identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider,
  })
  begun.location.searchParams.set('nonce', 'somebody-elses')
  const { search } = await browse(begun.location)
  await assert.rejects(
    fixture.identity.signIn.finish({
      search,
      cookieHeader: asCookieHeader(begun.cookies),
      address,
      provider,
    }),
    { code: 'provider-invalid' },
  )
})

test('an answer in the name of another provider, or of none, is refused before its code is sent to any', async (t) => {
  const { fixture } = await setUp(t)
  for (const issuer of ['https://evil.example', undefined]) {
    const { search, ...begun } = await beginAndBrowse(fixture)
    // RFC 9207 §2.4: this provider says that it names itself in every answer.
    const answer = new URLSearchParams(search)
    assert.ok(answer.has('iss'))
    answer.delete('iss')
    if (issuer !== undefined) answer.set('iss', issuer)
    const back = { ...begun, search: `?${answer.toString()}` }
    await assert.rejects(fixture.identity.signIn.finish(back), { code: 'provider-invalid' })
  }
  assert.deepEqual(await fixture.store.sessions.list(), [])
})

test('a code that was asked for with another challenge is refused by the provider', async (t) => {
  const { fixture } = await setUp(t)
  const begun = await fixture.identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider,
  })
  begun.location.searchParams.set('code_challenge', 'A'.repeat(43))
  const { search } = await browse(begun.location)
  await assert.rejects(
    fixture.identity.signIn.finish({
      search,
      cookieHeader: asCookieHeader(begun.cookies),
      address,
      provider,
    }),
    { code: 'provider-refused', message: /"invalid_grant"/ },
  )
})

test("the provider's own refusal is passed on, without control characters", async (t) => {
  const { fixture } = await setUp(t)
  const { location, cookies } = await fixture.identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider,
  })
  const query = new URLSearchParams({
    state: location.searchParams.get('state') ?? '',
    iss: location.origin,
    error: 'access_denied',
    error_description: 'no\u001b[31m way',
  })
  await assert.rejects(
    fixture.identity.signIn.finish({
      search: `?${query.toString()}`,
      cookieHeader: asCookieHeader(cookies),
      address,
      provider,
    }),
    {
      code: 'provider-refused',
      message: 'the sign-in service refused: "access_denied": "no [31m way"',
    },
  )
})

test('a provider that is down gives one sentence, and works again once it is up', async (t) => {
  const { idp, fixture } = await setUp(t)
  idp.setCondition('failing')
  await assert.rejects(signInBy(fixture, browse), {
    name: 'UnfinishedSignIn',
    code: 'provider-unavailable',
    message: 'the sign-in service cannot be reached: it answered with status 503',
  })
  idp.setCondition('up')
  const callback = await beginAndBrowse(fixture)
  idp.setCondition('failing')
  await assert.rejects(fixture.identity.signIn.finish(callback), { code: 'provider-unavailable' })
  idp.setCondition('up')
  assert.equal((await signInBy(fixture, browse)).session.userId, 'u-a')
})

test('a provider that is not there is named by its address', async (t) => {
  const { idp, fixture } = await setUp(t)
  await idp.close(0)
  await assert.rejects(signInBy(fixture, browse), {
    code: 'provider-unavailable',
    message: new RegExp(`ECONNREFUSED 127.0.0.1:${idp.issuer.port}`),
  })
})

test('nothing is asked of the provider before somebody signs in, and its document once', async (t) => {
  const { idp, fixture } = await setUp(t)
  const discovery = '/.well-known/openid-configuration'
  fixture.clock.advance(60_000)
  assert.equal(idp.requestCount(discovery), 0)
  await Promise.all([signInBy(fixture, browse), signInBy(fixture, browse)])
  assert.equal(idp.requestCount(discovery), 1)
})

test('closing ends a question that the provider does not answer', async (t) => {
  const { idp, fixture } = await setUp(t)
  idp.setCondition('hanging')
  const asked = fixture.identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider,
  })
  const refused = assert.rejects(asked, { code: 'provider-unavailable' })
  await fixture.identity.close()
  await refused
})

test('a sign-in right after the provider rotated its key works', async (t) => {
  const { idp, fixture } = await setUp(t)
  await signInBy(fixture, browse)
  await idp.rotateKeys()
  const { session } = await signInBy(fixture, browse)
  assert.equal(session.userId, 'u-a')
  assert.equal(idp.requestCount('/jwks'), 2)
})

test('an id token signed by a key that the provider does not publish is refused', async (t) => {
  const { fixture } = await setUp(t)
  const other = await startDevIdp({ people })
  t.after(() => other.close(0))
  const realFetch = globalThis.fetch
  t.mock.method(globalThis, 'fetch', (url: URL, init: RequestInit) =>
    realFetch(url.pathname === '/jwks' ? new URL('/jwks', other.issuer) : url, init),
  )
  await assert.rejects(signInBy(fixture, browse), { code: 'provider-invalid' })
  assert.deepEqual(await fixture.identity.sessions.list(), [])
})

test('an issuer that is neither https nor on this machine is never asked', async (t) => {
  const { idp } = await setUp(t)
  const fixture = await openIdentity({ ...idp, issuer: new URL('http://idp.example.com') })
  t.after(() => fixture[Symbol.asyncDispose]())
  await assert.rejects(signInBy(fixture, browse), {
    code: 'provider-invalid',
    message:
      'the sign-in service gave an answer that cannot be trusted: only requests to HTTPS are allowed',
  })
})

import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { startFakeGithub, type FakeGithub } from './fake-github.fixture.ts'
import { githubApiUrl } from './github-api.ts'
import { callbackOrigin, openIdentity, providerAt, signInBy } from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import type { Session } from './session.ts'
import { tryProvider } from './try-provider.ts'

interface Rig extends IdentityFixture {
  readonly github: FakeGithub
}

const scopes = ['user:email', 'read:org']

async function setUp(t: TestContext, change: { scopes?: string[]; clientSecret?: string } = {}) {
  const github = await startFakeGithub(t)
  const options = providerAt(
    { issuer: github.url, clientId: github.clientId, clientSecret: github.clientSecret },
    { speaks: 'github', scopes, ...change },
  )
  const fixture = await openIdentity(
    { issuer: github.url, clientId: '', clientSecret: '' },
    { providers: [options] },
  )
  t.after(() => fixture[Symbol.asyncDispose]())
  return { ...fixture, github, options }
}

async function browse(location: URL): Promise<URL> {
  const { headers } = await fetch(location, { redirect: 'manual' })
  return new URL(headers.get('location') ?? '')
}

const signIn = async (rig: Rig): Promise<Session> => (await signInBy(rig, browse)).session

const nextEnd = ({ identity }: Rig) =>
  new Promise((resolve) => identity.sessions.onEnded((id, reason) => resolve([id, reason])))
const nextChange = ({ identity }: Rig) =>
  new Promise((resolve) => identity.sessions.onChanged((id) => resolve(id)))

describe('a sign-in at GitHub', () => {
  test('tells number, primary address, organizations and teams', async (t) => {
    const rig = await setUp(t)
    rig.github.organizations.push('other')
    const session = await signIn(rig)
    assert.equal(session.userId, '583231')
    assert.equal(session.name, 'Mona')
    assert.deepEqual([session.email, session.emailVerified], ['mona@corp.example', true])
    assert.deepEqual(session.groups, ['acme', 'other', 'acme/ops'])
    assert.equal(session.claims['preferred_username'], 'octocat')
    assert.equal(session.issuer, rig.github.url.origin)
  })

  test('asks with PKCE for the scopes, and for no nonce that nobody would check', async (t) => {
    const { identity } = await setUp(t)
    const { location } = await identity.signIn.begin({
      target: { returnTo: callbackOrigin, carries: 'nothing' },
      provider: 'default',
      cookieHeader: undefined,
      address: '192.0.2.1',
    })
    const asked = Object.fromEntries(location.searchParams)
    assert.equal(location.pathname, '/login/oauth/authorize')
    assert.equal(asked['scope'], 'user:email read:org')
    assert.equal(asked['code_challenge_method'], 'S256')
    assert.equal(asked['redirect_uri'], `${callbackOrigin}/oauth2/callback`)
    assert.ok(!('nonce' in asked))
  })

  test('believes no address that GitHub has not verified, and none that is not the primary one', async (t) => {
    const rig = await setUp(t)
    rig.github.emails = [
      { email: 'boss@corp.example', primary: true, verified: false },
      { email: 'mona@corp.example', primary: false, verified: true },
    ]
    const session = await signIn(rig)
    assert.deepEqual([session.email, session.emailVerified], ['boss@corp.example', false])
    rig.github.emails = []
    assert.equal((await signIn(rig)).email, undefined)
  })

  test('asks for what its scopes allow, and for nothing else', async (t) => {
    const rig = await setUp(t, { scopes: ['read:user'] })
    const session = await signIn(rig)
    assert.deepEqual([session.email, session.groups], [undefined, []])
    assert.deepEqual(new Set(rig.github.asked), new Set(['/user']))
  })

  test('finds every team, however many pages, and fails where they are too many to tell', async (t) => {
    const rig = await setUp(t)
    const teams = Array.from({ length: 1001 }, (_, index) => `acme/team-${index}`)
    for (const count of [100, 250, 1000]) {
      rig.github.teams = teams.slice(0, count)
      assert.deepEqual((await signIn(rig)).groups, ['acme', ...teams.slice(0, count)])
    }
    rig.github.teams = teams
    await assert.rejects(signIn(rig), {
      code: 'provider-invalid',
      message: /more than 1000 entries in user\/teams/,
    })
  })

  test('fails where GitHub keeps teams to itself: a deny of one would not hold', async (t) => {
    const rig = await setUp(t)
    for (const [path, status] of [
      ['/user/teams', 403],
      ['/user/orgs', 404],
      ['/user/emails', 404],
    ] as const) {
      rig.github.answer = (asked) => (asked === path ? { status, body: {} } : undefined)
      await assert.rejects(signIn(rig), {
        code: 'provider-invalid',
        message: new RegExp(`answered /api/v3${path} with status ${status}`),
      })
    }
  })

  test('says in the log, once for a sign-in, what single sign-on hides', async (t) => {
    const rig = await setUp(t)
    const hidden = (): readonly Record<string, string>[] =>
      rig.lines
        .filter((line) => line.includes('hidden by single sign-on'))
        .map((line) => JSON.parse(line) as Record<string, string>)
    const lists: Readonly<Record<string, readonly unknown[]>> = {
      '/user/orgs': [{ login: 'acme', id: 1 }],
      '/user/teams': [],
    }
    const said = (value: string) => (path: string) => {
      const body = lists[path]
      return body && { status: 200, headers: { 'X-GitHub-SSO': value }, body }
    }
    rig.github.answer = said('partial-results; organizations=21955855,20582480')
    const session = await signIn(rig)
    assert.deepEqual(session.groups, ['acme'])
    const [line, ...others] = hidden()
    assert.deepEqual(others, [])
    assert.deepEqual(
      [line?.['provider'], line?.['user'], line?.['organizations']],
      ['default', '583231', '21955855 20582480'],
    )
    assert.ok(line?.['hint']?.includes(`"${rig.github.url.href}orgs/ORGANIZATION/sso"`))
    // What is asked again every few minutes has nothing new to say.
    rig.github.teams = []
    rig.github.user = { ...rig.github.user, name: 'Mona L.' }
    const changed = nextChange(rig)
    rig.clock.advance(605_000)
    await changed
    assert.equal(hidden().length, 1)
    for (const other of ['required; url=https://github.com/orgs/x/sso', 'partial-results']) {
      rig.github.answer = said(other)
      await signIn(rig)
    }
    assert.equal(hidden().length, 1)
    const many = Array.from({ length: 500 }, (_, index) => String(1_000 + index))
    rig.github.answer = said(`partial-results; organizations=${many.join(',')}`)
    await signIn(rig)
    assert.equal(hidden()[1]?.['organizations']?.split(' ').length, 20)
  })

  test('takes nothing that is of another shape', async (t) => {
    const rig = await setUp(t)
    for (const [path, body] of [
      ['/user', { id: '583231', login: 'octocat' }],
      ['/user', { id: 0, login: 'octocat' }],
      ['/user/teams', { message: 'x' }],
      ['/user/teams', [{ slug: 'ops' }]],
      ['/user/orgs', [{ login: '' }]],
      ['/user/emails', [{ email: 'a@b.c', primary: true }]],
    ] as const) {
      rig.github.answer = (asked) => (asked === path ? { status: 200, body } : undefined)
      await assert.rejects(signIn(rig), { code: 'provider-invalid' }, JSON.stringify(body))
    }
  })

  test('names what is wrong in our words: the secret, the code', async (t) => {
    const wrong = await setUp(t, { clientSecret: 'not the secret' })
    await assert.rejects(signIn(wrong), {
      code: 'provider-refused',
      message: /"invalid_client": "no such app"/,
      hint: /client id and secret/,
    })
    const rig = await setUp(t)
    const forged = signInBy(rig, async (location) => {
      const back = await browse(location)
      back.searchParams.set('code', 'made up')
      return back
    })
    await assert.rejects(forged, { message: /"invalid_grant": "no such code"/ })
  })

  test('is finished by GitHub alone where it names itself, and by one of before that does not', async (t) => {
    const rig = await setUp(t)
    rig.github.issuer = 'https://github.example/login/oauth'
    await assert.rejects(signIn(rig), { code: 'provider-invalid' })
    rig.github.issuer = undefined
    assert.equal((await signIn(rig)).userId, '583231')
  })
})

describe('a session of GitHub', () => {
  test('without a refresh token is asked about by its access token', async (t) => {
    const rig = await setUp(t)
    const session = await signIn(rig)
    rig.github.teams = ['acme/sales']
    const changed = nextChange(rig)
    rig.clock.advance(605_000)
    assert.equal(await changed, session.id)
    const now = await rig.identity.sessions.get(session.id)
    assert.deepEqual(now?.session.groups, ['acme', 'acme/sales'])
  })

  test('ends when its token is taken back', async (t) => {
    const rig = await setUp(t)
    const { id } = await signIn(rig)
    rig.github.revoke()
    const ended = nextEnd(rig)
    rig.clock.advance(605_000)
    assert.deepEqual(await ended, [id, 'refresh-refused'])
  })

  test('is kept while GitHub limits, is out of order, or has changed what it answers', async (t) => {
    for (const answer of [
      { status: 403, headers: { 'x-ratelimit-remaining': '0' } },
      { status: 429, headers: { 'retry-after': '60' } },
      { status: 502 },
      { status: 200, body: 'maintenance' },
    ]) {
      const rig = await setUp(t)
      const { id } = await signIn(rig)
      rig.github.answer = () => answer
      const kept = rig.logged('session not refreshed, kept as it is')
      rig.clock.advance(605_000)
      await kept
      assert.equal((await rig.identity.sessions.get(id))?.session.id, id)
    }
  })

  test('of a GitHub App is refreshed, and ends when that is refused', async (t) => {
    const rig = await setUp(t)
    rig.github.isApp = true
    const { id } = await signIn(rig)
    const before = await rig.store.sessions.get(id)
    rig.github.teams = ['acme/sales']
    const changed = nextChange(rig)
    rig.clock.advance(605_000)
    await changed
    const after = await rig.store.sessions.get(id)
    assert.ok(after?.refreshToken?.startsWith('ghr_'))
    assert.notEqual(after?.refreshToken, before?.refreshToken)
    rig.github.revoke()
    const ended = nextEnd(rig)
    rig.clock.advance(605_000)
    assert.deepEqual(await ended, [id, 'refresh-refused'])
  })

  test('is never that of somebody else, whose number the token tells now', async (t) => {
    const rig = await setUp(t)
    const { id } = await signIn(rig)
    rig.github.user = { id: 1, login: 'mallory' }
    const kept = rig.logged('session not refreshed, kept as it is')
    rig.clock.advance(605_000)
    await kept
    const { session } = (await rig.identity.sessions.get(id)) ?? {}
    assert.equal(session?.claims['preferred_username'], 'octocat')
  })
})

test('whether GitHub knows this gateway is told without a sign-in', async (t) => {
  const { options } = await setUp(t)
  const redirectUri = new URL(`${callbackOrigin}/oauth2/callback`)
  const trial = (change: object) =>
    tryProvider({ ...options, ...change }, redirectUri, AbortSignal.timeout(10_000))
  assert.equal((await trial({})).client, 'accepted')
  const { client } = await trial({ clientSecret: 'not the secret' })
  assert.equal(client instanceof Error && 'code' in client && client.code, 'provider-refused')
})

test('the API is where each GitHub has it', () => {
  for (const [url, api] of [
    ['https://github.com', 'https://api.github.com/'],
    ['https://acme.ghe.com/', 'https://api.acme.ghe.com/'],
    ['https://git.corp.example', 'https://git.corp.example/api/v3/'],
    ['https://git.corp.example:8443/', 'https://git.corp.example:8443/api/v3/'],
    ['https://github.com.evil.example', 'https://github.com.evil.example/api/v3/'],
  ] as const)
    assert.equal(githubApiUrl(new URL(url)).href, api)
})

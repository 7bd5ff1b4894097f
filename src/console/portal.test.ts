import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Session } from '../identity/session.ts'
import type { LogFields } from '../log.ts'
import type { PagesParts } from '../gateway/parts.ts'
import { testCaller } from '../gateway/gateway.fixture.ts'
import { pageHeaders } from './built-page.ts'
import { testApiParts } from './api/api.fixture.ts'
import { loadPages } from './pages.ts'

const { client } = testCaller()
import type { PortalView } from './portal-view.ts'

const origin = 'https://gate.example.com'
const viewPath = '/.postern/api/v1/portal'
const script = '/.postern/portal/assets/index-1a2b.js'
const root = await mkdtemp(join(tmpdir(), 'portal-test-'))
const built = join(root, 'built')

before(async () => {
  await mkdir(join(built, 'assets'), { recursive: true })
  await writeFile(join(built, 'index.html'), '<!doctype html>')
  await writeFile(join(built, 'assets', 'index-1a2b.js'), 'let portal')
  await writeFile(join(built, 'made-of'), 'a hash')
  await writeFile(join(root, 'secret.js'), 'let secret')
})
after(() => rm(root, { recursive: true }))

const ada: Session = {
  kind: 'person',
  id: 's',
  userId: 'u',
  email: 'ada@example.com',
  emailVerified: true,
  name: undefined,
  groups: [],
  claims: {},
  provider: 'default',
  issuer: 'https://login.example.com',
  issuedAtMs: 0,
  expiresAtMs: 9_000,
  refreshedAtMs: 0,
  refreshDueAtMs: 0,
}

type Seen = ReturnType<PagesParts['seenBy']>
type Usable = Seen['usable'][number]
type Access = NonNullable<ReturnType<PagesParts['accessFor']>>
type Pending = NonNullable<Access['pending']>

const seen: Seen = {
  listed: [{ route: routeNamed('listed', 'dba@example.com'), reasons: ['date-unauthorized'] }],
  usable: [
    { route: routeNamed('usable', 'nobody asks'), ways: [wayTo('db:5432')], isOffline: true },
  ],
}

function routeNamed(name: string, contact: string): Usable['route'] {
  return { id: name, name, description: '', contact } as Partial<Usable['route']> as Usable['route']
}

function wayTo(destination: string): Usable['ways'][number] {
  return { destination, gateway: origin, placeholders: [], connect: '', commands: [] }
}

interface Options extends Partial<PagesParts> {
  readonly session?: Session
  readonly directory?: string
}

/** The portal as a function of requests; whatever it passes on is answered 404. */
async function portal({ session, directory = built, ...more }: Options = {}) {
  const warnings: LogFields[] = []
  const asked: Parameters<PagesParts['seenBy']>[] = []
  const silent = { debug() {}, info() {}, error() {} }
  const create = await loadPages({ portal: directory, console: built })
  const { app, hasPortal } = create({
    ...testApiParts(),
    logger: { ...silent, warn: (message, fields) => void warnings.push({ message, ...fields }) },
    origin: new URL(origin),
    sessionOf: () => Promise.resolve(session),
    seenBy(...args) {
      asked.push(args)
      return seen
    },
    ...more,
  })
  // As `createApp` does.
  app.onError(() => new Response(null, { status: 403 }))
  const get = async (path: string, headers: Record<string, string> = {}, base = origin) => {
    const request = new Request(`${base}${path}`, { headers })
    return await app.fetch(request, { requestId: 'r', client })
  }
  const view = async (): Promise<PortalView> => (await (await get(viewPath)).json()) as PortalView
  return { hasPortal, get, view, warnings, asked }
}

describe('the portal', () => {
  test('the page is never kept, its files for ever, both under the strict policy', async () => {
    const { get } = await portal()
    const [page, file] = [await get('/'), await get(script)]
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.equal(file.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(file.headers.get('content-type'), 'text/javascript; charset=UTF-8')
    for (const answer of [page, file]) {
      for (const [name, value] of Object.entries(pageHeaders))
        assert.equal(answer.headers.get(name), value)
    }
    const policy = pageHeaders['content-security-policy'] ?? ''
    assert.doesNotMatch(policy, /unsafe|https?:|\*|data:/)
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
      assert.ok(policy.split('; ').includes(rule), rule)
    const others = ['x-frame-options', 'x-content-type-options'].map((it) => pageHeaders[it])
    assert.deepEqual(others, ['DENY', 'nosniff'])
  })

  test('says how to get the program, to whoever is not signed in as well', async () => {
    const file = { name: 'postern.zip', system: 'windows-x64', version: '1', bytes: 2, sha256: 'a' }
    const offer = { executables: [file], page: undefined }
    const { view } = await portal({ downloads: () => Promise.resolve(offer) })
    const { install } = await view()
    assert.deepEqual(install, { gateway: origin, executables: [file], page: null })
    assert.deepEqual((await (await portal()).view()).install.executables, [])
  })

  test('a file is sent compressed to whoever takes that', async () => {
    const { get } = await portal()
    const answer = await get(script, { 'accept-encoding': 'gzip, br' })
    assert.equal(answer.headers.get('content-encoding'), 'gzip')
    assert.equal(gunzipSync(await answer.arrayBuffer()).toString(), 'let portal')
    assert.equal(await (await get(script)).text(), 'let portal')
  })

  test('nothing but the files of the build is served, however it is asked for', async () => {
    const { get } = await portal()
    const base = '/.postern/portal/'
    for (const path of [
      '../secret.js',
      '%2e%2e/secret.js',
      '..%2fsecret.js',
      '..%5csecret.js',
      'assets/../../secret.js',
      '/etc/passwd',
      'made-of',
      'assets',
      '',
      '__proto__',
      'assets/index-1a2b.js%00',
    ]) {
      assert.equal((await get(`${base}${path}`)).status, 404, path)
    }
  })

  test('under another name the page, its files and its data are passed on', async () => {
    const { get } = await portal({ session: ada })
    for (const path of ['/', script, viewPath])
      assert.equal((await get(path, {}, 'https://db.example.com')).status, 404, path)
  })

  test('somebody who is not signed in sees no route, and nobody decides about any', async () => {
    const { view, asked } = await portal()
    const { canSignIn, person, routes } = await view()
    assert.deepEqual([canSignIn, person, routes], [true, null, []])
    assert.deepEqual(asked, [])
  })

  test('somebody who is sees first what they may use, then what is listed and why not', async () => {
    const { view, asked, get } = await portal({ session: ada })
    const { person, routes } = await view()
    assert.deepEqual(person, {
      name: 'ada@example.com',
      email: 'ada@example.com',
      sessionEndsAtMs: 9_000,
      hasRole: false,
      hasPasskeys: false,
    })
    assert.deepEqual(
      routes.map(({ name, reasons, contact }) => [name, reasons, contact]),
      [
        ['usable', [], ''],
        ['listed', ['today is outside the dates this route names'], 'dba@example.com'],
      ],
    )
    assert.deepEqual(asked, [[{ client, session: ada, sessionVersion: undefined }, origin]])
    assert.equal((await get(viewPath)).headers.get('cache-control'), 'no-store')
  })

  test('what may be asked for, is waited for and was given is shown with its route', async () => {
    const pending = {
      id: 'ar-1',
      reason: 'incident 7',
      forMs: 60_000,
      createdAtMs: 1,
      expiresAtMs: 2,
    } as Partial<Pending> as Pending
    const grant = { id: 'ar-2', untilMs: 3, by: 'bob@example.com', isBreakGlass: true }
    const none = { askMaxMs: undefined, breakGlassMaxMs: undefined, pending: undefined }
    const of: Readonly<Record<string, Access>> = {
      listed: { ...none, askMaxMs: 90_500, breakGlassMaxMs: 1e12, pending, grant: undefined },
      usable: { ...none, grant },
    }
    const { view } = await portal({ session: ada, accessFor: (_caller, { id }) => of[id] })
    const [usable, listed] = (await view()).routes
    const nothing = { askMaxSeconds: null, breakGlassMaxSeconds: null, pending: null, grant: null }
    assert.deepEqual(usable?.access, { ...nothing, grant })
    assert.deepEqual(listed?.access, {
      ...nothing,
      askMaxSeconds: 90,
      breakGlassMaxSeconds: 31 * 86_400,
      pending: {
        id: 'ar-1',
        reason: 'incident 7',
        forSeconds: 60,
        askedAtMs: 1,
        expiresAtMs: 2,
      },
    })
  })

  test('what somebody has asked for is theirs to see where the route no longer is', async () => {
    const of = async (options: Options) => (await (await portal(options)).view()).hasAsked
    const hasAsked = (userId: string) => Promise.resolve(userId === ada.userId)
    assert.equal(await of({ session: ada, hasAsked }), true)
    assert.equal(await of({ session: { ...ada, userId: 'other' }, hasAsked }), false)
    assert.equal(await of({ hasAsked: () => Promise.resolve(true) }), false)
    const failing = (): Promise<boolean> => Promise.reject(new Error('the store is away'))
    assert.equal(await of({ session: ada, hasAsked: failing }), false)
  })

  test('access of which there is nothing to show is none', async () => {
    const nothing = { breakGlassMaxMs: undefined, pending: undefined, grant: undefined }
    const { view } = await portal({
      session: ada,
      // Nobody can ask for less than a second.
      accessFor: () => ({ ...nothing, askMaxMs: 999 }),
    })
    assert.deepEqual(
      (await view()).routes.map(({ access }) => access),
      [null, null],
    )
  })

  test('whoever has a role is led to the console', async () => {
    const { view } = await portal({
      session: ada,
      roleOf: ({ session }) => (session?.userId === ada.userId ? { role: 'auditor' } : undefined),
    })
    assert.equal((await view()).person?.hasRole, true)
  })

  test('where nobody can sign in, everybody sees what is public, by the name they came by', async () => {
    const { get, asked } = await portal({ origin: undefined })
    const answer = await get(viewPath, {}, 'https://other.example.com:8443')
    const { canSignIn, routes } = (await answer.json()) as PortalView
    assert.deepEqual([canSignIn, routes.length], [false, 2])
    assert.equal(asked[0]?.[1], 'https://other.example.com:8443')
  })

  test('the data is not made for another site, whose requests carry the cookie too', async () => {
    const { get, asked } = await portal({ session: ada })
    const statusFor = async (site: string): Promise<number> =>
      (await get(viewPath, { 'sec-fetch-site': site })).status
    assert.deepEqual([await statusFor('cross-site'), await statusFor('same-site')], [403, 403])
    assert.deepEqual(asked, [])
    assert.deepEqual([await statusFor('same-origin'), await statusFor('none')], [200, 200])
  })

  test('without a build there is no portal, and the log says what to do', async () => {
    const { hasPortal, warnings } = await portal({ directory: join(root, 'nothing') })
    assert.equal(hasPortal, false)
    assert.deepEqual(warnings, [
      {
        message: 'the portal is not built, a plain page is shown instead',
        directory: join(root, 'nothing'),
        hint: 'run "npm run build"',
      },
    ])
  })
})

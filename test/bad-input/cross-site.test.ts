// What pages of other sites can have a browser send (CSRF), to everything that the gateway serves: its own table says what that
// is, so that a new page or endpoint is asked as well, and fails here until it refuses them or is named below with why it need not.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test, type TestContext } from 'node:test'
import { allEndpoints } from '../../src/console/api/all.ts'
import { loadPages } from '../../src/console/pages.ts'
import { alice, startDeviceRig, type DeviceRig } from '../../src/gateway/device.fixture.ts'
import { testCa } from '../../src/gateway/gateway.fixture.ts'
import type { ApiParts } from '../../src/gateway/parts.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'

interface Rig extends DeviceRig {
  /** The `Cookie` header of a browser in which Alice, an administrator, is signed in. */
  readonly cookie: string
  /** Method and path of each endpoint that may change something, a parameter replaced by a value. */
  readonly changing: readonly (readonly [method: string, path: string])[]
  readonly session: ClientHttp2Session
  readonly endpoints: readonly (readonly [method: string, path: string])[]
}

/** With all that a gateway can serve. */
async function setUp(t: TestContext): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-cross-site-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const pair = await (await createCertificateAuthority()).issue(['*.site.com'])
  await writeFile(join(directory, 'site.crt'), pair.cert)
  await writeFile(join(directory, 'site.key'), pair.key, { mode: 0o600 })
  const settings = `
local_accounts: true
administrators: [${alice}]
scim: { service_account: directory }
ssh_ca: { email_domains: [example.com] }
sites:
  - name: site.com
    publish: [{ allow: { or: [{ groups: { has: dba } }] } }]
    certificate_file: ${directory}/site.crt
    certificate_key_file: ${directory}/site.key
`
  const load = await loadPages()
  let apiParts: ApiParts | undefined
  const rig = await startDeviceRig(t, settings, {
    pages(parts) {
      apiParts = parts
      return load(parts)
    },
  })
  assert.ok(apiParts !== undefined)
  const parts = apiParts
  const { jar, follow } = rig.browser()
  // Of two ways to sign in.
  await follow(`${rig.origin}/.pomerium/sign_in?provider=default`, alice)
  const session = connect(rig.origin, { ca: testCa })
  t.after(() => session.destroy())
  return {
    ...rig,
    session,
    cookie: jar.header(new URL(rig.origin)) ?? '',
    changing: changingOf(rig),
    endpoints: allEndpoints
      .flatMap((of) => of(parts))
      .map(({ method, path }) => [method.toUpperCase(), `/api/v1${concrete(path)}`] as const),
  }
}

/** `ALL` is every method where no endpoint has that path by itself. */
function changingOf({ pageRoutes }: DeviceRig): Rig['changing'] {
  const looking = new Set(['GET', 'HEAD', 'OPTIONS', 'ALL'])
  const own = pageRoutes.filter(({ method }) => !looking.has(method))
  const others = pageRoutes.filter(
    ({ method, path }) => method === 'ALL' && !own.some((it) => it.path === path),
  )
  const all = [...own, ...others].map(({ method, path }) => [method, concrete(path)] as const)
  return all.filter(([, path], index) => all.findIndex((it) => it[1] === path) === index)
}

const concrete = (path: string): string => path.replaceAll(/:\w+|\{\w+\}|\*/g, 'x')

type Endpoint = Rig['changing'][number]

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a browser says of a request that a page of another site has caused; the last ones are of those of before 2023. */
const foreign: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'of another site': { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  'of a sibling host': { origin: 'https://evil.localhost', 'sec-fetch-site': 'same-site' },
  'of a frame without an origin': { origin: 'null', 'sec-fetch-site': 'cross-site' },
  'whose origin was taken away': { 'sec-fetch-site': 'cross-site' },
  'of another site, in an old browser': { origin: 'https://evil.example' },
  'of another port, in an old browser': { origin: 'https://localhost' },
}

/**
 * What takes no cookie, and so acts for nobody who is led here: by its path, why. Each is asked with and without the cookie, and
 * must answer both alike.
 */
const cookieless: Readonly<Record<string, string>> = {
  '/.pomerium/api/v1/login': 'answers GET alone, with an address that anybody may have',
  '/.pomerium/api/v1/token': 'takes a one-time code and its verifier',
  '/.postern/v1/sign_out': 'takes a token in a header',
  '/.postern/v1/device/code': 'gives a code that is nobody\u2019s',
  '/.postern/v1/device/token': 'takes the secret of a code',
  '/oauth2/backchannel-logout': 'takes a token of the provider',
  '/.postern/v1/application-token': 'takes a token in a header',
  '/.postern/v1/ssh/sign': 'takes a token in a header',
  '/.postern/v1/publish/login/code': 'gives a code that is nobody\u2019s',
  '/.postern/v1/publish/login/token': 'takes the secret of a code',
  '/.postern/v1/publish/tunnels': 'takes the credential of a publisher',
  '/.postern/v1/publish/tunnels/x': 'takes the credential of a publisher',
  '/.postern/v1/publish/tunnels/x/delete': 'takes the credential of a publisher',
  '/.postern/v1/publish/tunnels/x/token': 'takes the credential of a publisher',
  '/.postern/v1/publish/tunnels/x/hostnames': 'takes the credential of a publisher',
  '/.postern/v1/publish/tunnels/x/hostnames/delete': 'takes the credential of a publisher',
  '/.postern/v1/requests': 'takes a token in a header',
  '/.postern/v1/requests/x/end': 'takes a token in a header',
  '/scim/v2/x': 'takes the credential of a service account',
  '/.postern/v1/tunnel/x': 'is opened by a WebSocket, which web pages are refused',
}

/** One connection for all of it: a handshake for each would be most of the work. */
async function send(
  { session, cookie }: Rig,
  [method, path]: Endpoint,
  headers: Readonly<Record<string, string>>,
  { isSignedIn = true } = {},
): Promise<Answer> {
  const isRead = method === 'GET'
  const stream = session.request(
    {
      ...(isSignedIn ? { cookie } : {}),
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'x-postern-request': '1',
      ...headers,
      ':method': method === 'ALL' ? 'POST' : method,
      ':path': path,
    },
    { endStream: isRead },
  )
  if (!isRead) stream.end('decision=approve&confirmed=on')
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  const status = Number(answered[':status'])
  // Events have no end.
  const isEndless = answered['content-type']?.startsWith('text/event-stream') === true
  const body = isEndless ? '' : await text(stream)
  if (isEndless) stream.close()
  return { status, headers: answered, body }
}

const isRefused = ({ status, body }: Answer): boolean =>
  status === 403 && body.includes('origin_not_allowed')

describe('a page of another site', () => {
  test('changes nothing here as its visitor, by whatever the gateway serves', async (t) => {
    const rig = await setUp(t)
    const guarded = rig.changing.filter(([, path]) => !(path in cookieless))
    const all: readonly Endpoint[] = [...guarded, ...rig.endpoints]
    // Otherwise the table was not read, or a part of the gateway is not there.
    assert.ok(guarded.length >= 10 && rig.endpoints.length >= 40, `${all.length} endpoints`)
    const open: string[] = []
    for (const endpoint of all)
      for (const [what, headers] of Object.entries(foreign)) {
        const answer = await send(rig, endpoint, headers)
        if (isRefused(answer) || isNothing(endpoint, answer)) continue
        open.push(`${endpoint.join(' ')} takes a request ${what}: ${answer.status} ${answer.body}`)
      }
    assert.deepEqual(open, [])
    // And none of it was refused for another reason: pages of the gateway itself get further.
    const own = { origin: rig.origin, 'sec-fetch-site': 'same-origin' }
    for (const endpoint of all) {
      const answer = await send(rig, endpoint, own, { isSignedIn: false })
      assert.ok(!isRefused(answer), `${endpoint.join(' ')} refuses its own page`)
    }
  })

  test('gets no other answer for the cookie of its visitor where none is taken', async (t) => {
    const rig = await setUp(t)
    const taking = rig.changing.filter(([, path]) => path in cookieless)
    const found = new Set(taking.map(([, path]) => path))
    assert.deepEqual(
      Object.keys(cookieless).filter((path) => !found.has(path)),
      [],
      'what is not served any more goes from the list',
    )
    for (const endpoint of taking) {
      const headers = foreign['of another site'] ?? {}
      const [led, alone] = [
        await send(rig, endpoint, headers),
        await send(rig, endpoint, headers, { isSignedIn: false }),
      ]
      assert.equal(led.status, alone.status, endpoint.join(' '))
      assert.equal(codeIn(led), codeIn(alone), endpoint.join(' '))
      assert.deepEqual(led.headers['set-cookie'], alone.headers['set-cookie'])
    }
    await assertSignedIn(rig)
  })

  test('signs nobody out, in or over by what a link leads to', async (t) => {
    const rig = await setUp(t)
    const looked = rig.pageRoutes.filter(({ method }) => method === 'GET' || method === 'ALL')
    const before = await sessionIdsOf(rig)
    for (const path of new Set(looked.map((it) => concrete(it.path)))) {
      const led = await send(rig, ['GET', path], { 'sec-fetch-site': 'cross-site' })
      for (const set of led.headers['set-cookie'] ?? [])
        assert.doesNotMatch(set, /^__Host-postern=/, path)
    }
    assert.deepEqual(await sessionIdsOf(rig), before)
    await assertSignedIn(rig)
  })
})

/** What is there for every method: that there is nothing, or not by this one. */
const isNothing = ([method]: Endpoint, { status }: Answer): boolean =>
  method === 'ALL' && (status === 404 || status === 405)

function codeIn({ body }: Answer): unknown {
  try {
    return (JSON.parse(body) as Record<string, unknown>)['error']
  } catch {
    return body
  }
}

async function assertSignedIn({ send: ask, cookie }: Rig): Promise<void> {
  const { status, body } = await ask('GET', '/.pomerium/', { headers: { cookie } })
  assert.equal(status, 200)
  assert.ok(body.includes(alice))
}

async function sessionIdsOf({ operations }: Rig): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id } of operations.listSessions({ kind: 'local' })) ids.push(id)
  return ids.sort()
}

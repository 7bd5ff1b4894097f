import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { startDevIdp, type DevIdp } from '../dev-idp/dev-idp.ts'
import { createCookieJar, type CookieJar } from '../dev-idp/cookie-jar.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { codeChallengeOf } from '../tunnel/sign-in.ts'
import { formatTunnelPath, tunnelProtocol } from '../tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../tunnel/websocket-stream.ts'
import { WebSocket } from '../tunnel/ws.ts'
import { localActor, type Actor } from '../control/change.ts'
import { createControlClient } from '../control/client.ts'
import { readAudit, type KeptEntry } from '../telemetry/audit/read-audit.ts'
import {
  collectLines,
  connectHead,
  connectTls,
  echo,
  startService,
  testCa,
  testCertificate,
  testSession,
} from './gateway.fixture.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { runGateway, type RunningGateway } from './run.ts'

const people = [
  { id: 'u-alice', email: 'alice@example.com', name: 'Alice', groups: ['dba'] },
  { id: 'u-bob', email: 'bob@example.com', name: 'Bob', groups: ['sales'] },
]
const target = 'db.example.com:5432'

test('somebody signs in, and their token opens the tunnels that policy allows', async (t) => {
  const rig = await startRig(t)
  const socket = await rig.tunnel(await rig.token('alice@example.com'))
  socket.write('hello')
  assert.equal((await nextData(socket)).toString(), 'hello')
  socket.destroy()
  assert.equal(await rig.status(await rig.token('bob@example.com')), 403)
  assert.equal(await rig.status(undefined), 302)
})

test('a token survives a restart of the gateway', async (t) => {
  const rig = await startRig(t)
  const token = await rig.token('alice@example.com')
  await rig.restart()
  assert.equal(await rig.status(token), 200)
})

test('a rotation of the keys of stored tokens signs nobody out, and they need their key', async (t) => {
  const rig = await startRig(t)
  const token = await rig.token('alice@example.com')
  const control = createControlClient(rig.stateDirectory)
  const [before] = (await control.listTokenKeys()).keys
  const { key, resumed } = await control.beginTokenRotation()
  assert.deepEqual([resumed, before?.sessions, before?.from], [false, 1, 'shared_secret'])
  assert.deepEqual(await control.stepTokenRotation(''), { moved: 1, ended: [], next: null })
  const [after, ...others] = (await control.listTokenKeys()).keys
  assert.deepEqual([after?.id, after?.sessions, others], [key, 1, []])
  assert.equal(await rig.status(token), 200)
  await rig.restart()
  assert.equal(await rig.status(token), 200)
  const secret = Buffer.alloc(32, 5).toString('base64')
  await rig.write((yaml) => `${yaml}\nshared_secret: ${secret}\n`)
  await assert.rejects(rig.restart(), {
    code: 'token-key-missing',
    hint: /token_encryption_key_file/,
  })
})

test('a session of another provider than the one there is now is nobody', async (t) => {
  const rig = await startRig(t)
  const token = await rig.token('alice@example.com')
  await rig.write((yaml) =>
    yaml.replace(/^idp_provider_url: .*$/m, 'idp_provider_url: https://login.example.com'),
  )
  await rig.restart()
  assert.equal(await rig.status(token), 401)
  assert.deepEqual(await createControlClient(rig.stateDirectory).listSessions(), { sessions: [] })
})

test('a reload that takes long is not overtaken by a later one', async (t) => {
  const rig = await startRig(t)
  const bob = await rig.token('bob@example.com')
  // Enough for a worker to read it.
  const members = [...Array.from({ length: 20_000 }, (_, index) => `u-${index}`), 'bob@example.com']
  const directory = join(rig.stateDirectory, '..', 'directory.yaml')
  await writeFile(directory, JSON.stringify({ groups: { dba: members } }))
  await rig.write((yaml) => `directory: directory.yaml\n${yaml}`)
  await rig.gateway().reload()
  assert.equal(await rig.status(bob), 200)
  await writeFile(directory, JSON.stringify({ groups: { dba: [...members, 'u-another'] } }))
  const slow = rig.gateway().reload()
  await rig.write((yaml) => yaml.replace(/^directory: .*\n/, ''))
  await Promise.all([slow, rig.gateway().reload()])
  assert.equal(await rig.status(bob), 403)
})

test('reloads that are asked for while one reads are one', async (t) => {
  const rig = await startRig(t)
  const first = rig.gateway().reload()
  // By now it has begun.
  await Promise.resolve()
  await Promise.all([first, ...Array.from({ length: 100 }, () => rig.gateway().reload())])
  const reloaded = rig.lines.filter(({ message }) => message === 'configuration reloaded')
  assert.equal(reloaded.length, 2)
})

test('a reload decides the tunnels of a route again that it changes, and those of no other', async (t) => {
  const rig = await startRig(t)
  await rig.write((yaml) => `metrics_address: 127.0.0.1:0\n${yaml}`)
  await rig.restart()
  const socket = await rig.tunnel(await rig.token('alice@example.com'))
  const reload = async (change: (yaml: string) => string): Promise<number> => {
    const before = await countDecisions(rig)
    await rig.write(change)
    await rig.gateway().reload()
    return (await countDecisions(rig)) - before
  }
  const another = '  - from: tcp+https://x.example.com:1\n    to: tcp://127.0.0.1:1\n'
  assert.equal(await reload((yaml) => `log_level: warn\n${yaml}${another}`), 0)
  assert.equal(await reload((yaml) => yaml.replace('x.example', 'y.example')), 0)
  assert.equal(await reload((yaml) => yaml.replace('name: db', 'name: database')), 1)
  assert.equal(await reload((yaml) => yaml.replace('y.example', 'z.example')), 0)
  // One that fails in between changes nothing.
  assert.equal(await reload((yaml) => yaml.replace('has: dba', 'hass: dba')), 0)
  assert.equal(await reload((yaml) => yaml.replace('hass: dba', 'has: dba')), 0)
  const closed = once(socket.resume(), 'end')
  assert.equal(await reload((yaml) => yaml.replace('has: dba', 'has: sales')), 1)
  await closed
})

test('the audit log keeps each reload, and none that changed nothing', async (t) => {
  const rig = await startRig(t)
  await rig.gateway().reload()
  await rig.write((yaml) => yaml.replace('has: dba', 'hass: dba'))
  await rig.gateway().reload()
  await rig.line(({ message }) => message === 'configuration not reloaded, the old one stays')
  // At its end everything is kept.
  await rig.gateway().close(0)
  const kept: KeptEntry[] = []
  for await (const entry of readAudit(join(rig.stateDirectory, 'audit'), 0)) kept.push(entry)
  const reloads = kept.filter(({ event }) => event === 'configuration reloaded')
  assert.equal(reloads.length, 1)
  assert.equal(reloads[0]?.['routes'], 1)
})

test('whoever asks for a reload hears what came of it, and nobody else may', async (t) => {
  const rig = await startRig(t)
  const { operations } = rig.gateway()
  const by: Actor = localActor
  const client = { ip: '192.0.2.7', endpoints: undefined }
  const session = testSession('s1', 'root@example.com')
  const stranger = { kind: 'caller', session, sessionVersion: 1, client, requestId: 'r1' } as const
  await assert.rejects(async () => operations.reload(stranger), { code: 'sign-in-required' })
  const path = join(rig.stateDirectory, '..', 'postern.yaml')
  const yaml = await readFile(path, 'utf8')
  // Beside the watcher, which may be first: then there is one reload or two, and each is told.
  await writeFile(path, `max_sessions_per_user: 3\n${yaml}`)
  assert.deepEqual(await operations.reload(by), {
    routes: 1,
    need_restart: ['max_sessions_per_user'],
  })
  await writeFile(path, yaml.replace('has: dba', 'hass: dba'))
  await assert.rejects(operations.reload(by), { code: 'invalid-configuration' })
  const problems = async () => (await operations.overview(by)).configuration_problems
  assert.match((await problems()).join(), /postern\.yaml:\d+:\d+: .*"hass"/)
  await writeFile(path, yaml)
  await operations.reload(by)
  assert.deepEqual(await problems(), [])
  await rig.gateway().close(0)
  await assert.rejects(operations.reload(by), { code: 'gateway-leaving' })
})

test('a reload that still reads holds up no end, and changes nothing any more', async (t) => {
  const rig = await startRig(t)
  const members = Array.from({ length: 20_000 }, (_, index) => `u-${index}`)
  const directory = join(rig.stateDirectory, '..', 'directory.yaml')
  await writeFile(directory, JSON.stringify({ groups: { dba: members } }))
  await rig.write((yaml) => `directory: directory.yaml\n${yaml}`)
  const reloaded = rig.gateway().reload()
  // Meanwhile the worker has begun; it takes far longer than a request.
  await rig.get('/healthz')
  await rig.gateway().close(0)
  await reloaded
  const messages = rig.lines.map(({ message }) => message)
  assert.equal(messages.at(-1), 'stopped')
  assert.ok(!messages.includes('configuration reloaded'), messages.join(', '))
})

test('a reload names the settings that only a restart takes over', async (t) => {
  const rig = await startRig(t)
  const added = 'idp_email_claim: upn\nidp_scopes: [openid]\nmax_sessions_per_user: 3\n'
  await rig.write((yaml) => `${added}max_tunnels_per_user: 2\n${yaml}`)
  const line = await rig.line(({ message }) => message === 'some changes need a restart')
  assert.deepEqual(line['keys'], ['max_sessions_per_user', 'idp_scopes', 'idp_email_claim'])
})

test('our own client gets a code that works once and only with its verifier', async (t) => {
  const rig = await startRig(t)
  const verifier = 'v'.repeat(43)
  const callback = await rig.signIn('alice@example.com', codeChallengeOf(verifier))
  assert.equal(callback.searchParams.get('pomerium_jwt'), null)
  const code = callback.searchParams.get('code') ?? ''
  const exchange = async (codeVerifier: string): Promise<Answer> =>
    rig.post(
      '/.pomerium/api/v1/token',
      new URLSearchParams({ code, code_verifier: codeVerifier }).toString(),
    )
  const { status, body } = await exchange(verifier)
  assert.equal(status, 200)
  assert.equal(await rig.status((JSON.parse(body) as { token: string }).token), 200)
  assert.equal((await exchange(verifier)).status, 403)
  const other = await rig.signIn('alice@example.com', codeChallengeOf(verifier))
  const spent = new URLSearchParams({
    code: other.searchParams.get('code') ?? '',
    code_verifier: 'w'.repeat(43),
  })
  assert.equal((await rig.post('/.pomerium/api/v1/token', spent.toString())).status, 403)
})

test('a sign-in that the provider refuses is told to the client that waits for it', async (t) => {
  const rig = await startRig(t)
  const jar = createCookieJar()
  const query = new URLSearchParams({
    pomerium_redirect_uri: 'http://127.0.0.1:9/callback',
    code_challenge: codeChallengeOf('v'.repeat(43)),
    code_challenge_method: 'S256',
  })
  const { body } = await rig.get(`/.pomerium/api/v1/login?${query.toString()}`)
  const begun = await rig.get(new URL(body).pathname + new URL(body).search)
  jar.store(new URL(rig.origin), begun.headers['set-cookie'] ?? [])
  const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
  const callback = new URLSearchParams({
    state,
    error: 'access_denied',
    iss: rig.idp.issuer.origin,
  })
  const cookie = jar.header(new URL(rig.origin)) ?? ''
  const back = await rig.get(`/oauth2/callback?${callback.toString()}`, { cookie })
  const location = new URL(back.headers.location ?? '')
  assert.equal(location.origin, 'http://127.0.0.1:9')
  assert.equal(location.searchParams.get('error'), 'provider_refused')
  assert.match(location.searchParams.get('error_description') ?? '', /access_denied/)
})

test('Host never decides where a session goes', async (t) => {
  const rig = await startRig(t)
  const login = '/.pomerium/api/v1/login?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F'
  const { status, body, headers } = await rig.get(login, { host: 'evil.example' })
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; charset=UTF-8')
  assert.ok(body.startsWith(`${rig.origin}/.pomerium/sign_in?`), body)
  const moved = await rig.get('/.pomerium/sign_in', { host: 'evil.example' })
  assert.deepEqual([moved.status, moved.headers.location], [302, `${rig.origin}/.pomerium/sign_in`])
  assert.equal(moved.headers['set-cookie'], undefined)
})

test('the login API refuses what is no GET, has no redirect or leads elsewhere', async (t) => {
  const rig = await startRig(t)
  const login = '/.pomerium/api/v1/login'
  assert.equal((await rig.get(login)).status, 404)
  assert.equal((await rig.post(login, '')).status, 405)
  for (const uri of [
    'https://evil.example/',
    'http://evil.example/',
    'javascript:alert(1)',
    '//127.0.0.1/',
    'http://127.0.0.1@evil.example/',
  ]) {
    assert.equal(
      (await rig.get(`${login}?pomerium_redirect_uri=${encodeURIComponent(uri)}`)).status,
      400,
      uri,
    )
  }
})

test('a sign-in address that was changed or not signed goes nowhere', async (t) => {
  const rig = await startRig(t)
  const { body } = await rig.get(
    '/.pomerium/api/v1/login?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F',
  )
  const url = new URL(body)
  url.searchParams.set('pomerium_redirect_uri', 'http://127.0.0.1:10/')
  const changed = await rig.get(`${url.pathname}${url.search}`)
  assert.equal(changed.status, 403)
  const unsigned = await rig.get(
    '/.pomerium/sign_in?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F',
  )
  assert.equal(unsigned.status, 403)
})

test('a provider that is down makes sign-ins fail with one sentence and nothing else', async (t) => {
  const rig = await startRig(t, { providerUp: false })
  const page = await rig.get('/.pomerium/sign_in')
  assert.equal(page.status, 503)
  assert.match(page.body, /The sign-in service cannot be reached: [^.]*\./)
  assert.equal((await rig.get('/healthz')).status, 200)
  rig.idp.setCondition('up')
  assert.equal(await rig.status(await rig.token('alice@example.com')), 200)
})

test('revoking a session through the control socket cuts its tunnels at once, and no other', async (t) => {
  const rig = await startRig(t)
  const [mine, other] = [
    await rig.tunnel(await rig.token('alice@example.com')),
    await rig.tunnel(await rig.token('alice@example.com')),
  ]
  const control = createControlClient(rig.stateDirectory)
  const { sessions } = await control.listSessions()
  assert.deepEqual(
    sessions.map(({ email, tunnels }) => [email, tunnels]),
    [
      ['alice@example.com', 1],
      ['alice@example.com', 1],
    ],
  )
  const closed = [once(mine.resume(), 'end'), once(other.resume(), 'end')]
  const first = sessions[0]?.id ?? ''
  assert.deepEqual(await control.revokeSession(first), { revoked: [first] })
  await Promise.race(closed)
  assert.deepEqual((await control.listSessions()).sessions.length, 1)
  await assert.rejects(control.revokeSession(first), { code: 'session-not-found' })
  const open = [mine, other].filter((socket) => !socket.readableEnded)
  assert.equal(open.length, 1)
  open[0]?.write('x')
  assert.equal((await nextData(open[0] as TLSSocket)).toString(), 'x')
  open[0]?.destroy()
})

test('editing the policy cuts the tunnel it forbids, and a bad file changes nothing', async (t) => {
  const rig = await startRig(t)
  const socket = await rig.tunnel(await rig.token('alice@example.com'))
  await rig.write((yaml) => yaml.replace('has: dba', 'hass: dba'))
  const refused = await rig.line(
    ({ message }) => message === 'configuration not reloaded, the old one stays',
  )
  assert.match(String(refused['problems']), /postern\.yaml:\d+:\d+: routes\[0\].*"hass"/)
  socket.write('x')
  await nextData(socket)
  const closed = once(socket.resume(), 'end')
  await rig.write((yaml) => yaml.replace('hass: dba', 'has: admins'))
  await closed
  const line = await rig.line(({ ended }) => ended !== undefined)
  assert.deepEqual([line['ended'], line['email']], ['policy-changed', 'alice@example.com'])
  assert.deepEqual(line['reasons'], ['groups-unauthorized'])
})

test('a directory that was faulty when it was first named is taken once it is right', async (t) => {
  const rig = await startRig(t)
  const token = await rig.token('bob@example.com')
  // Not beside the configuration, whose directory is watched in any case.
  const directory = join(rig.stateDirectory, 'people.yaml')
  await writeFile(directory, 'groups: 7')
  await rig.write((yaml) => `${yaml}directory: state/people.yaml\n`)
  await rig.line(({ message }) => message === 'configuration not reloaded, the old one stays')
  await writeFile(directory, 'groups: {dba: [bob@example.com]}')
  await rig.line(({ message }) => message === 'configuration reloaded')
  assert.equal(await rig.status(token), 200)
})

test('a group that the provider takes away cuts the tunnel at the next refresh', async (t) => {
  const rig = await startRig(t, { refreshInterval: '1s' })
  const socket = await rig.tunnel(await rig.token('alice@example.com'))
  const closed = once(socket.resume(), 'end')
  rig.idp.people.change('alice@example.com', { groups: [] })
  await closed
  const line = await rig.line(({ ended }) => ended !== undefined)
  assert.equal(line['ended'], 'policy-changed')
})

test('signing out ends the session and its tunnels; a form from elsewhere does not', async (t) => {
  const rig = await startRig(t)
  const jar = createCookieJar()
  const token = await rig.token('alice@example.com', jar)
  const socket = await rig.tunnel(token)
  const cookie = jar.header(new URL(rig.origin)) ?? ''
  const page = await rig.get('/.pomerium/', { cookie })
  // Each word of a command is a span of its own, between which alone a line breaks.
  const shown = page.body.replaceAll(/<\/?span>/g, '')
  assert.match(shown, /<h1>Alice<\/h1>[\s\S]*postern tcp --gateway \S+ db\.example\.com:5432/)
  assert.equal(
    (await rig.post('/.pomerium/sign_out', '', { cookie, origin: 'https://evil.example' })).status,
    403,
  )
  const closed = once(socket.resume(), 'end')
  const { status, headers } = await rig.post('/.pomerium/sign_out', '', {
    cookie,
    origin: rig.origin,
  })
  assert.deepEqual([status, headers.location], [302, `${rig.origin}/.pomerium/signed_out`])
  await closed
  assert.equal(await rig.status(token), 401)
})

test('without a portal the address itself leads whoever is signed in to their account', async (t) => {
  const rig = await startRig(t)
  assert.match((await rig.get('/')).body, /<h1>This is a Postern gateway<\/h1>[^]*Sign in/)
  const jar = createCookieJar()
  await rig.token('alice@example.com', jar)
  const { status, headers } = await rig.get('/', { cookie: jar.header(new URL(rig.origin)) ?? '' })
  assert.deepEqual([status, headers.location], [302, `${rig.origin}/.pomerium/`])
})

test('the routes API shows what its caller may use, and 401 to anybody else', async (t) => {
  const rig = await startRig(t)
  const list = async (token: string): Promise<Record<string, unknown>> =>
    JSON.parse(
      (await rig.get('/.pomerium/api/v1/routes', { authorization: `Bearer Pomerium-${token}` }))
        .body,
    ) as Record<string, unknown>
  const bobs = await list(await rig.token('bob@example.com'))
  assert.deepEqual([bobs['routes'], bobs['listed_routes']], [[], []])
  const { routes, session_expires_at: ends } = await list(await rig.token('alice@example.com'))
  const [route = {}] = routes as Record<string, unknown>[]
  assert.equal(
    route['connect_command'],
    `pomerium-cli tcp --pomerium-url ${rig.origin} db.example.com:5432`,
  )
  assert.ok(Date.parse(String(ends)) > Date.now())
  assert.equal((await rig.get('/.pomerium/api/v1/routes')).status, 401)
})

test('no token, cookie or code is ever logged', async (t) => {
  const rig = await startRig(t)
  const jar = createCookieJar()
  const token = await rig.token('alice@example.com', jar)
  ;(await rig.tunnel(token)).destroy()
  await rig.line(({ ended }) => ended !== undefined)
  const log = JSON.stringify(rig.lines)
  const cookies = (jar.header(new URL(rig.origin)) ?? '')
    .split(/; */)
    .map((pair) => pair.slice(pair.indexOf('=') + 1))
  assert.ok(cookies.length > 0)
  for (const secret of [token, token.split('.')[2] ?? '', ...cookies])
    assert.ok(!log.includes(secret))
  assert.doesNotMatch(log, /[?&](?:code|state|pomerium_signature)=(?!\[)[^"&]{4}/)
})

test('closing lets a tunnel finish within its grace period, and cuts it after', async (t) => {
  const rig = await startRig(t)
  const token = await rig.token('alice@example.com')
  const kept = await rig.tunnel(token)
  const closing = rig.gateway().close(60_000)
  kept.end('last words')
  assert.equal((await nextData(kept)).toString(), 'last words')
  await closing
  await rig.restart()
  const cut = await rig.tunnel(token)
  const closed = once(cut.resume(), 'end')
  // A client that stayed would be waited for.
  cut.once('end', () => cut.destroy())
  await rig.gateway().close(0)
  await closed
  const stopped = rig.lines.filter(({ message }) => message === 'stopped')
  assert.deepEqual(
    stopped.map((line) => line['tunnels-cut']),
    [0, 1],
  )
})

test('closing lets a tunnel over a WebSocket finish too, and cuts it after', async (t) => {
  const rig = await startRig(t)
  const token = await rig.token('alice@example.com')
  const kept = await rig.webSocketTunnel(token)
  const closing = rig.gateway().close(60_000)
  // Nothing new is taken any more, and what is open goes on.
  kept.write('still ')
  assert.equal((await nextData(kept)).toString(), 'still ')
  kept.end('last words')
  assert.equal((await nextData(kept)).toString(), 'last words')
  await closing
  await rig.restart()
  const cut = await rig.webSocketTunnel(token)
  const failed = once(cut.resume(), 'error')
  await rig.gateway().close(0)
  const [error] = (await failed) as [Error]
  assert.match(error.message, /the tunnel was (?:aborted|lost)/)
  const stopped = rig.lines.filter(({ message }) => message === 'stopped')
  assert.deepEqual(
    stopped.map((line) => line['tunnels-cut']),
    [0, 1],
  )
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Rig {
  readonly idp: DevIdp
  readonly origin: string
  readonly stateDirectory: string
  readonly lines: Record<string, unknown>[]
  gateway(): RunningGateway
  restart(): Promise<void>
  /** Changes the configuration file; the gateway sees it by itself. */
  write(change: (yaml: string) => string): Promise<void>
  line(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: string, headers?: Record<string, string>): Promise<Answer>
  /** Signs in as a stock client would; the last redirect is answered with its URL. */
  signIn(email: string, challenge?: string, jar?: CookieJar): Promise<URL>
  token(email: string, jar?: CookieJar): Promise<string>
  /** A tunnel to the echo service. */
  tunnel(token: string): Promise<TLSSocket>
  /** The same over a WebSocket. */
  webSocketTunnel(token: string): Promise<Duplex>
  /** What CONNECT answers. */
  status(token: string | undefined): Promise<number>
}

async function startRig(
  t: TestContext,
  { providerUp = true, refreshInterval = '10m' } = {},
): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-run-'))
  const path = join(directory, 'postern.yaml')
  const service = await startService(echo)
  const idp = await startDevIdp({ people })
  if (!providerUp) idp.setCondition('failing')
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const { sink: logSink, lines, line } = collectLines()
  await writeFile(join(directory, 'cert.pem'), testCertificate.cert)
  await writeFile(join(directory, 'key.pem'), testCertificate.key, { mode: 0o600 })
  await writeFile(
    path,
    `address: 127.0.0.1:${port}
certificate_file: cert.pem
certificate_key_file: key.pem
authenticate_service_url: ${origin}
idp_provider: oidc
idp_provider_url: ${idp.issuer.href}
idp_client_id: ${idp.clientId}
idp_client_secret: ${idp.clientSecret}
session_refresh_interval: ${refreshInterval}
state_directory: state
routes:
  - from: tcp+https://${target}
    to: tcp://127.0.0.1:${service.port}
    name: db
    policy:
      - allow:
          or:
            - groups:
                has: dba
`,
    { mode: 0o600 },
  )
  const start = (): Promise<RunningGateway> => runGateway({ path, env: {}, logSink })
  let gateway = await start()
  const tunnels: TLSSocket[] = []
  t.after(async () => {
    for (const socket of tunnels) socket.destroy()
    await gateway.close(0)
    await idp.close(0)
    await service[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  const send = (
    method: string,
    to: string,
    headers: Record<string, string>,
    body = '',
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = request({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: testCa,
        method,
        path: to,
        headers: { host: `localhost:${port}`, ...headers },
        agent: false,
      })
      outgoing.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
      outgoing.end(body)
    })
  const rig: Rig = {
    idp,
    origin,
    stateDirectory: join(directory, 'state'),
    lines,
    gateway: () => gateway,
    async restart() {
      await gateway.close(0)
      gateway = await start()
    },
    write: async (change) => writeFile(path, change(await readFile(path, 'utf8'))),
    line,
    get: (to, headers = {}) => send('GET', to, headers),
    post: (to, body, headers = {}) =>
      send('POST', to, { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body),
    async signIn(email, challenge, jar = createCookieJar()) {
      const query = new URLSearchParams({ pomerium_redirect_uri: 'http://127.0.0.1:9/callback' })
      if (challenge !== undefined) {
        query.set('code_challenge', challenge)
        query.set('code_challenge_method', 'S256')
      }
      const { body } = await rig.get(`/.pomerium/api/v1/login?${query.toString()}`)
      const stopBefore = (url: URL): boolean => url.port === '9'
      return (await signInWithForms(body, { email }, { request: { ca: testCa }, jar, stopBefore }))
        .url
    },
    async token(email, jar) {
      return (await rig.signIn(email, undefined, jar)).searchParams.get('pomerium_jwt') ?? ''
    },
    async tunnel(token) {
      const socket = await connectTls(port)
      tunnels.push(socket.on('error', () => undefined))
      socket.write(connectHead(target, `Authorization: Pomerium ${token}`))
      assert.match((await nextData(socket)).toString(), /^HTTP\/1\.1 200 /)
      return socket
    },
    async webSocketTunnel(token) {
      const socket = await connectTls(port)
      tunnels.push(socket.on('error', () => undefined))
      const webSocket = new WebSocket(
        `ws://localhost:${port}${formatTunnelPath(target)}`,
        [tunnelProtocol],
        {
          ...webSocketBounds,
          createConnection: () => socket,
          headers: { authorization: `Pomerium ${token}` },
        },
      )
      await once(webSocket, 'open')
      return tunnelOverWebSocket(webSocket, 1024 * 1024)
    },
    async status(token) {
      const socket = await connectTls(port)
      socket.write(
        connectHead(target, ...(token === undefined ? [] : [`Authorization: Pomerium ${token}`])),
      )
      const head = (await nextData(socket)).toString()
      socket.destroy()
      return Number(head.split(' ')[1])
    },
  }
  return rig
}

/** How often a policy was asked for a tunnel. */
async function countDecisions(rig: Rig): Promise<number> {
  const { port } = rig.gateway().metricsAddress ?? assert.fail('no metrics')
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counts = text.matchAll(/^postern_decisions_total\{.*\} (\d+)$/gm)
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

async function nextData(socket: Duplex): Promise<Buffer> {
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk
}

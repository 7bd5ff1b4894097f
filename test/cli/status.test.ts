import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { openTokenCache } from '../../src/client/sign-in/token-cache.ts'
import { silentLogger } from '../../src/log.ts'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { startSmallServer } from '../../src/reach/small-server.fixture.ts'
import { gatewayPaths } from '../../src/tunnel/paths.ts'
import { createSandbox, runPostern } from './program.ts'

const owner = { email: 'ada@example.com', session_expires_at: '2099-01-02T03:04:05Z' }

/** A home that remembers these gateways. */
async function homeWith(t: TestContext, gateways: readonly object[]) {
  const sandbox = await createSandbox()
  t.after(() => sandbox[Symbol.asyncDispose]())
  const env = {
    ...sandbox.env,
    HOME: sandbox.path,
    XDG_CONFIG_HOME: sandbox.path,
    XDG_STATE_HOME: sandbox.path,
  }
  await mkdir(join(sandbox.path, 'postern'))
  const kept = { version: 1, default: 'one', gateways }
  if (gateways.length > 0) {
    await writeFile(join(sandbox.path, 'postern', 'gateways.json'), JSON.stringify(kept))
  }
  const tokens = join(sandbox.path, 'cache', 'postern', 'tokens')
  return {
    path: sandbox.path,
    run: (...args: string[]) => runPostern(['status', ...args], { env }),
    runWith: (more: NodeJS.Dict<string>, ...args: string[]) =>
      runPostern(['status', ...args], { env: { ...env, ...more } }),
    signIn: (origin: string) =>
      openTokenCache(tokens, { origin, isVerified: true }, silentLogger).write('aa.token.bb'),
  }
}

describe('postern status', () => {
  test('without a gateway and a daemon says how to begin, with a code for scripts', async (t) => {
    const home = await homeWith(t, [])
    const [text, json] = await Promise.all([home.run(), home.run('--json')])
    assert.deepEqual([text.code, json.code], [2, 2])
    assert.match(text.stderr, /no gateway is remembered.*\n {2}hint: .*"postern login https:/)
    const empty = { running: false, connections: [], gateways: [], proxies: [], known_gateways: [] }
    assert.deepEqual(JSON.parse(json.stdout), empty)
  })

  test('looks at every gateway at once: one that is there, one without a sign-in, one that is silent', async (t) => {
    const answers = { [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) } }
    await using one = await startFakeGateway({ answers })
    await using two = await startFakeGateway({ protocols: ['http/1.1'] })
    const port = await startSmallServer(t, {})
    const home = await homeWith(t, [
      { name: 'one', url: one.origin, ca: one.ca },
      { name: 'two', url: two.origin, ca: two.ca },
      { name: 'dead', url: `https://localhost:${port}` },
      { name: 'silent', url: `https://127.0.0.1:${port}` },
    ])
    await home.signIn(one.origin)
    const began = performance.now()
    const { code, stdout } = await home.run('--json')
    assert.equal(code, 0)
    assert.ok(performance.now() - began < 40_000, 'all at once, and bounded')
    const [first, second, ...others] = JSON.parse(stdout).known_gateways
    const { cipher, ...tls } = first.tls
    assert.match(cipher, /^TLS_AES/)
    assert.deepEqual(
      { ...first, tls },
      {
        name: 'one',
        origin: one.origin,
        is_default: true,
        reach: 'reachable',
        transport: 'HTTP/2',
        tls: { version: 'TLSv1.3', key_exchange: 'X25519MLKEM768' },
        session: 'signed-in',
        person: owner.email,
        session_ends_at: owner.session_expires_at,
        // A gateway that does not know the question.
        tunnels: null,
      },
    )
    assert.deepEqual(
      [second.reach, second.transport, second.session, second.is_default],
      ['reachable', 'HTTP/1.1', 'wanted', false],
    )
    for (const { reach, session, trouble } of others) {
      assert.deepEqual(
        [reach, session, trouble.code],
        ['unreachable', 'unknown', 'gateway-unreachable'],
      )
      assert.match(trouble.message, /no answer in 4 s/)
    }
    assert.deepEqual([one.logins, two.logins], [0, 0], 'nobody is signed in by it')
  })

  test('is a table for people, with what to do below it', async (t) => {
    const answers = { [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) } }
    await using one = await startFakeGateway({ answers })
    await using two = await startFakeGateway()
    const home = await homeWith(t, [
      { name: 'one', url: one.origin, ca: one.ca },
      { name: 'two', url: two.origin },
    ])
    await home.signIn(one.origin)
    const { code, stdout, stderr } = await home.run()
    assert.equal(code, 0)
    assert.match(
      stdout,
      /^one \(default\) {2}https:\S+ {2}reachable {4}HTTP\/2 {5}TLSv1\.3, X25519MLKEM768 {2}ada@example\.com until 2099-01-02 /m,
    )
    assert.match(stdout, /^two .* unreachable {2}- .* TLSv1\.3, X25519MLKEM768 {2}-$/m)
    assert.match(
      stderr,
      /^two: .*an authority that this machine does not know\n {2}hint: .*--ca-file/m,
    )
    assert.match(stderr, /^one: does not say what is open: it may be an earlier release$/m)
    assert.match(stderr, /nothing is up: the daemon does not run/)
  })

  test('says what is open by a session, in the gateway’s own words made safe', async (t) => {
    const moments = { opened_at: '2026-11-29T12:00:00Z', until: '2099-01-02T03:04:05Z' }
    const db = {
      id: 'r-1',
      route: 'orders\u001b[2J-db',
      target: 'db.corp:5432',
      ip: '192.0.2.7',
      bytes_up: 5,
      bytes_down: 70_000,
      ...moments,
    }
    const body = JSON.stringify({ tunnels: [db], open: 12, is_truncated: true })
    await using one = await startFakeGateway({
      answers: {
        [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) },
        [gatewayPaths.tunnels]: { status: 200, body },
      },
    })
    const home = await homeWith(t, [{ name: 'one', url: one.origin, ca: one.ca }])
    await home.signIn(one.origin)
    const { stdout, stderr } = await home.run()
    const row =
      /^orders \[2J-db {2}db\.corp:5432 {2}one {6}2026-11-29 \d\d:00 \S+ \(.*\) {2}5 {3}70000 {2}192\.0\.2\.7 {2}2099-01-02 /m
    assert.match(stdout, row)
    assert.match(stderr, /^one: 11 more are open$/m)
    const [known] = JSON.parse((await home.run('--json')).stdout).known_gateways
    assert.deepEqual(known.tunnels, [{ ...db, route: 'orders [2J-db' }])
    assert.equal(known.tunnels_open, 12)
  })

  test('counts the gateway of POSTERN_GATEWAY, whom POSTERN_CA_FILE vouches for, and for no other', async (t) => {
    const answers = { [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) } }
    await using one = await startFakeGateway()
    await using two = await startFakeGateway({ answers })
    const [nobody, home] = await Promise.all([
      homeWith(t, []),
      homeWith(t, [{ name: 'one', url: one.origin, ca: one.ca }]),
    ])
    const caFile = join(home.path, 'two.pem')
    await writeFile(caFile, two.ca)
    const named = { POSTERN_GATEWAY: two.origin, POSTERN_CA_FILE: caFile }
    await nobody.signIn(two.origin)
    const alone = await nobody.runWith(named)
    assert.equal(alone.code, 0, alone.stderr)
    assert.match(
      alone.stdout,
      /^- \(POSTERN_GATEWAY\) {2}https:\S+ {2}reachable .* ada@example\.com until 2099-/m,
    )
    assert.doesNotMatch(alone.stderr, /no gateway is remembered/)
    const both = JSON.parse((await home.runWith(named, '--json')).stdout).known_gateways
    assert.deepEqual(
      both.map((it: Record<string, unknown>) => [
        it['origin'],
        it['name'],
        it['named_by'],
        it['reach'],
      ]),
      [
        [two.origin, undefined, 'POSTERN_GATEWAY', 'reachable'],
        [one.origin, 'one', undefined, 'reachable'],
      ],
    )
    const byName = await home.runWith({ POSTERN_GATEWAY: 'one' })
    assert.match(byName.stdout, /^one \(default\) \(POSTERN_GATEWAY\) {2}\S+ {2}reachable/m)
    const wrong = await home.runWith({ POSTERN_GATEWAY: 'onee' })
    assert.equal(wrong.code, 0)
    assert.match(wrong.stderr, /POSTERN_GATEWAY: no gateway is remembered as "onee"/)
    assert.match(wrong.stdout, /^one \(default\) {2}/m, 'the others are shown')
  })
})

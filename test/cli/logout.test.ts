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

const answers = { [gatewayPaths.endSession]: { status: 200, body: '{}' } }

/** A home that remembers these gateways, and has a sign-in at each origin. */
async function homeWith(t: TestContext, gateways: readonly { url: string; ca?: string }[]) {
  const sandbox = await createSandbox()
  t.after(() => sandbox[Symbol.asyncDispose]())
  const directory = join(sandbox.path, 'config', 'postern')
  await mkdir(directory, { recursive: true })
  const named = gateways.map((one, index) => ({ name: `g${index}`, ...one }))
  const file = JSON.stringify({ version: 1, gateways: named })
  if (gateways.length > 0) await writeFile(join(directory, 'gateways.json'), file)
  const tokens = join(sandbox.path, 'cache', 'postern', 'tokens')
  const caches = gateways.map(({ url }) =>
    openTokenCache(tokens, { origin: url, isVerified: true }, silentLogger),
  )
  await Promise.all(caches.map((cache) => cache.write('aa.token.bb')))
  const env = { ...sandbox.env, HOME: sandbox.path }
  return {
    kept: () => Promise.all(caches.map((cache) => cache.read())),
    run: (...args: string[]) =>
      runPostern(['logout', ...args], {
        // Of a gateway that is not remembered.
        env: { ...env, POSTERN_CA_FILE: join(sandbox.path, 'absent.pem') },
      }),
  }
}

describe('postern logout --all', () => {
  test('ends every session, each trusted as it is remembered', async (t) => {
    await using one = await startFakeGateway({ answers })
    await using two = await startFakeGateway({ answers })
    const all = [one, two]
    const home = await homeWith(
      t,
      all.map(({ origin, ca }) => ({ url: origin, ca })),
    )
    const { code, stdout, stderr } = await home.run('--all', '--json')
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), {
      gateways: all.map(({ origin }) => ({ gateway: origin, session: 'ended' })),
    })
    for (const { origin } of all) {
      assert.ok(stderr.includes(`signed out of "${origin}"`), stderr)
    }
    assert.deepEqual(await home.kept(), [undefined, undefined])
    const again = await home.run('--all')
    assert.equal(again.code, 0)
    assert.match(again.stderr, /nobody is signed in to .*\n.*nobody is signed in to /)
  })

  test('leaves no sign-in here where a gateway is away, or its authority is damaged', async (t) => {
    await using one = await startFakeGateway({ answers })
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const port = await startSmallServer(t, { answer: 'nobody\r\n' })
    const home = await homeWith(t, [
      { url: `https://localhost:${port}` },
      { url: `https://127.0.0.1:${port}`, ca: damaged },
      { url: one.origin, ca: one.ca },
    ])
    const { code, stderr } = await home.run('--all')
    assert.equal(code, 7)
    const left = stderr.match(/the session goes on at "https:\S+": (?!the gateway cannot end)/g)
    assert.equal(left?.length, 2, stderr)
    assert.ok(stderr.includes(`signed out of "${one.origin}"`), stderr)
    assert.deepEqual(await home.kept(), [undefined, undefined, undefined])
  })

  test('is for all or for one, and for none where none is remembered', async (t) => {
    const home = await homeWith(t, [])
    const [both, none] = await Promise.all([home.run('--all', 'office'), home.run('--all')])
    assert.equal(both.code, 2)
    assert.match(both.stderr, /"--all" is for every gateway, and one is named/)
    assert.equal(none.code, 0)
    assert.match(none.stderr, /no gateway is remembered/)
  })
})

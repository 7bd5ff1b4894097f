import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { silentLogger } from '../../log.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { loadTrust } from '../../reach/trust.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { startDoor } from './daemon.fixture.ts'
import { createGatewayLink } from '../gateways/gateway-link.ts'

/** A link by a clock that nobody moves: what waits is counted, or called by hand. */
async function openLink(t: TestContext, origin: string, ca: string, isWanted = true) {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'postern-link-'))
  const fake = createFakeClock()
  const waiting: { readonly delayMs: number; readonly callback: () => void }[] = []
  const trust = await loadTrust({
    disableTlsVerification: false,
    caCertBase64: Buffer.from(ca).toString('base64'),
  })
  const gateway = parseGatewayUrl(origin)
  const surroundings = { proxies: {}, log: silentLogger, cacheDirectory }
  let wake: () => void = () => undefined
  const link = createGatewayLink({
    ...surroundings,
    gateway,
    trust,
    clock: {
      ...fake,
      schedule(delayMs, callback) {
        waiting.push({ delayMs, callback })
        return fake.schedule(delayMs, callback)
      },
    },
    openBrowser: () => undefined,
    onChange: () => wake(),
    isWanted: () => isWanted,
    use: () => ({ connections: 0, tunnels: 0, lastMs: undefined }),
    onSession: () => undefined,
  })
  t.after(async () => {
    await link.destroy()
    await rm(cacheDirectory, { recursive: true })
  })
  return {
    link,
    fake,
    waiting,
    cache: tokenCacheFor({ ...surroundings, gateway, trust }),
    nextChange: () => new Promise<void>((resolve) => (wake = resolve)),
  }
}

test('a gateway that is away is asked again only while somebody wants it', async (t) => {
  await using gateway = await startFakeGateway()
  await using door = await startDoor(gateway.port)
  await door.close()
  const wanted = await openLink(t, door.origin, gateway.ca)
  await wanted.link.check()
  assert.equal(wanted.link.view.reach, 'unreachable')
  assert.equal(wanted.fake.pending, 1)
  const unwanted = await openLink(t, door.origin, gateway.ca, false)
  await unwanted.link.check()
  assert.equal(unwanted.link.view.reach, 'unreachable')
  assert.equal(unwanted.fake.pending, 0)
})

test('a gateway is asked one thing at a time', async (t) => {
  await using gateway = await startFakeGateway()
  const { link } = await openLink(t, gateway.origin, gateway.ca)
  await Promise.all([link.check(), link.check(), link.check()])
  assert.equal(gateway.connections, 1)
  await link.check()
  assert.equal(gateway.connections, 2)
})

test('at the end of a session the gateway is asked whether it has ended', async (t) => {
  const answers: Record<string, { status: number; body: string }> = {}
  await using gateway = await startFakeGateway({ answers })
  const { link, fake, waiting, cache, nextChange } = await openLink(t, gateway.origin, gateway.ca)
  const leftMs = 3_600_000
  const body = JSON.stringify({ session_expires_at: new Date(fake.now() + leftMs).toISOString() })
  answers[gatewayPaths.user] = { status: 200, body }
  await cache.write('aa.token.bb')
  await link.check()
  assert.equal(link.view.session, 'signed-in')
  const atEnd = waiting.filter(({ delayMs }) => delayMs >= leftMs)
  assert.equal(atEnd.length, 1)
  answers[gatewayPaths.user] = { status: 401, body: '' }
  const changed = nextChange()
  atEnd[0]?.callback()
  await changed
  assert.equal(link.view.session, 'wanted')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../log.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { followSignIn, startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig } from './daemon.fixture.ts'

test(
  'a sign-in that was begun in the window holds from its end on',
  { timeout: 60_000 },
  async () => {
    await using gateway = await startFakeGateway()
    // By this clock it looks by itself after 15 seconds at the earliest.
    await using rig = await openDaemonRig({ clock: systemClock, browser: () => undefined })
    const link = await rig.daemon.links.take(parseGatewayUrl(gateway.origin), {
      ca_cert: gateway.ca,
      disable_tls_verification: false,
    })
    const { url = '' } = await link.signIn()
    assert.equal(link.view.session, 'wanted')
    const seen: string[] = []
    using _following = rig.daemon.onChange(() => seen.push(link.view.session))
    await followSignIn(url)
    const cache = tokenCacheFor({ ...link.signInOptions, log: silentLogger })
    while ((await cache.read()) === undefined) await turn()
    // Behind a look that may have begun before.
    await link.check()
    assert.deepEqual([...new Set(seen)], ['signed-in'])
  },
)

test(
  'a sign-in is good for all connections that believe the gateway, however they do',
  { timeout: 60_000 },
  async () => {
    await using gateway = await startFakeGateway()
    // Nobody follows it: it looks by itself at nothing.
    await using rig = await openDaemonRig({ clock: systemClock, browser: () => undefined })
    const trusts = [gateway.ca, `${gateway.ca}${gateway.ca}`].map((pem) => ({
      ca_cert: pem,
      disable_tls_verification: false,
    }))
    const address = parseGatewayUrl(gateway.origin)
    const [one, other] = await Promise.all(
      trusts.map((trust) => rig.daemon.links.take(address, trust)),
    )
    await other?.check()
    const session = (): string | undefined => other?.view.session
    assert.equal(session(), 'wanted')
    const { url = '' } = (await one?.signIn()) ?? {}
    const told = Promise.withResolvers<void>()
    using _ = rig.daemon.onChange(() => {
      if (session() === 'signed-in') told.resolve()
    })
    await followSignIn(url)
    await told.promise
  },
)

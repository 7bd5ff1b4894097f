import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { startDevIdp, type DevIdp } from '../../src/dev-idp/dev-idp.ts'
import { checkLooks } from './page-looks.ts'
import { ensurePagesBuilt } from './pages-built.ts'
import { peerTest } from './peers.ts'
import { startChromium } from './peers/chromium.ts'
import { exchange, personAt, untilEnded } from './person.ts'
import { alice, startRig, type GatewayRig, type RouteEntry } from './rig.ts'
import type { Scope } from './scope.ts'
import { issuedTo } from './secrets/gateway.ts'
import { echo, startService } from './services.ts'

const ours = 'ours.example.com:7'
const theirs = 'theirs.example.com:7'

interface SessionRow {
  readonly user: string
  readonly provider: string
  readonly groups: readonly string[]
}

describe('a gateway with two providers', () => {
  peerTest(
    'lets in each of two people of one id, address and group by their own provider',
    ['Chromium'],
    async (scope) => {
      const { rig, partner } = await startPair(scope)
      const person = await personAt(scope, rig, alice)
      const { page } = await startChromium(scope, rig)
      const local = await person.listen(theirs, '--browser-cmd', '/bin/true')
      const socket = await local.connect()
      const [, url = ''] = await local.child.says(/sign in at:\n\n {2}(\S+)\n/)
      await page.goto(url)
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      await page.getByRole('link', { name: 'Partner & Sons' }).click()
      await page.getByRole('button', { name: 'Alice of Partner' }).click()
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
      assert.equal(await exchange(socket, 'hello'), 'hello')

      // The same address and group, and another person: the route of ours is none of hers.
      const refused = await person.pipe(ours, '')
      assert.equal(refused.ending, 4)
      assert.match(refused.errors, /you have not signed in with a provider this route names/)
      const guest = { user: 'partner/u-alice', provider: 'partner', groups: ['partner/dba'] }
      assert.deepEqual(await sessionsOf(rig), [guest])

      // What was chosen comes first the next time.
      await page.goto(`${rig.origin}/.pomerium/sign_out`)
      await page.getByRole('button', { name: 'Sign out' }).click()
      await untilEnded(socket)
      await page.goto(`${rig.origin}/.pomerium/sign_in`)
      const first = page.getByRole('navigation').getByRole('link').first()
      assert.match((await first.textContent()) ?? '', /Partner & Sons\s+used last time/)
      await checkLooks(page, 'provider-choice')
      await first.click()
      await page.getByRole('button', { name: 'Alice of Partner' }).click()
      await page.getByRole('heading', { name: 'Your routes' }).waitFor()

      // She is somebody else by the other one, without having to sign out.
      await page.goto(`${rig.origin}/.pomerium/sign_in?provider=default`)
      await page.getByRole('button', { name: 'Alice Adams' }).click()
      await page.getByRole('heading', { name: 'Your routes' }).waitFor()
      const host = { user: 'u-alice', provider: 'default', groups: ['engineering', 'dba'] }
      assert.deepEqual(await sessionsOf(rig), [host, guest])

      // Without the provider nobody is whom it has vouched for.
      await rig.configure((file) => ({ ...file, identity_providers: undefined }))
      await rig.stop()
      await rig.start()
      assert.deepEqual(await sessionsOf(rig), [host])
      assert.ok(partner.signInCount > 0)
    },
  )
})

/** A route for a group of one of them, and for whoever has signed in with it. */
function routeOf(authority: string, port: number, provider: string, group: string): RouteEntry {
  return {
    from: `tcp+https://${authority}`,
    to: `tcp://127.0.0.1:${port}`,
    name: authority.split('.')[0] ?? authority,
    policy: [{ allow: { and: [{ provider }, { groups: { has: group } }] } }],
  }
}

async function startPair(scope: Scope): Promise<{ rig: GatewayRig; partner: DevIdp }> {
  ensurePagesBuilt()
  const guests = [{ id: 'u-alice', email: alice, name: 'Alice of Partner', groups: ['dba'] }]
  const partner = await startDevIdp({ people: guests, onIssued: issuedTo(scope.secrets) })
  scope.defer(() => partner.close(0))
  scope.secrets.provider(partner)
  const service = await startService(scope, echo)
  const routes = [
    routeOf(ours, service, 'default', 'dba'),
    routeOf(theirs, service, 'partner', 'partner/dba'),
  ]
  const rig = await startRig(scope, routes, {
    identity_providers: {
      partner: {
        name: 'Partner & Sons',
        provider_url: partner.issuer.href,
        client_id: partner.clientId,
        client_secret: partner.clientSecret,
        domains: ['partner.example'],
      },
    },
  })
  return { rig, partner }
}

async function sessionsOf(rig: GatewayRig): Promise<readonly SessionRow[]> {
  const { output } = await rig.postern(
    'gateway',
    'sessions',
    'list',
    '-c',
    rig.configPath,
    '--json',
  )
  const { sessions } = JSON.parse(output) as { readonly sessions: readonly SessionRow[] }
  return sessions.map(({ user, provider, groups }) => ({ user, provider, groups }))
}

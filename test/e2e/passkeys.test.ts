import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { checkLooks } from './page-looks.ts'
import { ensurePagesBuilt } from './pages-built.ts'
import { peerTest } from './peers.ts'
import { startChromium } from './peers/chromium.ts'
import { exchange, personAt, untilEnded } from './person.ts'
import { route, startRig, type GatewayRig } from './rig.ts'
import { echo, startService } from './services.ts'

const ada = 'ada@example.com'
const target = 'echo.example.com:7'

describe('passkeys in Chromium', () => {
  peerTest(
    'from an invitation to a tunnel without any provider, and cut when it is disabled',
    ['Chromium'],
    async (scope) => {
      ensurePagesBuilt()
      const service = await startService(scope, echo)
      const rig = await startRig(scope, [route(target, service, [ada])], onlyAccounts)
      const browser = await startChromium(scope, rig)
      const { page } = browser
      const devices = await virtualDevices(page)

      await page.goto(await invite(rig))
      await page.getByRole('heading', { name: 'You are invited to localhost' }).waitFor()
      await checkLooks(page, 'invitation')
      await page.getByLabel('Your name').fill('Ada Lovelace')
      const laptop = await devices.add('internal')
      await devices.set('setUserVerified', laptop, { isUserVerified: false })
      await page.getByRole('button', { name: 'Make a passkey' }).click()
      await page.getByText('Nothing was done').waitFor()
      await checkLooks(page, 'invitation-fault')
      await devices.set('setUserVerified', laptop, { isUserVerified: true })
      await page.getByRole('button', { name: 'Make a passkey' }).click()

      await page.getByText('Add a second passkey now').waitFor()
      await checkLooks(page, 'passkeys-first')
      await page.getByRole('button', { name: 'Add a second passkey' }).click()
      await page.getByText('has a passkey of yours here already').waitFor()
      await devices.set('setAutomaticPresenceSimulation', laptop, { enabled: false })
      const key = await devices.add('usb')
      await page.getByRole('button', { name: 'Add a second passkey' }).click()
      await page.getByText('Each of them signs in ada@example.com').waitFor()
      assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 2)
      await page.getByText('Security key').waitFor()
      await checkLooks(page, 'passkeys')

      await page.goto(`${rig.origin}/`)
      await page.getByRole('link', { name: 'Your passkeys' }).click()
      await page.getByText('Each of them signs in ada@example.com').waitFor()

      // She administers as well.
      await page.goto(`${rig.origin}/console/people`)
      await page.getByRole('link', { name: '1 account of this gateway' }).click()
      await page.getByRole('button', { name: 'Invite' }).click()
      await page.getByLabel('Email address').fill('bob@example.com')
      await page.getByLabel('Groups').fill('ops, dba')
      await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click()
      await page.getByText(`${rig.origin}/.postern/invitation?code=`).waitFor()
      await checkLooks(page, 'console-account-link')
      await page.getByRole('button', { name: 'Done' }).click()
      await page.getByText('bob@example.com').first().waitFor()
      await checkLooks(page, 'console-accounts')

      // Somebody who is not signed in, with the other one of both.
      await page.context().clearCookies()
      const person = await personAt(scope, rig, ada)
      const local = await person.listen(target, '--browser-cmd', '/bin/true')
      const socket = await local.connect()
      const [, url = ''] = await local.child.says(/sign in at:\n\n {2}(\S+)\n/)
      await page.goto(url)
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      await checkLooks(page, 'passkey-sign-in')
      await devices.set('setUserVerified', key, { isUserVerified: true })
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
      assert.equal(await exchange(socket, 'hello'), 'hello')

      const disabled = performance.now()
      const { errors } = await rig.postern('gateway', 'accounts', 'disable', ada)
      assert.match(errors, /their sessions and tunnels have ended/)
      await untilEnded(socket)
      assert.ok(performance.now() - disabled < 10_000)

      await page.goto(`${rig.origin}/.pomerium/`)
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByText('This passkey is not accepted here').waitFor()
      await checkLooks(page, 'passkey-refused')
      assert.deepEqual(browser.faults, [])
      for (const host of browser.hosts) assert.match(host, /^(?:127\.0\.0\.1|localhost):\d+$/)
    },
  )
})

const onlyAccounts = {
  local_accounts: true,
  administrators: [ada],
  idp_provider: undefined,
  idp_provider_url: undefined,
  idp_client_id: undefined,
  idp_client_secret: undefined,
  idp_scopes: undefined,
}

async function invite(rig: GatewayRig): Promise<string> {
  const { output, errors } = await rig.postern(
    'gateway',
    'accounts',
    'invite',
    ada,
    '--group',
    'ops',
  )
  assert.match(errors, /send this link to ada@example\.com and to nobody else/)
  const link = output.trim()
  assert.match(link, /^https:\/\/localhost:\d+\/\.postern\/invitation\?code=[\w-]{43}$/)
  return link
}

/** Devices that keep passkeys, as Chromium has them for tests. */
interface Devices {
  add(transport: 'internal' | 'usb'): Promise<string>
  set(
    what: 'setUserVerified' | 'setAutomaticPresenceSimulation',
    authenticatorId: string,
    value: { readonly isUserVerified?: boolean; readonly enabled?: boolean },
  ): Promise<void>
}

async function virtualDevices(page: Page): Promise<Devices> {
  const debug: CDPSession = await page.context().newCDPSession(page)
  await debug.send('WebAuthn.enable')
  return {
    async add(transport) {
      const { authenticatorId } = await debug.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport,
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      })
      return authenticatorId
    },
    async set(what, authenticatorId, value) {
      await debug.send(`WebAuthn.${what}`, { authenticatorId, ...value } as never)
    },
  }
}

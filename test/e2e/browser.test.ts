import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { checkLooks } from './page-looks.ts'
import { ensurePagesBuilt } from './pages-built.ts'
import { peerTest } from './peers.ts'
import { startChromium, type Chromium } from './peers/chromium.ts'
import { exchange, personAt, untilEnded, type LocalPort } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'

describe('the pages in Chromium', () => {
  peerTest('somebody signs in, looks around and signs out', ['Chromium'], async (scope) => {
    const { rig, local, browser } = await startPages(scope)
    const { page } = browser
    const socket = await local.connect()
    const [, url = ''] = await local.child.says(/sign in at:\n\n {2}(\S+)\n/)
    await page.goto(url)
    await checkLooks(page, 'sign-in')

    await page.getByRole('button', { name: 'Alice Adams' }).click()
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
    // What the address bar held is in no history.
    assert.match(page.url(), /^http:\/\/127\.0\.0\.1:\d+\/$/)
    await checkLooks(page, 'signed-in-for-postern')
    assert.equal(await exchange(socket, 'hello'), 'hello')

    await page.goto(`${rig.origin}/.pomerium/`)
    await page.getByText(`postern tcp --gateway ${rig.origin} ${target}`).waitFor()
    await page.getByText(alice).first().waitFor()
    await checkLooks(page, 'account')

    await page.goto(`${rig.origin}/.pomerium/sign_out`)
    await checkLooks(page, 'sign-out')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await checkLooks(page, 'signed-out')
    await untilEnded(socket)
    await page.goto(`${rig.origin}/.pomerium/`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest('what is refused is a page as well', ['Chromium'], async (scope) => {
    const { rig, local, browser } = await startPages(scope)
    const { page } = browser
    // Under a name that is not its own: what cookies there are belong to somebody else.
    assert.equal((await page.goto(`https://127.0.0.1:${rig.port}/`))?.status(), 200)
    await page.getByRole('heading', { name: 'This is a Postern gateway' }).waitFor()
    await checkLooks(page, 'welcome')
    assert.equal((await page.goto(`${rig.origin}/nothing`))?.status(), 404)
    await checkLooks(page, 'not-found')
    const unsigned = '/.pomerium/sign_in?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F'
    assert.equal((await page.goto(rig.origin + unsigned))?.status(), 403)
    await checkLooks(page, 'forbidden')
    rig.idp.setCondition('failing')
    assert.equal((await page.goto(`${rig.origin}/.pomerium/sign_in`))?.status(), 503)
    await checkLooks(page, 'provider-down')
    rig.idp.setCondition('up')

    await local.connect()
    const [, url = ''] = await local.child.says(/sign in at:\n\n {2}(\S+)\n/)
    await page.goto(url)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading').first().waitFor()
    await checkLooks(page, 'cancelled')
    checkBehaviour(browser, rig)
  })

  peerTest('somebody without a route is told so', ['Chromium'], async (scope) => {
    const { rig, browser } = await startPages(scope)
    const { page } = browser
    await page.goto(`${rig.origin}/`)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Carol Clark' }).click()
    await page.getByText('Ask whoever runs this gateway for access').waitFor()
    await page.getByRole('link', { name: 'Account details' }).click()
    await page.getByText('Ask whoever runs this gateway for access').waitFor()
    await checkLooks(page, 'account-without-routes')
    checkBehaviour(browser, rig)
  })
})

interface Pages {
  readonly rig: GatewayRig
  readonly local: LocalPort
  readonly browser: Chromium
}

async function startPages(scope: Scope): Promise<Pages> {
  ensurePagesBuilt()
  const service = await startService(scope, echo)
  const described = { ...route(target, service), description: 'Says what it hears' }
  const long = route('a-rather-long-host-name-of-some-service.internal.example.com:65535', service)
  const rig = await startRig(scope, [described, long])
  const person = await personAt(scope, rig, alice)
  // The address is printed for whoever opens it: here Chromium.
  const local = await person.listen(target, '--browser-cmd', '/bin/true')
  return { rig, local, browser: await startChromium(scope, rig) }
}

/** No script failed, no policy was broken, and nobody else was asked for anything. */
function checkBehaviour({ faults, hosts }: Chromium, rig: GatewayRig): void {
  assert.deepEqual(faults, [])
  for (const host of hosts) assert.match(host, /^(?:127\.0\.0\.1|localhost):\d+$/)
  assert.ok(hosts.has(new URL(rig.origin).host))
}

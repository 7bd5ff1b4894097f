import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { ensurePagesBuilt } from './pages-built.ts'
import { checkLooks } from './page-looks.ts'
import { peerTest } from './peers.ts'
import { startChromium, type Chromium } from './peers/chromium.ts'
import { alice, bob, route, startRig, type GatewayRig, type RouteEntry } from './rig.ts'
import type { Scope } from './scope.ts'

const listed = { listed: true, contact: 'dba@example.com' }
const routes: readonly RouteEntry[] = [
  { ...route('build.example.com:22', 1), description: 'Build machines' },
  { ...route('orders-db.example.com:5432', 1), description: 'Orders of the last ten years' },
  route('a-rather-long-host-name-of-some-service.internal.example.com:65535', 1),
  { ...route('*.lab.example.com:22', 1), name: 'lab' },
  { ...route('any.example.com', 1), name: 'any' },
  { ...route('payroll.example.com:3306', 1, [bob]), description: 'Salaries', ...listed },
  { ...route('secret.example.com:7', 1, [bob]), description: 'Nobody else knows' },
]

describe('the portal in Chromium', () => {
  peerTest('somebody signs in and finds their routes', ['Chromium'], async (scope) => {
    const { rig, browser } = await openPortal(scope, routes)
    const { page } = browser
    await page.getByRole('heading', { name: 'This is a Postern gateway' }).waitFor()
    assert.doesNotMatch(await textOf(page), /example\.com/)
    await checkLooks(page, 'portal-signed-out')

    await signIn(page, 'Alice Adams')
    assert.equal(page.url(), `${rig.origin}/`)
    const text = await textOf(page)
    assert.match(text, /Alice Adams · alice@example\.com\s+Signed in until .* \(in 13 h 59 min\)/)
    assert.match(text, /build\s+Build machines/)
    assert.match(text, /write the name of the machine for NAME/)
    assert.match(text, /write the port of the service for PORT/)
    assert.match(text, /Not open to you now\s+payroll\s+Salaries\s+Your email address is not among/)
    assert.equal(
      await page.getByRole('link', { name: 'dba@example.com' }).getAttribute('href'),
      'mailto:dba@example.com',
    )
    assert.doesNotMatch(text, /secret|Nobody else knows/)
    await checkLooks(page, 'portal')
    checkBehaviour(browser, rig)
  })
})

interface Portal {
  readonly rig: GatewayRig
  readonly browser: Chromium
}

async function openPortal(
  scope: Scope,
  entries: readonly RouteEntry[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Portal> {
  ensurePagesBuilt()
  const rig = await startRig(scope, entries, settings)
  const browser = await startChromium(scope, rig)
  await browser.page.goto(`${rig.origin}/`)
  return { rig, browser }
}

/** From the portal's button to the portal again. */
async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('button', { name }).click()
  await page.getByRole('heading', { name: 'Your routes' }).waitFor()
}

function textOf(page: Page): Promise<string> {
  return page.locator('main').innerText()
}

/** No script failed, no policy was broken, and nobody else was asked for anything. */
function checkBehaviour({ faults, hosts }: Chromium, rig: GatewayRig): void {
  assert.deepEqual(faults, [])
  for (const host of hosts) assert.match(host, /^(?:127\.0\.0\.1|localhost):\d+$/)
  assert.ok(hosts.has(new URL(rig.origin).host))
}

void alice

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import { peerTest } from '../peers.ts'
import { bob, route } from '../rig.ts'
import { echo, startService } from '../services.ts'
import { copyCommand, countsUp, looks, opened, withoutTabs } from './gestures.ts'
import { answer, downloaded, hold, openWindow, row, type WindowRig } from './open-window.ts'
import { exchangeFiles, list, loadAgain } from './window-list.ts'

describe('the window of Postern Desktop in Chromium', () => {
  peerTest(
    'leads from a gateway’s address to bytes, and further',
    ['Chromium'],
    async (scope) => {
      const service = await startService(scope, echo)
      const approval = { approvers: [{ allow: { or: [{ email: { is: bob } }] } }], max: '1h' }
      const window = await openWindow(scope, [
        route('cache.example.com:6379', service),
        route('orders.example.com:5432', service),
        { ...route('payroll.example.com:3389', service, [bob]), approval, listed: true },
      ])
      await firstRun(window)
      await bytes(window)
      await addByHand(window)
      await one(window)
      await edit(window)
      await list(window)
      await loadAgain(window)
      await exchangeFiles(window)
      await settings(window)
      await comeAndGo(window)
      // While the daemon was away nobody answered.
      const faults = window.browser.faults.filter((fault) => !fault.includes('net::ERR_'))
      assert.deepEqual(faults, [])
      for (const host of window.browser.hosts)
        assert.match(host, /^(?:127\.0\.0\.1|localhost):\d+$/)
    },
    240_000,
  )
})

/** From an address, mistyped at first, to connections that are up. */
async function firstRun(window: WindowRig): Promise<void> {
  const { page, rig } = window
  await page.goto(await window.address())
  await page.getByRole('heading', { name: 'Welcome to Postern' }).waitFor()
  await looks(page, 'first-run')
  await page.getByRole('link', { name: 'Skip to the content' }).press('Enter')
  await page.locator('#content:focus').waitFor()
  for (const [link, title] of [
    ['import a file', 'Import connections'],
    ['add a connection by hand', 'Add a connection'],
  ] as const) {
    await page.getByRole('link', { name: link }).click()
    await page.getByRole('heading', { name: title }).waitFor()
    await page.goBack()
  }
  const gateway = page.getByLabel('Gateway address')
  const signIn = page.getByRole('button', { name: 'Sign in' })
  await signIn.click()
  await page.getByText('Say this').waitFor()
  await gateway.fill('localhost:1')
  await signIn.click()
  await page.getByText('The gateway "localhost:1" refused the connection').waitFor()
  assert.equal(await gateway.inputValue(), 'localhost:1')
  await page.locator('input:focus').and(gateway).waitFor()
  await gateway.fill(rig.origin)
  await signIn.click()
  await page.getByText('an authority that this machine does not know').waitFor()
  await page.getByText('Advanced').click()
  await page.getByLabel('CA file path').fill(rig.caFile)
  await withoutTabs(page, async () => {
    await signIn.click()
    await page.getByText('Your browser kept the sign-in page from opening').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await signIn.click()
    const link = page.getByRole('link', { name: 'Open the sign-in page' })
    await window.signIn(() => link.click())
  })
  await page.getByRole('heading', { name: /^Routes of localhost/ }).waitFor()
  await page.getByText('2 of 2 chosen').waitFor()
  assert.equal(await page.getByLabel('payroll').isDisabled(), true)
  // Nobody is named whom to ask.
  assert.equal(await page.getByText('Ask .').count(), 0)
  await looks(page, 'routes')
  await page.getByRole('button', { name: 'None' }).click()
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByText('Choose at least one').waitFor()
  await page.getByRole('button', { name: 'All' }).click()
  await page.getByLabel('cache').uncheck()
  await page.getByText('1 of 2 chosen').waitFor()
  await page.getByLabel('cache').check()
  await page.getByRole('combobox', { name: 'Tags' }).fill('prod')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByRole('grid', { name: 'All connections' }).waitFor()
  await countsUp(page, '2 of 2 up')
}

/** What is told of a connection follows its bytes. */
async function bytes(window: WindowRig): Promise<void> {
  const { page } = window
  const cache = row(page, 'cache')
  await cache.getByText('Listening').waitFor()
  const address = (await cache.locator('code').innerText()).trim()
  {
    await using held = await hold(address)
    assert.equal(await held.exchange('PING'), 'PING')
    await cache.getByText('Connected').waitFor()
    await looks(page, 'list')
  }
  await cache.getByText('Listening').waitFor()
  await cache.getByText('4 B').first().waitFor()
  await cache.getByRole('button', { name: 'copy the address' }).click()
  await cache.getByText('Copied').waitFor()
  assert.equal(await window.clipboard(), address)
}

/** The form: what is wrong stands at its field, and what was typed stays. */
async function addByHand(window: WindowRig): Promise<void> {
  const { page, rig } = window
  await page.getByRole('button', { name: 'New connection' }).click()
  await page.getByRole('menuitem', { name: 'Add a connection' }).click()
  const save = page.getByRole('button', { name: 'Save', exact: true })
  await save.click()
  await page.getByText('2 fields to look at again').waitFor()
  await page.getByRole('textbox', { name: 'Name' }).fill('payroll')
  const destination = page.getByRole('textbox', { name: 'Destination URL' })
  await destination.fill('payroll.example.com')
  await page.getByRole('textbox', { name: 'Local address' }).fill('nowhere')
  await page.getByText('Advanced').click()
  await page.getByRole('textbox', { name: 'Alternate Pomerium URL' }).fill(rig.origin)
  await save.click()
  await page.getByText('2 fields to look at again').waitFor()
  await looks(page, 'form-faults')
  await page.reload()
  await page.getByText('Your changes from before are here').waitFor()
  assert.equal(await destination.inputValue(), 'payroll.example.com')
  await destination.fill('payroll.example.com:3389')
  await page.getByRole('textbox', { name: 'Local address' }).fill('')
  await page.getByRole('textbox', { name: 'CA file path' }).fill(rig.caFile)
  await page.getByRole('combobox', { name: 'Tags' }).fill('people')
  await page.keyboard.press('Enter')
  await page.getByRole('switch', { name: 'Start connection at launch' }).click({ force: true })
  await page.getByLabel('Protocol').selectOption('udp')
  await page.getByLabel('Protocol').selectOption('tcp')
  await page.getByRole('link', { name: 'Settings' }).click()
  await answer(page, 'Cancel')
  await page.getByRole('link', { name: 'Settings' }).click()
  await answer(page, 'Leave')
  await page.getByRole('heading', { name: 'Settings', exact: true }).waitFor()
  await page.goBack()
  await page.getByText('Your changes from before are here').waitFor()
  await page.getByRole('button', { name: 'Save and connect' }).click()
  await page.getByRole('heading', { name: 'payroll', exact: true }).waitFor()
}

/** One connection that the gateway refuses: why, and what to do. */
async function one(window: WindowRig): Promise<void> {
  const { page, rig } = window
  await page.getByText('Listening', { exact: true }).first().waitFor()
  const address = (await page.locator('.one-state code').first().innerText()).trim()
  await hold(address).then(async (held) => {
    await held.ended
    await held[Symbol.asyncDispose]()
  })
  await page.getByText('Access denied').waitFor()
  const trouble = page.locator('.trouble')
  await trouble.getByText('give the request id').waitFor()
  assert.doesNotMatch(await trouble.innerText(), /postern request/)
  await looks(page, 'view')
  const ask = page.getByRole('button', { name: 'Ask', exact: true })
  await ask.click()
  await page.getByText('Say what it is for').waitFor()
  await page.getByLabel('What for').fill('month-end close')
  await page.getByLabel('For how long').selectOption({ label: '30 min' })
  await ask.click()
  await page.getByText('Asked for access').first().waitFor()
  // At the trouble, and at its line of the log.
  const gatewayPages = page.getByRole('link', { name: 'See the gateway’s page' })
  for (const link of [gatewayPages.first(), gatewayPages.last()])
    assert.equal(new URL(await opened(window, () => link.click())).origin, rig.origin)

  await page
    .getByRole('button', { name: /^Copy / })
    .first()
    .click()
  await page.getByText('Copied').first().waitFor()
  await page.locator('.one-state').getByRole('button', { name: 'copy the address' }).click()
  await page.locator('.one-state').getByText('Copied').waitFor()
  assert.equal(await window.clipboard(), address)
  const rdp = await downloaded(page, () =>
    page.getByRole('button', { name: 'Remote Desktop' }).click(),
  )
  assert.match(await readFile(rdp.path, 'utf8'), /full address:s:/)

  const log = page.getByRole('grid', { name: 'Log, newest first' })
  await log.getByRole('row').nth(1).waitFor()
  await page.getByLabel('Show').selectOption('error')
  await page.getByLabel('Find in the log').fill('no such words')
  await page.getByText('No line fits.').waitFor()
  await page.getByLabel('Find in the log').fill('')
  await page.getByLabel('Show').selectOption('all')
  const exported = await downloaded(page, () =>
    page.getByRole('button', { name: 'Export log' }).click(),
  )
  const lines = JSON.parse(await readFile(exported.path, 'utf8')) as { message: string }[]
  assert.ok(lines.length > 1, JSON.stringify(lines))
  await page.getByRole('button', { name: 'Disconnect' }).click()
  await page.getByText('Off', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByRole('button', { name: 'Disconnect' }).waitFor()
}

/** A private key goes in, and never comes out. */
async function edit(window: WindowRig): Promise<void> {
  const { page, rig } = window
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['alice.example.com'])
  await page.getByRole('link', { name: 'Edit' }).click()
  await keepOrDiscard(window)
  await page.getByRole('switch', { name: 'Disable TLS verification' }).click({ force: true })
  await page.getByLabel('CA file path').fill('')
  await page.getByLabel('CA text').fill(rig.ca)
  await page.getByRole('radiogroup', { name: 'Client certificate' }).getByText('Text').click()
  await page.getByLabel('Certificate text').fill(pair.cert)
  await page.getByLabel('Key text').fill(pair.key)
  await page.getByRole('button', { name: 'Certificate details' }).click()
  await page.getByRole('dialog').getByText('alice.example.com').first().waitFor()
  await answer(page, 'Close')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('heading', { name: 'payroll', exact: true }).waitFor()
  await page.getByText('not checked: TLS verification is disabled').waitFor()
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByRole('switch', { name: 'Disable TLS verification' }).click({ force: true })
  assert.equal((await page.getByLabel('CA text').inputValue()).trim(), rig.ca.trim())
  await page.getByLabel('CA text').fill('')
  await page.getByLabel('CA file path').fill(rig.caFile)
  await page.getByText('A key is kept with this connection').waitFor()
  assert.equal(await page.getByLabel('Key text').inputValue(), '')
  await page.getByRole('button', { name: 'Remove the certificate and its key' }).click()
  await page.getByRole('radiogroup', { name: 'Client certificate' }).getByText('Files').click()
  await page.getByLabel('Certificate file path').fill('/nowhere.pem')
  await page.getByLabel('Key file path').fill('/nowhere.pem')
  await page.getByRole('radiogroup', { name: 'Client certificate' }).getByText('None').click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('heading', { name: 'payroll', exact: true }).waitFor()
}

/** What was typed is kept until somebody discards it, and so is what somebody else has saved meanwhile. */
async function keepOrDiscard({ page, browser }: WindowRig): Promise<void> {
  const name = page.getByRole('textbox', { name: 'Name' })
  await name.fill('wages')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await answer(page, 'Leave')
  await page.getByRole('link', { name: 'Edit' }).click()
  assert.equal(await name.inputValue(), 'wages')
  await page.getByRole('button', { name: 'Discard them' }).click()
  assert.equal(await name.inputValue(), 'payroll')

  await name.fill('wages')
  const other = await browser.context.newPage()
  await other.goto(page.url())
  await other.getByRole('switch', { name: 'Start connection at launch' }).click({ force: true })
  await other.getByRole('button', { name: 'Save', exact: true }).click()
  await other.getByRole('heading', { name: 'payroll', exact: true }).waitFor()
  await other.close()
  await page.getByRole('button', { name: 'Discard mine' }).click()
  assert.equal(await name.inputValue(), 'payroll')
}

/** Who is signed in, and who may use the window. */
async function settings(window: WindowRig): Promise<void> {
  const { page } = window
  const toSettings = page.getByRole('link', { name: 'Settings', exact: true })
  const toList = page.getByRole('link', { name: 'Connections', exact: true })
  await toSettings.click()
  await page.getByText('alice@example.com').waitFor()
  await looks(page, 'settings')
  await copyCommand(window, 'postern up --proxy 127.0.0.1:3128')
  const { ending, errors } = await window.postern('up', '--proxy', '127.0.0.1:0')
  assert.equal(ending, 0, errors)
  const proxy = page.getByRole('button', { name: 'the address of the proxy' })
  await proxy.click()
  await proxy.getByText('Copied').waitFor()
  assert.match(await window.clipboard(), /^127\.0\.0\.1:\d+$/)

  const link = page.getByRole('link', { name: 'Open the sign-in page' })
  await withoutTabs(page, async () => {
    await toList.click()
    await page.getByRole('link', { name: 'cache', exact: true }).click()
    await signInBlocked(page.locator('.one-state'), 'Renew')
    await toSettings.click()
    await signInBlocked(page.locator('.settings'), 'Renew')
    await window.signIn(() => link.click())
  })
  await link.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Sign out' }).click()
  await answer(page, 'Sign out')
  await page.getByText('Nobody is signed in').waitFor()
  // Wherever it is missed.
  await withoutTabs(page, async () => {
    await toList.click()
    await signInBlocked(page.locator('.attention'), 'Sign in')
    await signInBlocked(row(page, 'cache'), 'Sign in')
    await page.getByRole('link', { name: 'cache', exact: true }).click()
    await signInBlocked(page.locator('.one-state'), 'Sign in')
    await toSettings.click()
  })
  await window.signIn(() => page.getByRole('button', { name: 'Sign in' }).first().click())
  await page.getByText('alice@example.com').waitFor()
}

async function signInBlocked(place: Locator, button: string): Promise<void> {
  await place.getByRole('button', { name: button }).click()
  await place.getByText('Your browser kept the sign-in page from opening').waitFor()
}

/** The daemon goes and comes back; the browser is put out and let in again. */
async function comeAndGo(window: WindowRig): Promise<void> {
  const { page } = window
  await page.getByRole('link', { name: 'Connections' }).click()
  await window.stop()
  await page.getByText('does not answer').waitFor()
  await looks(page, 'lost')
  await copyCommand(window, 'postern up')
  await window.start()
  await page.getByText('does not answer').waitFor({ state: 'hidden' })
  await page.getByRole('grid', { name: 'All connections' }).waitFor()
  await fromCache(page)
  for (const path of ['/nowhere', '/connections/none']) {
    await page.goto(new URL(path, page.url()).href)
    await page.getByRole('link', { name: 'To the list' }).click()
    await page.getByRole('grid', { name: 'All connections' }).waitFor()
  }

  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('button', { name: /^Revoke/ }).click()
  await answer(page, 'Revoke')
  await page.getByRole('heading', { name: 'This browser may not use' }).waitFor()
  await looks(page, 'refused')
  await copyCommand(window, 'postern desktop')
  await page.goto(await window.address())
  await page.getByRole('grid', { name: 'All connections' }).waitFor()
}

/** A page that a browser has kept of an earlier run of the daemon. */
async function fromCache(page: Page): Promise<void> {
  const { href } = new URL('/', page.url())
  await page.route(
    href,
    async (route) => {
      const response = await route.fetch()
      const body = (await response.text()).replace(/(?<=name="postern-run" content=")[^"]*/, 'old')
      await route.fulfill({ response, body })
    },
    { times: 1 },
  )
  await page.goto(href)
  await page.getByText('Postern was started anew').waitFor()
  await page.getByRole('button', { name: 'Load the page again' }).click()
  await page.getByRole('grid', { name: 'All connections' }).waitFor()
}

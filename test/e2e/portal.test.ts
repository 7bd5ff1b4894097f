import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { createRelease } from '../../src/downloads/release.fixture.ts'
import { dial } from '../../src/net/dial.ts'
import { ownPortOf } from '../../src/routes/local-ports.ts'
import { runChild, startChild } from './child.ts'
import { ensurePagesBuilt } from './pages-built.ts'
import { checkLooks } from './page-looks.ts'
import { peerTest, program } from './peers.ts'
import { startChromium, type Chromium } from './peers/chromium.ts'
import { startSshd, type Sshd } from './peers/openssh.ts'
import { exchange, personAt, untilEnded, type Person } from './person.ts'
import {
  alice,
  bob,
  posternCommand,
  route,
  startRig,
  type GatewayRig,
  type RouteEntry,
} from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

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
    assert.match(
      text,
      /\.internal\.example\.com:65535\s+Keep this running, and point your program at the address that it prints/,
    )
    assert.match(text, /replace NAME with the name of the machine/)
    assert.match(text, /replace PORT with the port of the service/)
    assert.match(text, /Not open to you now\s+payroll\s+Salaries\s+Your email address is not among/)
    assert.equal(
      await page.getByRole('link', { name: 'dba@example.com' }).getAttribute('href'),
      'mailto:dba@example.com',
    )
    assert.doesNotMatch(text, /secret|Nobody else knows/)
    await checkLooks(page, 'portal')
    checkBehaviour(browser, rig)
  })

  peerTest('what is copied runs as it is', ['Chromium', 'OpenSSH'], async (scope) => {
    const host = 'ssh.example.com'
    const sshd = await startSshd(scope, host)
    const { rig, browser } = await openPortal(scope, [route(`${host}:22`, sshd.port)])
    const { page } = browser
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await signIn(page, 'Alice Adams')
    // By keyboard alone, and visibly so.
    for (const name of ['Sign out', 'Get Postern', 'Copy', 'With programs', 'Copy']) {
      await page.keyboard.press('Tab')
      assert.match(await focused(page, 'innerText'), new RegExp(`^${name}`))
      assert.match(await focused(page, 'outline'), /solid 3px|3px solid/)
      if (name.startsWith('With')) await page.keyboard.press('Enter')
    }
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await announced(page), 'Copied the ssh command for ssh')
    const command = await page.evaluate<string>('navigator.clipboard.readText()')

    const person = await personAt(scope, rig, alice)
    const env = await withTools(scope, person, rig, sshd)
    const { output, errors } = await runChild(scope, '/bin/sh', ['-c', `${command} echo it runs`], {
      env,
      cwd: person.home,
    })
    assert.equal(output, 'it runs\n', errors)
    checkBehaviour(browser, rig)
  })

  peerTest('whoever has no program yet finds how to get it', ['Chromium'], async (scope) => {
    const release = await createRelease({ after: (undo) => scope.defer(undo as () => void) })
    const systems = ['linux-x64', 'linux-arm64', 'linux-x64-musl', 'darwin-arm64']
    const files = systems.map((system) => `postern-0.1.0-${system}.tar.gz`)
    const all = [...files, 'postern-0.1.0-windows-x64.zip']
    await release.write(Object.fromEntries(all.map((name) => [name, name])))
    const settings = { downloads: release.directory }
    const { rig, browser } = await openPortal(scope, routes, settings)
    const { page } = browser
    await page.getByRole('heading', { name: 'Get Postern' }).waitFor()
    const line = (text: string) => page.locator('pre', { hasText: text })
    await line(`curl -fsSL ${rig.origin}/.postern/install.sh | sh`).waitFor()
    await page.getByText('Download by hand').click()
    await checkLooks(page, 'portal-get-postern')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'postern-0.1.0-linux-arm64.tar.gz' }).click(),
    ])
    assert.equal(await readFile(await download.path(), 'utf8'), download.suggestedFilename())
    await page.getByLabel('Your system').selectOption('Windows')
    await line(`irm ${rig.origin}/.postern/install.ps1 | iex`).waitFor()
    assert.equal(await page.getByRole('link', { name: /linux/ }).count(), 0)

    // Whoever has it puts it away, and finds it again from the commands.
    await page.getByText('Get Postern').click()
    await signIn(page, 'Alice Adams')
    assert.equal(await page.getByText('Your system').isVisible(), false)
    await page.getByRole('link', { name: 'No postern on this machine yet?' }).first().click()
    await page.getByText('Your system').waitFor()
    assert.match(await focused(page, 'innerText'), /^Get Postern/)
    checkBehaviour(browser, rig)
  })

  peerTest('applications are shown as routes are', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { rig, browser } = await openPortal(scope, [], { access: applications(service) })
    const { page } = browser
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await signIn(page, 'Alice Adams')
    const cards = await page.getByRole('region').allInnerTexts()
    const card = (name: string): string => cards.find((text) => text.startsWith(name)) ?? ''
    const place = (host: string): string => `--hostname ${host}:${rig.port}`
    assert.match(card('orders'), /ten years\s+Not connected now: .*\s+db\.site\.com\n/)
    assert.match(
      card('orders'),
      new RegExp(`${place('db.site.com')} --url localhost:15432[^]*psql`),
    )
    assert.match(card('ssh.'), /ssh -o "ProxyCommand=postern access ssh .*" ssh\.site\.com/)
    assert.doesNotMatch(card('ssh.'), /:443|Not connected/)
    assert.match(
      card('jump.'),
      /replace HOST with .*, replace PORT with [^]* --destination HOST:PORT /,
    )
    assert.match(card('tcp.'), /point your program at localhost:\d+/)
    assert.match(card('*.lab.'), /replace NAME with/)
    assert.match(card('payroll.'), /Salaries\s+Your email address is not among/)
    assert.doesNotMatch(cards.join(), /secret/)
    await checkLooks(page, 'portal-applications')

    await page.getByRole('button', { name: 'Copy the postern command for tcp.site.com' }).click()
    const command = await page.evaluate<string>('navigator.clipboard.readText()')
    const listen = `localhost:${ownPortOf('tcp.site.com')}`
    assert.equal(command, `postern access tcp ${place('tcp.site.com')} --url ${listen}`)
    // Here no DNS leads the name to the gateway, and the port may be somebody's.
    const person = await personAt(scope, rig, alice)
    const [, ...options] = person.tcpArgs('').slice(0, -1)
    const words = command.replace(listen, 'localhost:0').split(' ').slice(1)
    const child = startChild(scope, ...posternCommand(...words, ...options), { env: person.env })
    const [, port] = await child.says(/listening on 127\.0\.0\.1:(\d+)/)
    const socket = await dial({ host: '127.0.0.1', port: Number(port) })
    scope.defer(() => void socket.destroy())
    assert.equal(await exchange(socket, 'it runs'), 'it runs')
    checkBehaviour(browser, rig)
  })

  peerTest('without a clipboard the command is selected', ['Chromium'], async (scope) => {
    const { browser } = await openPortal(scope, [route('echo.example.com:7', 1)])
    const { page } = browser
    await page.context().grantPermissions([])
    await page.addInitScript('Object.defineProperty(navigator, "clipboard", { value: undefined })')
    await signIn(page, 'Alice Adams')
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Selected' }).waitFor()
    const selected = await page.evaluate<string>('getSelection().toString()')
    assert.match(selected, /^postern tcp --gateway https:\/\/localhost:\d+ echo\.example\.com:7$/)
    assert.match(await announced(page), /^Selected .* copy it with your keyboard$/)
  })

  peerTest('it follows what changes: policy, outage and sign-out', ['Chromium'], async (scope) => {
    const { rig, browser } = await openPortal(scope, [route('echo.example.com:7', 1, [alice])])
    const { page } = browser
    await signIn(page, 'Alice Adams')
    await page.getByText('echo.example.com:7').first().waitFor()

    await rig.configure((file) => ({ ...file, routes: [route('echo.example.com:7', 1, [bob])] }))
    await rig.lines.first((line) => line['message'] === 'configuration reloaded')
    await lookAway(page)
    await page.getByText('There is no route that you may use now.').waitFor()
    await checkLooks(page, 'portal-without-routes')

    await rig.stop()
    await lookAway(page)
    await page.getByText(/The gateway does not answer\. What you see is from/).waitFor()
    await checkLooks(page, 'portal-unreachable')
    await rig.start()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The gateway does not answer').waitFor({ state: 'detached' })

    const { ending } = await rig.postern('gateway', 'sessions', 'revoke', alice)
    assert.equal(ending, 0)
    await lookAway(page)
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
  })

  peerTest('at the end of the session there is a sign-in button', ['Chromium'], async (scope) => {
    const short = { cookie_expire: '8s' }
    const { browser, rig } = await openPortal(scope, [route('echo.example.com:7', 1)], short)
    const { page } = browser
    await signIn(page, 'Alice Adams')
    assert.match(await textOf(page), /in less than a minute/)
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest('signing out ends the session for good', ['Chromium'], async (scope) => {
    const { browser, rig } = await openPortal(scope, [route('echo.example.com:7', 1)])
    const { page } = browser
    await signIn(page, 'Alice Adams')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await page.goto(`${rig.origin}/`)
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest('one signs out where one has left a session', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { browser, rig } = await openPortal(scope, [route('echo.example.com:7', service)])
    const { page } = browser
    await signIn(page, 'Alice Adams')
    const local = await (await personAt(scope, rig, alice)).listen('echo.example.com:7')
    const socket = await local.connect()
    await exchange(socket, 'hello')
    await page.getByText('Where you are signed in').click()
    const items = page.locator('.own-sessions li')
    await items.nth(1).waitFor()
    assert.match(
      (await items.allInnerTexts()).join('\n'),
      /1 open tunnel[^]*This browser[^]*0 open tunnels/,
    )
    await checkLooks(page, 'portal-own-sessions')
    await page.getByRole('button', { name: /^Sign out there/ }).click()
    await untilEnded(socket)
    await items.nth(1).waitFor({ state: 'detached' })
    assert.match(await items.innerText(), /^This browser/)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest(
    'access for a while is asked for, shown while it holds, and ended',
    ['Chromium'],
    async (scope) => {
      const { rig, browser, person, routesFor } = await openAskable(scope)
      const { page } = browser
      const text = await textOf(page)
      assert.match(text, /Not open to you now\s+payroll[^]*Questions: dba@example\.com/)
      assert.doesNotMatch(text, /secret|Break glass/)
      const denied = await person.pipe(payroll, '')
      await page.goto(/^ {2}why: (\S+)$/m.exec(denied.errors)?.[1] ?? '')
      await page.getByRole('heading', { name: 'You could not use payroll' }).waitFor()
      await checkLooks(page, 'refused')
      await page.goto(`${rig.origin}/`)

      await page.getByRole('button', { name: /^Ask for access/ }).click()
      const reason = page.getByLabel('What for')
      const ask = page.getByRole('button', { name: 'Ask', exact: true })
      await ask.click()
      await page.getByText('Say what it is for').waitFor()
      assert.equal(await focused(page, 'tagName'), 'TEXTAREA')
      await reason.fill('x'.repeat(501))
      await page.getByText('Say it in 500 characters: these are 501').waitFor()
      await checkLooks(page, 'portal-ask')
      await reason.fill('incident 7')
      await rig.configure((file) => ({ ...file, routes: routesFor('30m') }))
      await rig.lines.first((line) => line['message'] === 'configuration reloaded')
      await ask.click()
      await page.getByText(/is given for 30 minutes at most\. ?\s*Ask for less\./).waitFor()
      await checkLooks(page, 'portal-ask-failed')
      await ask.click()
      await page.getByText(/You asked for 30 min at .* nobody has answered yet/).waitFor()
      assert.equal(await announced(page), 'Asked for access to payroll')
      assert.match(await focused(page, 'innerText'), /^You asked for 30 min/)
      await checkLooks(page, 'portal-asked')

      await approveOnly(rig, 'until the hand-over')
      await lookAway(page)
      await page.getByText(/^Open to you until .*, given by the operator\.$/).waitFor()
      assert.equal(await announced(page), 'You may use payroll now')
      await checkLooks(page, 'portal-access')
      const socket = await (await person.listen(payroll)).connect()
      assert.equal(await exchange(socket, 'let in'), 'let in')
      await page.getByRole('button', { name: /^End early/ }).click()
      await page.getByRole('button', { name: 'End it now' }).click()
      await untilEnded(socket)
      await page.getByRole('button', { name: /^Ask for access/ }).waitFor()
      await page.getByText('What you have asked for').click()
      const past = page.locator('.own-requests li')
      await past.waitFor()
      assert.match(await past.innerText(), /ended early by you — “until the hand-over”[^]*30 min/)
      await checkLooks(page, 'portal-own-requests')
      checkBehaviour(browser, rig)
    },
  )

  peerTest('a request is taken back, and the glass broken loudly', ['Chromium'], async (scope) => {
    const breakers = { break_glass: [{ allow: { or: [{ email: { is: alice } }] } }] }
    const { rig, browser, person } = await openAskable(scope, breakers)
    const { page } = browser
    await page.getByRole('button', { name: /^Ask for access/ }).click()
    await page.getByLabel('What for').fill('incident 7')
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    await page.getByRole('button', { name: /^Cancel the request/ }).click()
    await page.getByRole('button', { name: /^Ask for access/ }).waitFor()
    assert.equal(await announced(page), 'Cancelled the request for payroll')
    assert.match(await focused(page, 'innerText'), /^Ask for access/)

    await page.getByRole('button', { name: /^Break glass/ }).click()
    await page.getByText('In an emergency alone').waitFor()
    await checkLooks(page, 'portal-break-glass')
    await page.getByLabel('What for').fill('nobody answers')
    await page.getByRole('button', { name: 'Let me in now' }).click()
    await page.getByText(/^Break glass: you have let yourself in, until /).waitFor()
    await checkLooks(page, 'portal-glass-broken')
    const warning = await rig.lines.first(({ message }) => message === 'glass broken')
    assert.deepEqual([warning['level'], warning['reason']], ['warn', 'nobody answers'])
    assert.equal((await person.pipe(payroll, 'hello')).output, 'hello')
    checkBehaviour(browser, rig)
  })

  peerTest('many routes can be searched', ['Chromium'], async (scope) => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      ...route(`service-${index}.example.com:${1000 + index}`, 1),
      description: index % 2 === 0 ? 'Even one' : 'Odd one',
    }))
    const { browser, rig } = await openPortal(scope, many)
    const { page } = browser
    await signIn(page, 'Alice Adams')
    await page.getByText('40 routes').waitFor()
    await checkLooks(page, 'portal-many-routes')
    await page.getByLabel('Find a route').fill('service-1 odd')
    await page.getByText('6 of 40 routes').waitFor()
    assert.equal(await page.getByRole('region').count(), 6)
    await page.getByLabel('Find a route').fill('nothing like that')
    await page.getByText('0 of 40 routes').waitFor()
    assert.doesNotMatch(await textOf(page), /There is no route that you may use/)
    checkBehaviour(browser, rig)
  })

  peerTest('where nobody can sign in it shows what is public', ['Chromium'], async (scope) => {
    const { from, to, name } = route('echo.example.com:7', 1)
    const open = { from, to, name, allow_public_unauthenticated_access: true }
    const { browser, rig } = await openPortal(scope, [open], withoutProvider)
    const { page } = browser
    await page.getByRole('heading', { name: 'Routes open to everybody' }).waitFor()
    assert.match(await textOf(page), /postern tcp --gateway https:\/\/localhost:\d+ echo\.example/)
    assert.doesNotMatch(await textOf(page), /[Ss]ign/)
    await checkLooks(page, 'portal-public')
    checkBehaviour(browser, rig)
  })
})

const payroll = 'payroll.example.com:3306'

/** Two routes that Alice may ask for; only one of them is listed. */
function askableAt(port: number, max: string, more: object): readonly RouteEntry[] {
  const approvers = [{ allow: { or: [{ email: { is: bob } }] } }]
  const approval = { approvers, max }
  return [
    { ...route(payroll, port, [bob]), description: 'Salaries', ...listed, approval, ...more },
    { ...route('secret.example.com:7', port, [bob]), approval, ...more },
  ]
}

/** Alice in the portal, and at her own machine. */
async function openAskable(scope: Scope, more: object = {}) {
  const service = await startService(scope, echo)
  const routesFor = (max: string) => askableAt(service, max, more)
  const { rig, browser } = await openPortal(scope, routesFor('8h'))
  await signIn(browser.page, 'Alice Adams')
  return { rig, browser, person: await personAt(scope, rig, alice), routesFor }
}

/** On the gateway's machine: the one request that waits. */
async function approveOnly(rig: GatewayRig, note: string): Promise<void> {
  const operate = async (...args: string[]): Promise<string> => {
    const { ending, output, errors } = await rig.postern('gateway', 'requests', ...args)
    assert.equal(ending, 0, errors)
    return output
  }
  const { requests } = JSON.parse(await operate('list', '--json', '-c', rig.configPath)) as {
    requests: readonly { readonly id: string }[]
  }
  assert.equal(requests.length, 1)
  await operate('approve', '-c', rig.configPath, requests[0]?.id ?? '', '--note', note)
}

/** Those of Alice, and some that are not. */
function applications(service: number): readonly object[] {
  const hers = [{ action: 'allow', include: [{ email: alice }] }]
  const his = [{ action: 'allow', include: [{ email: bob }] }]
  return [
    { hostname: 'tcp.site.com', service: `tcp://127.0.0.1:${service}`, policies: hers },
    {
      hostname: 'db.site.com',
      name: 'orders',
      description: 'Orders of the last ten years',
      service: 'connector://lab/10.0.0.6:5432',
      policies: hers,
    },
    { hostname: 'ssh.site.com', service: 'tcp://10.0.0.5:22', policies: hers },
    { hostname: 'desk.site.com', service: 'connector://lab/10.0.0.5:3389', policies: hers },
    { hostname: 'jump.site.com', service: 'connector://lab/bastion', policies: hers },
    { hostname: '*.lab.site.com', service: 'connector://lab', policies: hers },
    {
      hostname: 'a-rather-long-host-name-of-some-service.in-a-rather-long-domain.internal.site.com',
      policies: hers,
    },
    { hostname: 'payroll.site.com', description: 'Salaries', policies: his, ...listed },
    { hostname: 'secret.site.com', policies: his },
  ]
}

const withoutProvider = {
  authenticate_service_url: undefined,
  idp_provider: undefined,
  idp_provider_url: undefined,
  idp_client_id: undefined,
  idp_client_secret: undefined,
  idp_scopes: undefined,
}

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

/** What a browser does when somebody comes back to a tab. */
async function lookAway(page: Page): Promise<void> {
  await page.evaluate('window.dispatchEvent(new Event("visibilitychange"))')
}

/** Something of the element that has the keyboard. */
function focused(page: Page, what: 'innerText' | 'outline' | 'tagName'): Promise<string> {
  const element = 'document.activeElement'
  return page.evaluate(
    what === 'outline' ? `getComputedStyle(${element}).outline` : `${element}.${what}`,
  )
}

/** What a screen reader said last. */
async function announced(page: Page): Promise<string> {
  return page.locator('[aria-live=polite]').innerText()
}

/**
 * A machine as its owner has set it up: it trusts the authority, `xdg-open` opens their browser, and
 * `ssh` knows their key.
 */
async function withTools(
  scope: Scope,
  person: Person,
  rig: GatewayRig,
  sshd: Sshd,
): Promise<Record<string, string>> {
  const tools = join(scope.directory, 'more-tools')
  await mkdir(tools)
  const tcp = person.tcpArgs('')
  const browser = tcp[tcp.indexOf('--browser-cmd') + 1]
  const options = [...sshd.clientOptions, '-l', sshd.user].map((word) => `'${word}'`).join(' ')
  const scripts = { 'xdg-open': `'${browser}'`, ssh: `'${program('ssh')}' ${options}` }
  for (const [name, command] of Object.entries(scripts))
    await writeFile(join(tools, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  return { ...person.env, PATH: `${tools}:${person.env['PATH']}`, NODE_EXTRA_CA_CERTS: rig.caFile }
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

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Page, Route } from 'playwright-core'
import { mustRun } from '../child.ts'
import { checkLooks } from '../page-looks.ts'
import { startSshd } from '../peers/openssh.ts'
import { peerTest, program } from '../peers.ts'
import { startRedis } from '../peers/redis.ts'
import { alice, route } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { keepPicture } from './keep-picture.ts'
import { openWindow, row, type WindowRig } from './open-window.ts'

/** How long the machine sleeps: two minutes in the long form. */
const sleepMs = process.env['POSTERN_LONG_TESTS'] === '1' ? 120_000 : 8_000

peerTest(
  'a person comes to redis-cli and ssh by the window, and sees there what happens',
  ['Chromium', 'Redis', 'OpenSSH'],
  async (scope) => {
    const [redis, sshd] = [await startRedis(scope), await startSshd(scope, 'build.example.com')]
    const window = await openWindow(
      scope,
      [route('queue.example.com:6379', redis), route('build.example.com:22', sshd.port)],
      { hasBrowser: true, canInstall: true },
    )
    await firstRun(window)
    const cli = await redisCli(scope, window)
    assert.equal(await cli('SET greeting hello'), 'OK\n')
    assert.equal(await cli('GET greeting'), 'hello\n')
    const [host = '', port = ''] = (await addressOf(window.page, 'build')).split(':')
    const ssh = [...sshd.clientOptions, '-l', sshd.user, '-p', port, host, 'echo from ssh']
    assert.equal((await mustRun(scope, program('ssh'), ssh, window.person)).output, 'from ssh\n')
    assert.equal((await window.person.browserStarts()).length, 1, 'one sign-in for all of it')
    assert.equal(window.browser.context.pages().length, 1, 'and no tab of the page beside it')
    await window.page.getByRole('link', { name: 'queue', exact: true }).click()
    await window.page
      .getByText(/^Disconnected/)
      .first()
      .waitFor()
    await keepPicture(window.page, 'connection')
    await window.page.getByRole('link', { name: 'Connections' }).click()

    await revoked(window)
    assert.equal(await cli('GET greeting'), 'hello\n')
    await gatewayGone(window)
    assert.equal(await cli('GET greeting'), 'hello\n')
    await asleep(window)
    assert.equal(await cli('GET greeting'), 'hello\n')
    assert.equal((await window.person.browserStarts()).length, 2, 'and one after it was revoked')
  },
  240_000,
)

/** From an address to routes that are up; whoever the provider knows signs in by nothing but the button. */
async function firstRun({ page, rig, address }: WindowRig): Promise<void> {
  await page.goto(await address())
  await page.getByRole('heading', { name: 'Welcome to Postern' }).waitFor()
  await checkInstallable(page)
  await page.getByLabel('Gateway address').fill(rig.origin)
  await keepPicture(page, 'first-run')
  await page.getByText('Advanced').click()
  await page.getByLabel('CA file path').fill(rig.caFile)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('2 of 2 chosen').waitFor()
  await keepPicture(page, 'routes')
  await connect(page)
  await row(page, 'queue').getByText('Listening').waitFor()
  await row(page, 'build').getByText('Listening').waitFor()
}

/** By what Chromium says of it, without a service worker. */
async function checkInstallable(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  assert.deepEqual(installabilityErrors, [])
  const { manifest } = await session.send('Page.getAppManifest')
  assert.equal(manifest.startUrl, new URL('/', page.url()).href)
  await session.detach()
}

/** Whoever looks at a connection before all of them are up stays with it. */
async function connect(page: Page): Promise<void> {
  const wanted = Promise.withResolvers<void>()
  const hold = async (route: Route): Promise<void> => {
    await wanted.promise
    await route.continue()
  }
  await page.route(/\/up$/, hold, { times: 1 })
  const up = page.waitForResponse(/\/up$/)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByRole('link', { name: 'queue', exact: true }).click()
  const heading = page.getByRole('heading', { name: 'queue', exact: true })
  await heading.waitFor()
  wanted.resolve()
  await (await up).finished()
  await page.getByText('Listening').first().waitFor()
  assert.ok(await heading.isVisible())
  await page.getByRole('link', { name: 'Connections' }).click()
}

/** Runs the command that the window shows, as it stands there, with more words behind it. */
async function redisCli(
  scope: Scope,
  { page, person }: WindowRig,
): Promise<(words: string) => Promise<string>> {
  await page.getByRole('link', { name: 'queue', exact: true }).click()
  const command = (await page.locator('code', { hasText: 'redis-cli' }).first().innerText()).trim()
  await page.getByRole('link', { name: 'Connections' }).click()
  return async (words) =>
    (await mustRun(scope, '/bin/sh', ['-c', `${command} ${words}`], person)).output
}

async function revoked({ page, rig }: WindowRig): Promise<void> {
  await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
  const queue = row(page, 'queue')
  await queue.getByText('Sign-in needed').waitFor()
  await keepPicture(page, 'sign-in-needed')
  await looks(page, 'sign-in-needed')
  await page
    .getByRole('button', { name: /^Sign in/ })
    .first()
    .click()
  await queue.getByText('Listening').waitFor()
}

async function gatewayGone({ page, rig }: WindowRig): Promise<void> {
  rig.child().signal('SIGKILL')
  await rig.child().ended
  const queue = row(page, 'queue')
  await queue.getByText('Gateway unreachable').waitFor()
  await looks(page, 'gateway-unreachable')
  await rig.start()
  await queue.getByText('Listening').waitFor()
}

/** The page asks a program that does not run, and goes on by itself. */
async function asleep({ page, signal }: WindowRig): Promise<void> {
  signal('SIGSTOP')
  await pause(sleepMs)
  signal('SIGCONT')
  await page.getByRole('link', { name: 'queue', exact: true }).click()
  await page
    .getByText(/The machine slept for/)
    .first()
    .waitFor()
  await page.getByText('Listening', { exact: true }).first().waitFor()
}

async function addressOf(page: Page, name: string): Promise<string> {
  return (await row(page, name).locator('code').innerText()).trim()
}

/** Both themes, narrow and wide; the page is as wide as before then. */
async function looks(page: Page, name: string): Promise<void> {
  await checkLooks(page, `desktop-${name}`)
  await page.setViewportSize({ width: 1280, height: 800 })
}

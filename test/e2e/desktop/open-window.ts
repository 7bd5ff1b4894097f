import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Locator, Page } from 'playwright-core'
import { runChild, startChild, type Child, type Result } from '../child.ts'
import { ensurePagesBuilt } from '../pages-built.ts'
import { startChromium, startOwnChromium, type Chromium } from '../peers/chromium.ts'
import { exchange, personAt, untilEnded, type Person } from '../person.ts'
import { alice, posternCommand, startRig, type GatewayRig, type RouteEntry } from '../rig.ts'
import type { Scope } from '../scope.ts'

/** A person's daemon and its window in a browser, which nobody has let in yet. */
export interface WindowRig {
  readonly rig: GatewayRig
  readonly person: Person
  readonly browser: Chromium
  readonly page: Page
  /** Runs `postern` as the person does. */
  postern(...args: string[]): Promise<Result>
  /** Starts the daemon, once more where it was stopped. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Stops and wakes its process, as a machine that sleeps does. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  /** The address that lets a browser in. */
  address(): Promise<string>
  /** Does what opens the gateway's page, and signs in there. */
  signIn(begin: () => Promise<void>): Promise<void>
  clipboard(): Promise<string>
}

export interface WindowOptions {
  /** Whether the daemon can open a browser, in which the person is signed in without doing anything. */
  readonly hasBrowser?: boolean
  /** Whether the page can be installed there: Chromium itself does, and takes half as much again of a processor. */
  readonly canInstall?: boolean
}

export async function openWindow(
  scope: Scope,
  routes: readonly RouteEntry[],
  { hasBrowser = false, canInstall = false }: WindowOptions = {},
): Promise<WindowRig> {
  ensurePagesBuilt()
  const rig = await startRig(scope, routes)
  const person = await personAt(scope, rig, alice)
  const { env, home } = person
  const postern = (...args: string[]): Promise<Result> =>
    runChild(scope, ...posternCommand(...args), { env, cwd: home })
  const given = person.tcpArgs('')
  const opener = given.slice(given.indexOf('--browser-cmd')).slice(0, 2)
  let daemon: Child | undefined

  async function start(): Promise<void> {
    const command = posternCommand('up', '--foreground', ...(hasBrowser ? opener : []))
    daemon = startChild(scope, ...command, { env, cwd: home })
    await daemon.says(/ready/)
  }
  await start()
  const browser = await (canInstall ? startOwnChromium : startChromium)(scope, rig)
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  return {
    rig,
    person,
    browser,
    page: browser.page,
    postern,
    start,
    async stop() {
      daemon?.signal('SIGTERM')
      await daemon?.ended
    },
    signal: (name) => daemon?.signal(name),
    async address() {
      const { output, errors } = await postern('desktop', '--print-url')
      const address = /^http:\S+$/m.exec(output)?.[0]
      assert.ok(address !== undefined, errors)
      return address
    },
    async signIn(begin) {
      const opened = browser.context.waitForEvent('page')
      await begin()
      const tab = await opened
      await tab.getByRole('button', { name: 'Sign it in' }).click()
      const person = tab.getByRole('button', { name: 'Alice Adams' })
      const done = tab.getByText('You are signed in')
      // Their provider may know them from before.
      await person.or(done).first().waitFor()
      if (await person.isVisible()) await person.click()
      await done.first().waitFor()
      await tab.close()
    },
    clipboard: () => browser.page.evaluate<string>('navigator.clipboard.readText()'),
  }
}

/** A connection to a local address that stays open. */
export interface Held extends AsyncDisposable {
  exchange(text: string): Promise<string>
  readonly ended: Promise<void>
}

/** Connects to a local address, `HOST:PORT`. */
export async function hold(address: string): Promise<Held> {
  const { hostname, port } = new URL(`tcp://${address}`)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return {
    exchange: (text) => exchange(socket, text),
    ended: untilEnded(socket),
    async [Symbol.asyncDispose]() {
      socket.destroy()
      if (!socket.closed) await once(socket, 'close')
    },
  }
}

/** The row of a connection. */
export function row(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
}

/** Chooses from the menu of a connection. */
export async function choose(page: Page, name: string, item: string): Promise<void> {
  await row(page, name)
    .getByRole('button', { name: /^⋯|Menu of/ })
    .click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

/** Answers a question of the window. */
export async function answer(page: Page, button: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click()
}

/** What a press gives as a file. */
export async function downloaded(
  page: Page,
  press: () => Promise<void>,
): Promise<{ readonly name: string; readonly path: string }> {
  const coming = page.waitForEvent('download')
  await press()
  const file = await coming
  return { name: file.suggestedFilename(), path: await file.path() }
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ensurePagesBuilt } from '../pages-built.ts'
import { startChromium, type Chromium } from '../peers/chromium.ts'
import { alice, bob, carol, startRig, type GatewayRig, type RouteEntry } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { settled } from './until.ts'

const names: Readonly<Record<string, string>> = {
  [alice]: 'Alice Adams',
  [bob]: 'Bob Brown',
  [carol]: 'Carol Clark',
}

/** Starts a gateway with its pages built; Carol and Bob look after it unless `settings` say otherwise. */
export function startGatewayWithConsole(
  scope: Scope,
  routes: readonly RouteEntry[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<GatewayRig> {
  ensurePagesBuilt()
  return startRig(scope, routes, { administrators: [carol, bob], ...settings })
}

/** A browser of somebody's own, signed in, at a view of the console; `title` is that of one without navigation. */
export async function consoleAs(
  scope: Scope,
  rig: GatewayRig,
  email: string,
  path = '/routes',
  title?: string,
): Promise<Chromium> {
  const directory = join(scope.directory, `browser of ${email.split('@')[0]}`)
  await mkdir(directory)
  const browser = await startChromium({ ...scope, directory }, rig)
  const { page } = browser
  await page.goto(`${rig.origin}/console${path}`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: names[email] ?? email }).click()
  if (title === undefined) await page.getByRole('navigation', { name: 'Console' }).waitFor()
  else await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
  return browser
}

/** Goes to a view as somebody who types its address. */
export async function goTo(
  page: Page,
  rig: GatewayRig,
  path: string,
  title: string,
): Promise<void> {
  await page.goto(`${rig.origin}/console${path}`)
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
}

/** Presses the button that saves, reads whom it reaches, and confirms; resolves to what that said. */
export async function save(page: Page, button: 'Save' | 'Add' = 'Save'): Promise<string> {
  await page.getByRole('button', { name: `${button} …` }).click()
  const dialog = page.getByRole('dialog')
  const confirm = dialog.getByRole('button', { name: button, exact: true })
  await confirm.waitFor()
  await settled(page)
  const reach = await dialog.innerText()
  await confirm.click()
  await dialog.waitFor({ state: 'detached' })
  return reach
}

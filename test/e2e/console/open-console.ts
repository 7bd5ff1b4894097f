import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { ensurePagesBuilt } from '../pages-built.ts'
import { startChromium, type Chromium } from '../peers/chromium.ts'
import { alice, bob, startRig, type GatewayRig, type RouteEntry } from '../rig.ts'
import type { Scope } from '../scope.ts'

export interface ConsoleRig {
  readonly rig: GatewayRig
  readonly browser: Chromium
  readonly page: Page
}

/** Alice administers, Bob looks on. */
export const administrators = { admin: [alice], auditor: [bob] } as const

/** A gateway, and a browser at one of its views that nobody has signed in with. */
export async function openConsole(
  scope: Scope,
  routes: readonly RouteEntry[],
  path = '/console/',
  settings: Readonly<Record<string, unknown>> = {},
): Promise<ConsoleRig> {
  ensurePagesBuilt()
  const rig = await startRig(scope, routes, { administrators, ...settings })
  const browser = await startChromium(scope, rig)
  await browser.page.goto(`${rig.origin}${path}`)
  return { rig, browser, page: browser.page }
}

/** By the button of the console, at the provider, and back. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('button', { name }).click()
}

/** Answers a question of the console. */
export async function answer(page: Page, button: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click()
}

/** No script failed, no policy was broken, and nobody else was asked for anything. */
export function checkBehaviour({ faults, hosts }: Chromium, rig: GatewayRig): void {
  assert.deepEqual(faults, [])
  for (const host of hosts) assert.match(host, /^(?:127\.0\.0\.1|localhost):\d+$/)
  assert.ok(hosts.has(new URL(rig.origin).host))
}

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { checkLooks } from '../page-looks.ts'
import type { WindowRig } from './open-window.ts'

export async function openFolder(page: Page, name: string): Promise<void> {
  const folders = page.getByRole('navigation', { name: 'Folders' })
  await folders.getByRole('button', { name: new RegExp(`^${name}`) }).click()
  await page.getByRole('heading', { name, exact: true }).waitFor()
}

export async function countsUp(page: Page, words: string): Promise<void> {
  await page.locator('.page-head').getByText(words).waitFor()
}

export async function closeDialog(page: Page): Promise<void> {
  const close = page.getByRole('dialog').getByRole('button', { name: 'Close' })
  if (await close.first().isVisible()) await close.first().click()
}

/** Chooses from the menu of the connection that is shown. */
export async function more(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

export async function copyCommand(window: WindowRig, command: string): Promise<void> {
  const line = window.page.locator('.command-line').filter({ hasText: command })
  await line.getByRole('button', { name: 'Copy' }).click()
  await line.getByText('Copied').waitFor()
  assert.equal(await window.clipboard(), command)
}

/** It is said where, until somebody has read it. */
export async function shortcutSaved(page: Page): Promise<void> {
  const note = page.getByRole('alert').filter({ hasText: /Saved .*\.desktop/ })
  await note.getByRole('button', { name: 'Close' }).click()
  await note.waitFor({ state: 'detached' })
}

/** While a browser keeps the page from opening tabs. */
export async function withoutTabs(page: Page, work: () => Promise<void>): Promise<void> {
  await page.evaluate('void (globalThis.ownOpen = open, open = () => null)')
  await work()
  await page.evaluate('void (open = ownOpen)')
}

/** Where a tab leads that a press opens. */
export async function opened({ browser }: WindowRig, press: () => Promise<void>): Promise<string> {
  const coming = browser.context.waitForEvent('page')
  await press()
  const tab = await coming
  await tab.waitForURL(/^https:/)
  const address = tab.url()
  await tab.close()
  return address
}

/** Both themes, narrow and wide; the page is as wide as before then. */
export async function looks(page: Page, name: string): Promise<void> {
  await checkLooks(page, `desktop-${name}`)
  await page.setViewportSize({ width: 1280, height: 800 })
}

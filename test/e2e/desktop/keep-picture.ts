import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const directory = join(import.meta.dirname, '..', '..', '..', 'docs', 'pictures')

/** Takes a picture for `docs/desktop.md`, where somebody has asked for new ones by `UPDATE_PICTURES=1`. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (process.env['UPDATE_PICTURES'] !== '1') return
  await mkdir(directory, { recursive: true })
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 1080, height: 640 })
  await page.screenshot({ path: join(directory, `desktop-${name}.png`), animations: 'disabled' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

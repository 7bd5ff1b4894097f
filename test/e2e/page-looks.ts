import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const directory = join(import.meta.dirname, '..', '..', 'artifacts', 'e2e')
const widths = [1280, 360]
const height = 800
/** WCAG 2.2 success criterion 1.4.3, text of ordinary size. */
const minContrast = 4.5

/**
 * Keeps a page's screenshots in `artifacts/e2e`, in both colour schemes and on a narrow and a wide
 * screen, and checks in each that nothing sticks out sideways and that every text can be read.
 */
export async function checkLooks(page: Page, name: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of widths) {
      await page.setViewportSize({ width, height })
      await page.screenshot({ path: join(directory, `${name}-${colorScheme}-${width}.png`) })
      const where = `${name}, ${colorScheme}, ${width} px`
      const contentWidth = await page.evaluate<number>('document.scrollingElement.scrollWidth')
      assert.ok(contentWidth <= width, `${where}: ${contentWidth} px wide`)
      const unreadable = await page.evaluate<string[]>(findUnreadable)
      assert.deepEqual(unreadable, [], where)
    }
  }
}

/** Runs in the page: every text whose contrast with what is behind it is too low. */
const findUnreadable = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const channel = (value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }
  const luminance = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor)
      if ((colour[3] ?? 1) === 1) return colour
    }
    return [255, 255, 255]
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const found = []
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement
    if (!text.data.trim() || /^(?:STYLE|SCRIPT)$/.test(element.tagName)) continue
    const shades = [numbers(getComputedStyle(element).color), behind(element)].map(luminance)
    const contrast = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05)
    if (contrast < ${minContrast}) found.push(text.data.trim() + ': ' + contrast.toFixed(2))
  }
  return found
})()`

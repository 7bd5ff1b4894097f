import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const directory = join(import.meta.dirname, '..', '..', 'artifacts', 'e2e')
const usualWidths = [1280, 320]
const height = 800
/** WCAG 2.2 success criterion 1.4.3, text of ordinary size. */
const minContrast = 4.5

/** Runs in the page; by the debugger's way, since a page's security policy allows no such script. */
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** For whoever wants to see the pages: no test looks at their pictures, which take an eighth of such a test. */
const keepsPictures = process.env['POSTERN_SCREENSHOTS'] === '1'

/** For what takes minutes of all pages together. */
const isLong = keepsPictures || process.env['POSTERN_LONG_TESTS'] === '1'

/**
 * Checks a page in the light colours on a wide screen and in the dark ones on a narrow one: that nothing sticks out
 * sideways, of the page or of what it stands in, that no text is cut off, and that every text can be read, by our own
 * measure, and in the light by axe-core's rules but for that of contrast. With `POSTERN_LONG_TESTS=1` both colours are
 * tried on every width, and axe-core's rules about colours on both; with `POSTERN_SCREENSHOTS=1` pictures of all are kept in `artifacts/e2e` as well.
 */
export async function checkLooks(
  page: Page,
  name: string,
  widths: readonly number[] = usualWidths,
): Promise<void> {
  if (keepsPictures) await mkdir(directory, { recursive: true })
  await page.evaluate(axe)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of isLong ? widths : widthsOf(colorScheme, widths)) {
      await page.setViewportSize({ width, height })
      await page.evaluate(nextFrame)
      await page.evaluate(endTransitions)
      const picture = join(directory, `${name}-${colorScheme}-${width}.png`)
      if (keepsPictures) await page.screenshot({ path: picture })
      const where = `${name}, ${colorScheme}, ${width} px`
      const contentWidth = await page.evaluate<number>('document.scrollingElement.scrollWidth')
      assert.ok(contentWidth <= width, `${where}: ${contentWidth} px wide`)
      const unreadable = await page.evaluate<string[]>(findUnreadable)
      assert.deepEqual(unreadable, [], where)
      assert.deepEqual(await page.evaluate<string[]>(findCut), [], where)
    }
    // All rules once: they take seconds where there is much on a page.
    const options = colorScheme === 'light' ? onceRules : { runOnly: colourRules }
    if (isLong || colorScheme === 'light')
      assert.deepEqual(await violationsOf(page, options), [], `${name}, ${colorScheme}`)
  }
}

/** What sticks out does so in every colour, and what cannot be read on every width: half of the pairs show nearly all. */
function widthsOf(colorScheme: 'light' | 'dark', widths: readonly number[]): readonly number[] {
  return colorScheme === 'light' ? widths.slice(0, 1) : widths.slice(-1)
}

/** Those of axe-core's rules whose answer is another in another colour scheme. */
const colourRules = ['color-contrast', 'link-in-text-block']

/** Every rule; in the short form our own measure of contrast stands for axe-core's, which takes a third of the time. */
const onceRules: object = isLong ? {} : { rules: { 'color-contrast': { enabled: false } } }

/** What axe-core finds wrong, one line for each element. */
async function violationsOf(page: Page, options: object): Promise<string[]> {
  const all = JSON.stringify({ resultTypes: ['violations'], ...options })
  return page.evaluate<string[]>(`axe.run(${all}).then(({ violations }) => violations.flatMap(
    ({ id, help, nodes }) => nodes.map(({ html }) => id + ': ' + help + ': ' + html)))`)
}

/** Runs in the page: it has drawn what its new size or scheme has changed, and heard of it. */
const nextFrame = `new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => resolve())))`

/**
 * Runs in the page: brings what is on its way to another colour or place to its end, since a colour in the
 * middle is one that nobody reads. An end can begin the way of what inherits from it, so again until nothing
 * moves; what turns for ever has no end, and stays.
 */
const endTransitions = `(() => {
  const moving = () => document.getAnimations().filter(({ playState, effect }) =>
    playState === 'running' && effect.getComputedTiming().endTime !== Infinity)
  for (let found = moving(), rounds = 0; found.length > 0 && rounds < 50; found = moving(), rounds += 1) {
    for (const animation of found) animation.finish()
  }
})()`

/**
 * Runs in the page: controls beyond the edge of a frame or of what cuts them off, and text that is cut off. What can be
 * scrolled is no fault where the keyboard scrolls it as well, and what is one pixel wide is for screen readers alone.
 */
const findCut = `(() => {
  const controls = 'a, button, input, select, textarea, label, summary'
  const described = (element) => element.tagName.toLowerCase() + ' "' +
    (element.innerText || element.getAttribute('aria-label') || '').trim().slice(0, 40) + '"'
  const holds = (element, style) =>
    style.overflowX !== 'visible' || parseFloat(style.borderRightWidth) > 0
  const scrolls = (element, style) => /auto|scroll/.test(style.overflowX) &&
    (element.tabIndex === 0 || element.querySelector('[tabindex="0"], [contenteditable=true]') !== null)
  const found = new Set()
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility({ visibilityProperty: true })) continue
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    const isCut = /hidden|clip/.test(getComputedStyle(element).overflowX) && element.clientWidth > 1 &&
      element.scrollWidth > element.clientWidth + 1
    if (text && isCut) found.add(described(element) + ' is cut off')
    if (!element.matches(controls)) continue
    const { right, width } = element.getBoundingClientRect()
    if (width <= 1) continue
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at)
      const box = at.getBoundingClientRect()
      if (box.width <= 1 || scrolls(at, style) || style.position === 'fixed') break
      if (!holds(at, style) || right <= box.right + 1) continue
      found.add(described(element) + ' ends ' + Math.round(right - box.right) + ' px beyond ' +
        at.tagName.toLowerCase() + '.' + at.className)
      break
    }
  }
  return [...found]
})()`

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

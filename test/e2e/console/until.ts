import type { Page } from 'playwright-core'

/** Looks at each frame; Playwright's own way of waiting is a script that the security policy forbids. */
export async function until(page: Page, holds: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const look = () => (${holds}) ? resolve() : requestAnimationFrame(look)
    look()
  })`)
}

/** Nothing of the view is on its way any more. */
export async function settled(page: Page): Promise<void> {
  await until(page, '!/Loading .* …/.test(document.body.innerText)')
}

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { closeDialog, countsUp, looks, more, openFolder, shortcutSaved } from './gestures.ts'
import { answer, choose, downloaded, row, type WindowRig } from './open-window.ts'

/** Everything that the list and its menus do. */
export async function list(window: WindowRig): Promise<void> {
  const { page } = window
  await page.getByRole('link', { name: 'Connections' }).click()
  await choose(page, 'cache', 'Duplicate')
  await page.getByRole('heading', { name: /Edit .cache/ }).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('link', { name: 'Connections' }).click()
  await countsUp(page, '3 of 4 up')

  // By the keyboard alone.
  await row(page, 'cache').focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.locator('h1:focus').getByText('payroll', { exact: true }).waitFor()
  await page.goBack()

  for (const name of ['Name', 'State', 'Address', 'Tunnels', 'Up / down']) {
    const head = page.getByRole('columnheader', { name })
    const sorting = await head.getAttribute('aria-sort')
    await head.getByRole('button').click()
    assert.notEqual(await head.getAttribute('aria-sort'), sorting)
  }

  await page.getByLabel('Search by name').fill('ORDERS 5432')
  await page.getByText('1 connection found').waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'orders', exact: true }).waitFor()
  await page.goBack()
  await page.getByLabel('Search by name').fill('nothing like it')
  await page.getByRole('button', { name: 'Clear the search' }).click()

  await page.setViewportSize({ width: 400, height: 800 })
  await page.getByRole('combobox', { name: 'Folders' }).selectOption('tag:people')
  await page.getByRole('heading', { name: 'people', exact: true }).waitFor()
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.getByLabel('Search by name').fill('orders')
  await page.getByRole('button', { name: 'Search all connections' }).click()
  await row(page, 'orders').waitFor()
  await page.getByLabel('Search by name').fill('')

  await openFolder(page, 'people')
  await page.getByRole('button', { name: 'Disconnect all' }).click()
  await countsUp(page, '0 of 1 up')
  await page.getByRole('button', { name: 'Connect all', exact: true }).click()
  await countsUp(page, '1 of 1 up')

  const payroll = row(page, 'payroll')
  await payroll.getByRole('switch').click({ force: true })
  await payroll.getByText('Off', { exact: true }).waitFor()
  await choose(page, 'payroll', 'Connect')
  await payroll.getByText('Listening').waitFor()
  await choose(page, 'payroll', 'Disconnect')
  await payroll.getByText('Off', { exact: true }).waitFor()
  await choose(page, 'payroll', 'Copy address')
  assert.equal(await window.clipboard(), await payroll.locator('code').innerText())
  await choose(page, 'payroll', 'Save shortcut')
  await shortcutSaved(page)
  await choose(page, 'payroll', 'Export …')
  const exported = await downloaded(page, () => answer(page, 'Export'))
  assert.match(await readFile(exported.path, 'utf8'), /name: payroll/)
  await page.getByText('The file leaves out:').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  await choose(page, 'payroll', 'View')
  await page.getByRole('heading', { name: 'payroll', exact: true }).waitFor()
  await page.goBack()
  await openFolder(page, 'prod')
  await choose(page, 'cache 2', 'View')
  await more(page, 'Copy address')
  assert.equal(
    await window.clipboard(),
    (await page.locator('.one-state code').first().innerText()).trim(),
  )
  await more(page, 'Save shortcut')
  await shortcutSaved(page)
  await more(page, 'Export …')
  await answer(page, 'Close')
  await more(page, 'Duplicate')
  await page.getByRole('heading', { name: /Edit .cache 3/ }).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('heading', { name: 'cache 3', exact: true }).waitFor()
  await more(page, 'Delete …')
  await answer(page, 'Cancel')
  await more(page, 'Delete …')
  await answer(page, 'Delete')
  await page.getByRole('heading', { name: 'All connections' }).waitFor()
  await choose(page, 'cache 2', 'Delete …')
  await answer(page, 'Delete')
  await row(page, 'cache 2').waitFor({ state: 'detached' })
  await choose(page, 'payroll', 'Edit')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('link', { name: 'Connections' }).click()
}

/** What the gateway has no longer goes, where somebody says so. */
export async function loadAgain(window: WindowRig): Promise<void> {
  const { page, rig } = window
  await page.getByRole('button', { name: 'New connection' }).click()
  await page.getByRole('menuitem', { name: 'Load from a gateway' }).click()
  const next = page.getByRole('button', { name: 'Sign in' })
  await next.click()
  await page.getByText('2 of 2 chosen').waitFor()
  await page.getByRole('button', { name: 'Another gateway' }).click()
  assert.equal(await page.getByLabel('Gateway address').inputValue(), rig.origin)
  await next.click()
  await page.getByText('2 of 2 chosen').waitFor()
  await rig.stop()
  await page.getByRole('button', { name: 'Ask again' }).click()
  await page.getByText('Cannot ask for the routes again').waitFor()
  await rig.configure(({ routes, ...file }) => ({
    ...file,
    routes: routes.filter(({ from }) => !from.includes('orders')),
  }))
  await rig.start()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('1 of 1 chosen').waitFor()
  const connect = page.getByRole('button', { name: 'Connect', exact: true })
  await connect.click()
  await answer(page, 'Cancel')
  await connect.click()
  await answer(page, 'Load, and delete them')
  await page.getByRole('grid', { name: 'All connections' }).waitFor()
  await row(page, 'orders').waitFor({ state: 'detached' })
}

/** Out into a file, and in again. */
export async function exchangeFiles(window: WindowRig): Promise<void> {
  const { page } = window
  await openFolder(page, 'people')
  await page.getByRole('button', { name: 'Folder' }).click()
  await page.getByRole('menuitem', { name: 'Export' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Format').selectOption('pomerium')
  await dialog.getByLabel('Include tags').uncheck()
  await dialog.getByLabel('Include private keys').check()
  await looks(page, 'export')
  const file = await downloaded(page, () => answer(page, 'Export'))
  await closeDialog(page)

  await page.getByRole('button', { name: 'Folder' }).click()
  await page.getByRole('menuitem', { name: 'Delete all' }).click()
  await answer(page, 'Delete')
  await page.getByRole('heading', { name: 'All connections' }).waitFor()

  await page.getByRole('button', { name: 'New connection' }).click()
  await page.getByRole('menuitem', { name: 'Import a file' }).click()
  const choice = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose a file' }).click()
  await (await choice).setFiles(file.path)
  await page.getByText('1 connection to add').waitFor()
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await row(page, 'payroll').waitFor()

  await page.getByRole('button', { name: 'New connection' }).click()
  await page.getByRole('menuitem', { name: 'Import a file' }).click()
  await drop(page, 'holidays.txt', 'rain, mostly')
  await page.getByText('File: holidays.txt').waitFor()
  await page.getByRole('button', { name: 'Another file' }).click()
  await drop(page, 'connections.json', await readFile(file.path, 'utf8'))
  await page.getByText('1 name that you have already').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Import', exact: true }).isEnabled(), false)
  await page.getByLabel('Those that you have already').selectOption('keep')
  await page.getByText('1 connection to add').waitFor()
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await row(page, 'payroll 2').waitFor()
}

/** Lets go of a file over the page, after it was somewhere else for a moment. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const place = page.locator('.drop')
  const dataTransfer = await page.evaluateHandle(
    `(() => {
      const carried = new DataTransfer()
      carried.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}))
      return carried
    })()`,
  )
  await place.dispatchEvent('dragover', { dataTransfer })
  await page.locator('.drop[data-over]').waitFor()
  await place.dispatchEvent('dragleave', { dataTransfer })
  await page.locator('.drop:not([data-over])').waitFor()
  await place.dispatchEvent('drop', { dataTransfer })
}

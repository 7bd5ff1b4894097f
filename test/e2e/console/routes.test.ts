import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { startChild } from '../child.ts'
import { checkLooks } from '../page-looks.ts'
import { peerTest, program } from '../peers.ts'
import { startPostgres } from '../peers/postgres.ts'
import { exchange, personAt, untilEnded } from '../person.ts'
import { alice, bob, carol, route } from '../rig.ts'
import { echo, startService } from '../services.ts'
import { consoleAs, goTo, save, startGatewayWithConsole } from './console-as.ts'
import { checkBehaviour } from './open-console.ts'

const target = 'db.example.com:5432'
const widths = [1280, 320]
/** From the click that saves to the end of the bytes; what the console promises. */
const maxCutMs = 1_000

describe('routes in the console', () => {
  peerTest(
    'a route and a policy made in the browser let psql in, and a change cuts it',
    ['Chromium', 'PostgreSQL'],
    async (scope) => {
      const echoPort = await startService(scope, echo)
      const rig = await startGatewayWithConsole(scope, [route('echo.example.com:7', echoPort)])
      const database = await startPostgres(scope)
      const browser = await consoleAs(scope, rig, carol)
      const { page } = browser

      await page.getByRole('link', { name: 'Policies', exact: true }).click()
      await page.getByRole('link', { name: 'Add a policy' }).click()
      await addRule(page, alice)
      await page.getByLabel('Name', { exact: true }).first().fill('database-people')
      await save(page, 'Add')
      await page.getByRole('heading', { level: 1, name: 'database-people' }).waitFor()

      await goTo(page, rig, '/new-route', 'New route')
      await page.getByLabel('Host', { exact: true }).fill(target)
      assert.equal(await page.getByLabel('Port', { exact: true }).inputValue(), '5432')
      await page.getByLabel('Host and port').fill(`127.0.0.1:${database}`)
      await page.getByLabel('Add a named policy').selectOption('database-people')
      await page.getByLabel('Id', { exact: true }).fill('db')
      await save(page, 'Add')
      await page.getByRole('heading', { level: 1, name: 'db' }).waitFor()

      const person = await personAt(scope, rig, alice)
      const local = await person.listen(target)
      const url = `postgresql://postgres@127.0.0.1:${local.port}/postgres`
      const psql = startChild(scope, program('psql'), ['--no-psqlrc', '-qtA', url], person)
      psql.stdin.write('SELECT 6 * 7;\n')
      await psql.says(/^42$/m)
      const other = await (await person.listen('echo.example.com:7')).connect()
      assert.equal(await exchange(other, 'before'), 'before')

      await goTo(page, rig, '/policies/database-people', 'database-people')
      await page.getByLabel('Include 1 of rule 1: value').fill(bob)
      // It is tried as it is written, before it holds for anybody.
      await page.getByLabel('Person', { exact: true }).fill(alice)
      await page.getByRole('button', { name: 'Try it', exact: true }).click()
      await page.getByRole('heading', { name: 'Refused' }).waitFor()
      await page.getByRole('button', { name: 'Save …' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('1 tunnel of 2 would be cut').waitFor()
      await dialog.getByText(`${alice} to ${target}`).waitFor()
      await dialog.getByText('1 person would lose access').waitFor()
      const cut = local.child.says(/the gateway cut the tunnel to "db\.example\.com:5432"/)
      const startedMs = performance.now()
      await dialog.getByRole('button', { name: 'Save', exact: true }).click()
      await cut
      const tookMs = performance.now() - startedMs
      assert.ok(tookMs < maxCutMs, `it took ${Math.round(tookMs)} ms`)
      psql.stdin.end('SELECT 1;\n')
      assert.notEqual(await psql.ended, 0)
      assert.equal(await exchange(other, 'after'), 'after')
      other.destroy()
      await untilEnded(other)
      checkBehaviour(browser, rig)
    },
  )

  peerTest('of two who change one route the second is told', ['Chromium'], async (scope) => {
    const rig = await startGatewayWithConsole(scope, [])
    const first = await consoleAs(scope, rig, carol, '/new-route')
    await addRoute(first.page, 'db')
    const second = await consoleAs(scope, rig, bob, '/routes/db')

    await first.page.getByLabel('Idle timeout').fill('15m')
    await second.page.getByLabel('Idle timeout').fill('1h')
    await second.page.getByLabel('Contact').fill('dba@example.com')
    await first.page.getByLabel('Description').fill('Orders of the last ten years')
    await save(first.page)

    const { page } = second
    await page.getByText('Somebody else has saved it').waitFor()
    await page.getByRole('button', { name: 'Show both' }).click()
    const conflict = page.getByRole('region', { name: 'Changed by somebody else meanwhile' })
    const said = await conflict.innerText()
    assert.match(said, /carol@example\.com saved another form/)
    assert.match(said, /Both changed “idle_timeout”[^]*Mine\s+1h[^]*Theirs\s+15m/)
    assert.match(said, /Yours alone, kept: contact/)
    assert.match(said, /Theirs alone, taken over: description/)
    await checkLooks(page, 'console-conflict', widths)
    assert.ok(await page.getByRole('button', { name: 'Save …' }).isDisabled())
    await conflict.getByLabel('Mine').check()
    await conflict.getByRole('button', { name: 'Go on with both' }).click()
    await save(page)

    await goTo(first.page, rig, '/routes/db', 'db')
    const field = (label: string): Promise<string> => first.page.getByLabel(label).inputValue()
    assert.equal(await field('Idle timeout'), '1h')
    assert.equal(await field('Contact'), 'dba@example.com')
    assert.equal(await field('Description'), 'Orders of the last ten years')
    checkBehaviour(first, rig)
    checkBehaviour(second, rig)
  })

  peerTest('what was changed outlives that somebody deletes it', ['Chromium'], async (scope) => {
    const rig = await startGatewayWithConsole(scope, [])
    const first = await consoleAs(scope, rig, carol, '/new-route')
    const { page } = first
    await addRoute(page, 'db')
    const second = await consoleAs(scope, rig, bob, '/routes/db')
    await page.getByLabel('Contact').fill('dba@example.com')
    await second.page.getByRole('button', { name: 'Delete …' }).click()
    await second.page
      .getByRole('dialog')
      .getByRole('button', { name: 'Delete', exact: true })
      .click()
    await second.page.getByText('There is no route yet.').waitFor()

    await page.getByText('Somebody has deleted this route meanwhile.').waitFor()
    await page.getByText('Deleted meanwhile: add it again').waitFor()
    await checkLooks(page, 'console-deleted-meanwhile', widths)
    await save(page, 'Add')
    await page.getByText('Somebody has deleted this').waitFor({ state: 'detached' })
    await page.getByText('Nothing is changed.').waitFor()
    await goTo(page, rig, '/routes/db', 'db')
    assert.equal(await page.getByLabel('Contact').inputValue(), 'dba@example.com')
    await page.getByRole('link', { name: 'History' }).click()
    const entries = page.getByRole('listitem').filter({ hasText: '@example.com' })
    await entries.nth(2).waitFor()
    assert.equal(await entries.count(), 3)
    checkBehaviour(first, rig)
    checkBehaviour(second, rig)
  })

  peerTest('what was changed can be returned to, and is not lost', ['Chromium'], async (scope) => {
    const rig = await startGatewayWithConsole(scope, [])
    const browser = await consoleAs(scope, rig, carol, '/new-route')
    const { page } = browser
    await addRoute(page, 'db')
    await page.getByLabel('Contact').fill('dba@example.com')
    await save(page)

    // Leaving with something unsaved asks; whoever leaves all the same finds it again.
    await page.getByLabel('Contact').fill('nobody@example.com')
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
    await page.keyboard.press('Escape')
    assert.equal(await page.getByLabel('Contact').inputValue(), 'nobody@example.com')
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
    await page.getByRole('heading', { level: 1, name: 'History of db' }).waitFor()
    await page.getByRole('link', { name: 'The route as it is now' }).click()
    await page.getByText('Your changes from before are here').waitFor()
    assert.equal(await page.getByLabel('Contact').inputValue(), 'nobody@example.com')
    // By the browser's own buttons as well; and it asks before it closes the tab.
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'History of db' }).waitFor()
    await page.goForward()
    await page.getByText('Your changes from before are here').waitFor()
    assert.equal(await page.getByLabel('Contact').inputValue(), 'nobody@example.com')
    const closing = `window.dispatchEvent(new Event('beforeunload', { cancelable: true }))`
    assert.equal(await page.evaluate<boolean>(closing), false)
    await page.getByRole('button', { name: 'Discard them' }).click()
    assert.equal(await page.evaluate<boolean>(closing), true)
    assert.equal(await page.getByLabel('Contact').inputValue(), 'dba@example.com')

    await page.getByRole('link', { name: 'History' }).click()
    const entries = page.getByRole('listitem').filter({ hasText: carol })
    await entries.first().waitFor()
    assert.equal(await entries.count(), 2)
    await entries.first().getByRole('button', { name: 'What changed' }).click()
    assert.match(await entries.first().innerText(), /\+ contact: dba@example\.com/)
    await entries.last().getByRole('button', { name: 'Return to this …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Return to it' }).click()
    await page.getByText('Restored').waitFor()
    await goTo(page, rig, '/routes/db', 'db')
    assert.equal(await page.getByLabel('Contact').inputValue(), '')

    // Also one that was deleted.
    await page.getByRole('button', { name: 'Delete …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('There is no route yet.').waitFor()
    await goTo(page, rig, '/routes/db', 'db')
    await page.getByRole('link', { name: 'Its history' }).click()
    await page.getByText('This route is deleted').waitFor()
    await page.getByRole('button', { name: 'Return to this …' }).last().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Return to it' }).click()
    await page.getByRole('link', { name: 'The route as it is now' }).waitFor()
    checkBehaviour(browser, rig)
  })
})

/** Adds a route that leads nowhere, in the form, and waits for its page. */
async function addRoute(page: Page, name: string): Promise<void> {
  await page.getByLabel('Host', { exact: true }).fill(`${name}.example.com:5432`)
  await page.getByLabel('Host and port').fill('127.0.0.1:1')
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Id', { exact: true }).fill(name)
  await save(page, 'Add')
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

/** A first rule that lets one person in. */
async function addRule(page: Page, email: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a rule' }).click()
  await page.getByRole('button', { name: 'Add to include of rule 1' }).click()
  await page.getByLabel('Include 1 of rule 1: value').fill(email)
}

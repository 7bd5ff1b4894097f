import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { checkLooks } from '../page-looks.ts'
import { peerTest } from '../peers.ts'
import { exchange, personAt, untilEnded } from '../person.ts'
import { alice, bob, carol, route } from '../rig.ts'
import { echo, startService } from '../services.ts'
import { answer, checkBehaviour, openConsole, signIn } from './open-console.ts'

const target = 'echo.example.com:7'
const widths = [1280, 320]
/** From a click to the last byte, in milliseconds. */
const maxCutMs = 1_000

describe('the console in Chromium, on a gateway with real tunnels', () => {
  peerTest('whoever signs in for a view comes back to it', ['Chromium'], async (scope) => {
    const { rig, browser, page } = await openConsole(scope, [], '/console/people?q=alice')
    await signIn(page, 'Alice Adams')
    await page.getByRole('heading', { name: 'People' }).waitFor()
    assert.equal(page.url(), `${rig.origin}/console/people?q=alice`)
    await page.getByRole('link', { name: 'Alice Adams' }).waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest('a tunnel appears, moves bytes, and is cut at once', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { rig, browser, page } = await openConsole(
      scope,
      [route(target, service)],
      '/console/tunnels',
    )
    await signIn(page, 'Alice Adams')
    await page.getByText('No tunnel is open.').waitFor()

    const person = await personAt(scope, rig, bob)
    const local = await person.listen(target)
    const [kept, socket] = [await local.connect(), await local.connect()]
    await exchange(kept, 'hello')
    await exchange(socket, 'x'.repeat(3 * 1024))
    const grid = page.getByRole('grid', { name: 'Open tunnels' })
    const row = grid.getByRole('row').filter({ hasText: '3.0 KiB' })
    await row.waitFor()
    assert.match(await row.innerText(), /bob@example\.com\s+echo\s+echo\.example\.com:7/)
    assert.equal(await grid.getAttribute('aria-rowcount'), '3')
    await page.locator('.live').waitFor()
    // Bytes move on the page while they do in the tunnel.
    await exchange(kept, 'y'.repeat(7 * 1024))
    await grid.getByRole('row').filter({ hasText: '7.0 KiB' }).waitFor()

    await row.getByRole('button', { name: /^End/ }).click()
    await answer(page, 'End')
    const clickedMs = performance.now()
    await untilEnded(socket)
    const tookMs = performance.now() - clickedMs
    assert.ok(tookMs < maxCutMs, `bytes could flow for ${tookMs} ms`)
    await page.getByText('Ended 1 tunnel.').waitFor()
    await row.waitFor({ state: 'detached' })
    await local.child.says(/the gateway cut the tunnel to "echo\.example\.com:7"/)
    assert.equal(await exchange(kept, 'still'), 'still')
    checkBehaviour(browser, rig)
  })

  peerTest('a list that is paused stays as it is', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { rig, page } = await openConsole(scope, [route(target, service)], '/console/tunnels')
    await signIn(page, 'Alice Adams')
    const local = await (await personAt(scope, rig, bob)).listen(target)
    await exchange(await local.connect(), 'hello')
    const grid = page.getByRole('grid', { name: 'Open tunnels' })
    await grid.waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText(/^as of /).waitFor()
    await exchange(await local.connect(), 'hello')
    // Another view of the same knows of both.
    const other = await page.context().newPage()
    await other.goto(`${rig.origin}/console/tunnels`)
    await other.getByText('2 tunnels').waitFor()
    assert.equal(await grid.getAttribute('aria-rowcount'), '2')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('2 tunnels').waitFor()
  })

  peerTest('the overview counts what is there', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { rig, browser, page } = await openConsole(scope, [route(target, service)])
    await signIn(page, 'Alice Adams')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.getByRole('region', { name: 'Busiest routes' }).first().waitFor()
    const local = await (await personAt(scope, rig, bob)).listen(target)
    await exchange(await local.connect(), 'hello')
    await page.getByRole('link', { name: 'Tunnels open 1' }).waitFor()
    await page.getByRole('link', { name: 'Sessions 2' }).waitFor()
    await page.getByRole('link', { name: 'Routes 1' }).waitFor()
    await page.getByText('Nothing now.').waitFor()
    await page.getByText('7 days').click()
    await page.waitForURL(`${rig.origin}/console/overview?range=7d`)
    await checkLooks(page, 'console-overview-real', widths)
    checkBehaviour(browser, rig)
  })

  peerTest('a person is blocked, and let in again', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { rig, browser, page } = await openConsole(
      scope,
      [route(target, service)],
      '/console/people',
    )
    await signIn(page, 'Alice Adams')
    const person = await personAt(scope, rig, bob)
    const local = await person.listen(target)
    const socket = await local.connect()
    await exchange(socket, 'hello')

    await page.getByLabel('Find people').fill('bob')
    await page.getByRole('link', { name: 'Bob Brown' }).click()
    await page.getByRole('heading', { name: 'Bob Brown' }).waitFor()
    await page.getByRole('grid', { name: 'Open tunnels' }).waitFor()
    await page.getByRole('button', { name: 'Block' }).click()
    await page.getByLabel('Why, for the audit log').fill('laptop stolen')
    await answer(page, 'Block them')
    const clickedMs = performance.now()
    await untilEnded(socket)
    assert.ok(performance.now() - clickedMs < maxCutMs)
    await page.getByText(/Blocked Bob Brown: ended 1 session and 1 tunnel/).waitFor()
    await page.getByText('“laptop stolen”').waitFor()
    await page.getByText('is not signed in.').waitFor()
    const refused = await person.pipe(target, 'hello')
    assert.notEqual(refused.ending, 0)
    assert.match(refused.errors, /block/)

    await page.getByRole('navigation').getByRole('link', { name: 'People' }).click()
    await page.getByRole('link', { name: '1 person blocked' }).click()
    await page.getByRole('button', { name: /^Unblock/ }).click()
    await answer(page, 'Unblock them')
    await page.getByText('Nobody is blocked.').waitFor()
    assert.equal((await person.pipe(target, 'hello')).output, 'hello')
    checkBehaviour(browser, rig)
  })

  peerTest('a session is ended, and its tunnels with it', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { page, rig } = await openConsole(scope, [route(target, service)], '/console/people')
    await signIn(page, 'Alice Adams')
    const person = await personAt(scope, rig, bob)
    const socket = await (await person.listen(target)).connect()
    await exchange(socket, 'hello')
    // It comes by itself, told by the gateway.
    const row = page.getByRole('row').filter({ hasText: bob })
    await row.waitFor()
    await row.getByRole('button', { name: /^End/ }).click()
    await answer(page, 'End the session')
    await untilEnded(socket)
    await row.waitFor({ state: 'detached' })
  })

  peerTest('a service account is made, used, and revoked', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const forRobot = {
      ...route(target, service),
      policy: [{ allow: { or: [{ user: { is: 'deploy' } }] } }],
    }
    const { rig, browser, page } = await openConsole(scope, [forRobot], '/console/service-accounts')
    await signIn(page, 'Alice Adams')
    await page.getByText('There is no service account.').waitFor()
    await page.getByRole('button', { name: 'Create' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Id').fill('deploy')
    await dialog.getByLabel('What it is for').fill('deploys')
    await dialog.getByRole('button', { name: 'Create' }).click()
    const token = await dialog.locator('pre').innerText()
    await dialog.getByRole('button', { name: 'I have kept it' }).click()

    const person = await personAt(scope, rig, carol)
    const file = join(scope.directory, 'deploy.token')
    await writeFile(file, `${token.trim()}\n`, { mode: 0o600 })
    const open = person.openPipe(target, '--service-account-file', file)
    open.stdin.write('hello')
    await page.getByRole('gridcell', { name: 'deploys' }).waitFor()
    await page.getByRole('button', { name: /^Revoke/ }).click()
    await answer(page, 'Revoke it')
    await page.getByText('Revoked deploy.').waitFor()
    assert.notEqual(await open.ended, 0)
    await page.getByRole('grid').getByText('revoked').waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest('who has no role is led nowhere, and told why', ['Chromium'], async (scope) => {
    const { rig, browser, page } = await openConsole(scope, [])
    await signIn(page, 'Carol Clark')
    await page.getByRole('heading', { name: 'The console is not open to you' }).waitFor()
    await page.getByRole('link', { name: 'Your routes' }).click()
    await page.getByRole('heading', { name: 'Your routes' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Console' }).count(), 0)
    await page.goto(`${rig.origin}/console/tunnels`)
    await page.getByRole('button', { name: 'Sign in as somebody else' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await page.goto(`${rig.origin}/`)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Alice Adams' }).click()
    await page.getByRole('link', { name: 'Console' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    checkBehaviour(browser, rig)
  })

  peerTest('an auditor reads, and the gateway refuses more', ['Chromium'], async (scope) => {
    const { rig, browser, page } = await openConsole(scope, [], '/console/people')
    await signIn(page, 'Bob Brown')
    await page.getByRole('link', { name: 'Bob Brown' }).waitFor()
    assert.equal(await page.getByRole('button', { name: /^End/ }).count(), 0)
    // Whoever makes the request without a button.
    const status = await page.evaluate<number>(
      `fetch('/api/v1/sessions?user=${bob}', {
        method: 'DELETE',
        headers: { 'x-postern-request': '1' },
      }).then(({ status }) => status)`,
    )
    assert.equal(status, 403)
    checkBehaviour(browser, rig)
  })

  peerTest('when the session ends the console asks', ['Chromium'], async (scope) => {
    const { rig, page } = await openConsole(scope, [], '/console/people')
    await signIn(page, 'Alice Adams')
    await page.getByRole('grid').waitFor()
    await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
    await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor()
    await checkLooks(page, 'console-ended', widths)
    await page.getByRole('dialog').getByRole('link', { name: 'Sign in', exact: true }).click()
    // The provider still knows her, or asks.
    const button = page.getByRole('button', { name: 'Alice Adams' })
    await button.or(page.getByRole('heading', { name: 'People' })).waitFor()
    if (await button.isVisible()) await button.click()
    await page.getByRole('heading', { name: 'People' }).waitFor()
    await page.getByRole('grid').waitFor()
  })
})

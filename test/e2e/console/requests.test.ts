import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { checkLooks } from '../page-looks.ts'
import { peerTest } from '../peers.ts'
import { exchange, personAt, untilEnded } from '../person.ts'
import { alice, bob, carol, route } from '../rig.ts'
import { echo, startService } from '../services.ts'
import { consoleAs, startGatewayWithConsole } from './console-as.ts'
import { checkBehaviour } from './open-console.ts'

const target = 'echo.example.com:7'
const widths = [1280, 320]
/** From the click that ends it to the last byte, in milliseconds. */
const maxCutMs = 1_000

peerTest('access is asked for, given for a while and ended', ['Chromium'], async (scope) => {
  const service = await startService(scope, echo)
  const approvers = [{ allow: { or: [{ email: { is: carol } }] } }]
  const closed = { ...route(target, service, [bob]), approval: { approvers, max: '8h' } }
  const rig = await startGatewayWithConsole(scope, [closed], { administrators: [bob] })
  const hers = await consoleAs(scope, rig, alice, '/requests', 'Requests')
  await ask(hers.page, { route: 'echo', for_seconds: 3_600, reason: 'Ticket 4711' })

  // Carol administers nothing: to answer, she needs no role.
  const approver = await consoleAs(scope, rig, carol, '/requests', 'Requests')
  await approver.page.getByText('“Ticket 4711”').first().waitFor()
  await checkLooks(approver.page, 'console-requests-of-approver', widths)
  await approver.page.getByLabel('For', { exact: true }).selectOption('30 min')
  await approver.page.getByRole('button', { name: `Approve the request of ${alice}` }).click()
  await approver.page.getByText('Access is given.').waitFor()

  const person = await personAt(scope, rig, alice)
  const socket = await (await person.listen(target)).connect()
  assert.equal(await exchange(socket, 'let in'), 'let in')

  const administrator = await consoleAs(scope, rig, bob, '/requests')
  const { page } = administrator
  await page.getByText(`given by ${carol}`).waitFor()
  await page.getByRole('button', { name: `End now … the access of ${alice}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  const clickedMs = performance.now()
  await untilEnded(socket)
  const tookMs = performance.now() - clickedMs
  assert.ok(tookMs < maxCutMs, `bytes could flow for ${Math.round(tookMs)} ms`)
  await page.getByText('Nobody has access by a request.').waitFor()
  for (const browser of [hers, approver, administrator]) checkBehaviour(browser, rig)
})

/** What the portal sends for somebody who asks. */
async function ask(page: Page, body: object): Promise<void> {
  const status = await page.evaluate<number>(`fetch('/api/v1/requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-postern-request': '1' },
    body: ${JSON.stringify(JSON.stringify(body))},
  }).then(({ status }) => status)`)
  assert.equal(status, 201)
}

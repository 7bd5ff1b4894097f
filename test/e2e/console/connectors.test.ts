import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import type { ConnectorList } from '../../../src/control/protocol.ts'
import { startChild } from '../child.ts'
import { checkLooks } from '../page-looks.ts'
import { peerTest } from '../peers.ts'
import { exchange, personAt, untilEnded } from '../person.ts'
import { siteFor } from '../publisher.ts'
import { alice, bob, posternCommand, route, type GatewayRig } from '../rig.ts'
import { echo, startService } from '../services.ts'
import { answer, checkBehaviour, openConsole, signIn } from './open-console.ts'

const target = 'echo.example.com:7'
/** Until a connector has all its connections, in milliseconds. */
const maxReadyMs = 40_000

describe('connectors in Chromium, with a real one', () => {
  peerTest(
    'a named tunnel is made, carries, gets another token, and goes',
    ['Chromium'],
    async (scope) => {
      const service = await startService(scope, echo)
      const led = { ...route(target, service), to: 'connector://lab' }
      const site = await siteFor(scope, 'site.com', alice)
      const { rig, browser, page } = await openConsole(scope, [led], '/console/connectors', site)
      await signIn(page, 'Alice Adams')
      await page.getByRole('button', { name: 'Create a named tunnel' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill('two words')
      await dialog.getByRole('button', { name: 'Create', exact: true }).click()
      await dialog.getByText(/cannot be the name of a tunnel/).waitFor()
      await dialog.getByLabel('Name').fill('lab')
      await dialog.getByRole('button', { name: 'Create', exact: true }).click()
      await dialog.getByText('This is the token of lab').waitFor()
      await checkLooks(page, 'console-tunnel-token', [1280, 320])
      const tokenFile = join(scope.directory, 'lab.token')
      const keep = async (): Promise<void> => {
        const token = await dialog.locator('pre').first().innerText()
        await writeFile(tokenFile, token, { mode: 0o600 })
        await dialog.getByRole('button', { name: 'I have kept it' }).click()
      }
      await keep()
      const tunnels = page.getByRole('grid', { name: 'Named tunnels' })
      await tunnels.getByText('none now').waitFor()

      // The page may still show those that were; the gateway tells of each that came.
      const known = new Set<string>()
      const untilReady = async (): Promise<void> => {
        const endMs = performance.now() + maxReadyMs
        let ready: readonly string[]
        do {
          assert.ok(performance.now() < endMs, 'the connector has no four new connections')
          ready = (await readyConnections(rig)).filter((id) => !known.has(id))
        } while (ready.length < 4)
        for (const id of ready) known.add(id)
      }
      const run = ['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${service}`]
      const start = () =>
        startChild(scope, ...posternCommand('tunnel', '--cacert', rig.caFile, 'run', ...run), {
          env: { HOME: scope.directory },
        })
      const connector = start()
      await untilReady()
      await page.getByText('4 ready').waitFor()
      const local = await (await personAt(scope, rig, bob)).listen(target)
      const socket = await local.connect()
      assert.equal(await exchange(socket, 'hello'), 'hello')

      // Its connections are made anew, and the tunnel goes on.
      await page.getByRole('button', { name: /^Drain/ }).click()
      await answer(page, 'Drain it')
      await page.getByText('lab connects anew.').waitFor()
      assert.equal(await exchange(socket, 'still'), 'still')
      await untilReady()
      await page.getByRole('button', { name: /^Cut/ }).click()
      await answer(page, 'Cut it')
      await untilEnded(socket)
      await untilReady()
      await page.getByText('4 ready').waitFor()

      // What is used does not go by one click.
      await tunnels.getByRole('button', { name: /^Delete/ }).click()
      await answer(page, 'Delete it')
      const again = page.getByRole('dialog', { name: 'Delete lab all the same?' })
      await again.getByText(/connections? of connectors/).waitFor()
      await again.getByRole('button', { name: 'Cancel' }).click()

      await tunnels.getByRole('button', { name: /^New token/ }).click()
      await answer(page, 'Make another token')
      await dialog.getByText('This is the token of lab').waitFor()
      assert.equal(await connector.ended, 4)
      const before = await readFile(tokenFile, 'utf8')
      await keep()
      assert.notEqual(await readFile(tokenFile, 'utf8'), before)
      const next = start()
      await untilReady()
      assert.equal(await exchange(await local.connect(), 'again'), 'again')

      await tunnels.getByRole('button', { name: /^Delete/ }).click()
      await answer(page, 'Delete it')
      await again.getByRole('button', { name: 'Delete it' }).click()
      await page.getByText('Deleted lab.').waitFor()
      assert.equal(await next.ended, 4)
      await page.getByText('There is none yet. A connector registers').waitFor()
      checkBehaviour(browser, rig)
    },
  )
})

async function readyConnections(rig: GatewayRig): Promise<readonly string[]> {
  const { output } = await rig.postern('gateway', 'connectors', 'list', '--json')
  const { connectors } = JSON.parse(output) as ConnectorList
  return connectors.flatMap(({ connections }) =>
    connections.filter(({ ready }) => ready).map(({ id }) => id),
  )
}

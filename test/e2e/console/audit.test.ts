import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { checkLooks } from '../page-looks.ts'
import { peerTest } from '../peers.ts'
import { exchange, personAt, untilEnded } from '../person.ts'
import { bob, route } from '../rig.ts'
import { echo, startService } from '../services.ts'
import { answer, checkBehaviour, openConsole, signIn } from './open-console.ts'

const target = 'echo.example.com:7'
const widths = [1280, 320]

describe('the audit log in the console', () => {
  peerTest('what was done is found, and proved elsewhere', ['Chromium'], async (scope) => {
    const service = await startService(scope, echo)
    const { rig, browser, page } = await openConsole(
      scope,
      [route(target, service)],
      '/console/people?q=bob',
    )
    await signIn(page, 'Alice Adams')
    const local = await (await personAt(scope, rig, bob)).listen(target)
    const socket = await local.connect()
    await exchange(socket, 'hello')
    await page
      .getByRole('row')
      .filter({ hasText: bob })
      .getByRole('button', { name: /^End/ })
      .click()
    await answer(page, 'End the session')
    await untilEnded(socket)

    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByRole('grid', { name: 'Records' }).waitFor()
    await page.getByLabel('What').selectOption('Admin changes')
    const row = page.getByRole('row').filter({ hasText: 'session' }).filter({ hasText: 'alice@' })
    await row.first().waitFor()
    assert.match(page.url(), /\/console\/audit\?kind=admin$/)
    await checkLooks(page, 'console-audit-real', widths)
    await row.first().getByRole('button', { name: /^Show/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('In the chain', { exact: true }).waitFor()
    assert.match(await dialog.innerText(), /by-email\s+alice@example\.com[^]*prev\s+[0-9a-f]{64}/)
    await checkLooks(page, 'console-audit-record', widths)
    await page.keyboard.press('Escape')

    await page.getByRole('link', { name: 'how that is proved' }).click()
    const note = page.getByRole('region', { name: 'The latest checkpoint' }).locator('pre')
    await note.waitFor()
    const key = /--key '([^']+)'/.exec(
      await page.getByRole('region', { name: 'Verify' }).locator('pre').last().innerText(),
    )?.[1]
    await checkLooks(page, 'console-checkpoint-real', widths)

    const kept = join(scope.directory, 'checkpoint.txt')
    await writeFile(kept, (await note.textContent()) ?? '')
    const copy = join(scope.directory, 'audit')
    const [directory = ''] = globSync('.state/**/audit', { cwd: rig.home })
    await cp(join(rig.home, directory), copy, { recursive: true })
    const verify = ['audit', 'verify', '--checkpoint', kept, '--key', key ?? '', copy]
    const whole = await rig.postern(...verify)
    assert.equal(whole.ending, 0, whole.errors)
    // Somebody puts it on somebody else.
    for (const name of globSync('**/*.jsonl', { cwd: copy })) {
      const text = await readFile(join(copy, name), 'utf8')
      await writeFile(join(copy, name), text.replaceAll('alice@example.com', 'carol@example.com'))
    }
    assert.notEqual((await rig.postern(...verify)).ending, 0)
    checkBehaviour(browser, rig)
  })
})

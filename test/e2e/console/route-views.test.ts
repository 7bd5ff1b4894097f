import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { bulkRequest, updateRequest } from '../../../src/console/wire/documents.ts'
import { reachRequest } from '../../../src/console/wire/reach.ts'
import { tryRequest } from '../../../src/console/wire/try-access.ts'
import { checkLooks } from '../page-looks.ts'
import { peerTest } from '../peers.ts'
import type { Chromium } from '../peers/chromium.ts'
import type { Scope } from '../scope.ts'
import { fault, startFakeGateway, type Answer, type FakeGateway } from './fake-gateway.ts'
import { many, whoIs } from './many.ts'
import { definition, manyRoutes, routeRows } from './many-routes.ts'
import { settled, until } from './until.ts'

const widths = [1280, 320]

describe('routes, policies, Try it and requests in Chromium', () => {
  peerTest('each view can be read, with much and with little room', ['Chromium'], async (scope) => {
    const { browser, go } = await openConsole(scope)
    const { page } = browser
    const look = (name: string): Promise<void> => checkLooks(page, `console-${name}`, widths)

    await go('/routes', 'Routes')
    await page.getByRole('checkbox', { name: 'Tick service-3', exact: true }).check()
    await page.getByText('1 route ticked').waitFor()
    await look('routes')
    await go('/routes/service-5', 'service-5')
    await page.getByLabel('Include 1 of rule 1: value').waitFor()
    await look('route')
    await page.getByRole('tab', { name: 'YAML' }).click()
    await page.getByRole('textbox', { name: 'The whole route as YAML' }).waitFor()
    await look('route-yaml')
    await go('/routes/service-1', 'service-1')
    await page.getByText('is in the configuration file, at postern.yaml:12').waitFor()
    await look('route-of-file')
    await go('/routes/service-5/history', 'History of service-5')
    await page.getByRole('button', { name: 'What changed' }).first().click()
    await look('history')
    await go('/new-route', 'New route')
    await look('new-route')
    await go('/policies', 'Policies')
    await page.getByRole('grid').waitFor()
    await look('policies')
    await go('/policies/on-call', 'on-call')
    await page.getByRole('textbox', { name: /in the policy language/ }).waitFor()
    await look('policy')
    await page.getByText('Rules', { exact: true }).click()
    await page.getByText('This policy says what rules cannot.').waitFor()
    await page.getByText('line 5: a "deny" has no equal in rules').waitFor()
    await look('policy-not-rules')
    await go('/try?route=service-5', 'Try it')
    await page.getByLabel('Person').fill('bob@example.com')
    await page.getByRole('button', { name: 'Try it', exact: true }).click()
    await page.getByRole('heading', { name: 'Refused' }).waitFor()
    await page.getByRole('button', { name: 'Who may use this route now?' }).click()
    await page.getByText('person.1@example.com').waitFor()
    await look('try')
    await go('/requests', 'Requests')
    await page.getByText('Break glass: nobody was asked').first().waitFor()
    await page.getByRole('grid').waitFor()
    await look('requests')
    await go('/import', 'Import and export')
    await page.getByLabel('YAML').fill('routes: []')
    await page.getByRole('button', { name: 'Show what would change' }).click()
    await page.locator('summary').click()
    await look('import')
    checkBehaviour(browser)
  })

  peerTest('nothing there, and nothing to be had, is said', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const lists = [
      { path: '/routes', title: 'Routes', none: 'There is no route yet.' },
      { path: '/policies', title: 'Policies', none: 'There is no policy yet.' },
      { path: '/requests', title: 'Requests', none: 'Nobody has asked for access yet.' },
    ]
    for (const { path, title, none } of lists) {
      fake.answer(path, empty)
      await go(path, title)
      await page.getByText(none).waitFor()
      await checkLooks(page, `console-no${path.replace('/', '-')}`, widths)
      fake.answer(path, () => fault(503, { error: 'store_busy', message: 'it does not answer' }))
      await go(path, title)
      await page.getByText(`Cannot show the ${title.toLowerCase()}.`).first().waitFor()
      await checkLooks(page, `console-failed${path.replace('/', '-')}`, widths)
      fake.answer(path, never)
      await go(path, title)
      await page.getByText(`Loading the ${title.toLowerCase()} …`).first().waitFor()
    }
    checkBehaviour(browser)
  })

  peerTest('a keyboard alone finds, changes and saves a route', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const saved = keepWhatIsPut(fake)
    await go('/routes', 'Routes')
    await page.getByRole('grid').waitFor()
    // From the search to the first row: the other filters, the box for all of them, four sortable columns.
    await page.getByLabel('Find routes').focus()
    for (let step = 0; step < 8; step++) await page.keyboard.press('Tab')
    assert.equal(await rowIndex(page), '2')
    for (let row = 0; row < 5; row++) await page.keyboard.press('ArrowDown')
    assert.equal(await rowIndex(page), '7')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'service-5' }).waitFor()

    await page.getByLabel('Idle timeout').focus()
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type('45m')
    await tabTo(page, 'Save …')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Save this route?' })
    await dialog.getByText('700 tunnels of 2,000 would be cut').waitFor()
    await dialog.getByText('Open to everybody, without signing in: service-6').waitFor()
    await checkLooks(page, 'console-reach', widths)
    await until(page, `document.activeElement?.closest('[role=dialog]')`)
    await page.keyboard.type('slow imports')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    const body = updateRequest.parse(saved[0])
    assert.deepEqual(
      [body.definition, body.revision, body.note],
      [{ ...definition, idle_timeout: '45m' }, 7, 'slow imports'],
    )
    checkBehaviour(browser)
  })

  peerTest('the keyboard stays near when what had it goes', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const has = (name: string): Promise<void> =>
      until(page, `document.activeElement.innerText?.trim().replace(/\\s+/g, ' ') === '${name}'`)
    const press = async (name: string): Promise<void> => {
      await page.getByRole('button', { name, exact: true }).focus()
      await page.keyboard.press('Enter')
    }
    await go('/routes/service-5', 'service-5')
    await press('Remove destination 2')
    await has('Add a destination')
    // Of two rules: at the end of its way only the way back is left.
    await press('Move down rule 1')
    await has('Move up rule 2')
    await press('Remove rule 2')
    await has('Add a rule')

    // While it is saved, and when that has failed.
    const put = Promise.withResolvers<Response>()
    const shown = manyRoutes['/routes/service-5'] ?? empty
    fake.answer('/routes/service-5', (url, request) =>
      request.method === 'PUT' ? put.promise : shown(url, request),
    )
    await press('Save …')
    const dialog = page.getByRole('dialog', { name: 'Save this route?' })
    await dialog.getByText('700 tunnels of 2,000 would be cut').waitFor()
    await dialog.getByRole('button', { name: 'Save', exact: true }).focus()
    await page.keyboard.press('Enter')
    await dialog.locator('[data-busy]').waitFor()
    await has('Save')
    put.resolve(fault(503, { error: 'store_busy', message: 'it does not answer' }))
    await dialog.getByText('It does not answer.').waitFor()
    await has('Save')
    await page.keyboard.press('Escape')
    await has('Save …')

    // What was changed of a route goes with it, by one's own hand.
    await press('Delete …')
    await page.getByRole('dialog').getByText('700 tunnels of').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Routes' }).waitFor()
    await page.getByRole('link', { name: 'service-5', exact: true }).click()
    await page.getByRole('button', { name: 'Remove destination 2' }).waitFor()
    assert.equal(await page.getByText('Your changes from before are here').count(), 0)
    checkBehaviour(browser)
  })

  peerTest('a gateway that goes away while it saves loses nothing', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    let change: object = {}
    fake.answer('/routes/service-5', async (_url, request) => {
      if (request.method !== 'PUT')
        return Response.json({ ...routeRows[5], definition, hidden: [], ...change })
      // It is kept, and the answer is not heard.
      change = { definition: updateRequest.parse(await request.json()).definition, revision: 8 }
      void fake.stop()
      return new Response()
    })
    await go('/routes/service-5', 'service-5')
    await page.getByLabel('Idle timeout').fill('45m')
    await page.getByRole('button', { name: 'Save …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Save this route?' })
    await dialog.getByText('700 tunnels of').waitFor()
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await dialog.getByText('Whether it was done is not known').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Changed, and not saved yet.').waitFor()
    assert.equal(await page.getByLabel('Idle timeout').inputValue(), '45m')
    await fake.start()
    // What is saved is what was written: nothing is left to bring together.
    await page.getByText('Nothing is changed.').waitFor()
    assert.equal(await page.getByLabel('Idle timeout').inputValue(), '45m')
    assert.equal(await page.getByText('Changed by somebody else').count(), 0)
  })

  peerTest('a fault stands at its field, and nothing is saved', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    await go('/routes/service-5', 'service-5')
    fake.answer('/routes/check', () =>
      Response.json({
        id: 'service-5',
        warnings: [],
        problems: [
          { path: 'idle_timeout', message: 'must be a duration such as 15m, not "soon"' },
          { path: 'policies[0].include[1]', message: 'must be a domain' },
          { path: 'tls_custom_ca_file', message: 'cannot be kept here' },
        ],
      }),
    )
    await page.getByLabel('Idle timeout').fill('soon')
    await page.getByText('3 faults to be mended first.').waitFor()
    assert.ok(await page.getByRole('button', { name: 'Save …' }).isDisabled())
    await page.getByText('must be a duration such as 15m, not "soon"').waitFor()
    await page.getByText('include[1] must be a domain').waitFor()
    await page.getByText('tls_custom_ca_file cannot be kept here').waitFor()
    await checkLooks(page, 'console-route-faults', widths)

    // One that the gateway finds only with the others beside it is said before it is saved.
    fake.answer('/routes/check', manyRoutes['/routes/check'] ?? empty)
    fake.answer('/reach', () =>
      fault(422, { error: 'invalid_document', message: 'another route answers to this' }),
    )
    await page.getByLabel('Idle timeout').fill('45m')
    await page.getByRole('button', { name: 'Save …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Save this route?' })
    await dialog.getByText('It cannot be done like this.').waitFor()
    await dialog.getByText('Another route answers to this.').waitFor()
    assert.ok(await dialog.getByRole('button', { name: 'Save', exact: true }).isDisabled())
    await checkLooks(page, 'console-route-refused', widths)
    checkBehaviour(browser)
  })

  peerTest('what cannot be read as YAML is neither lost nor saved', ['Chromium'], async (scope) => {
    const { browser, go } = await openConsole(scope)
    const { page } = browser
    await go('/routes/service-5', 'service-5')
    await page.getByRole('tab', { name: 'YAML' }).click()
    const editor = page.getByRole('textbox', { name: 'The whole route as YAML' })
    await editor.click()
    await page.keyboard.press('ControlOrMeta+End')
    await page.keyboard.type('stall_timeout: [2h')
    // The editor writes the closing bracket itself.
    await page.keyboard.press('Delete')
    await page.getByText('The YAML cannot be read: mend it first.').waitFor()
    assert.ok(await page.getByRole('tab', { name: 'Form' }).isDisabled())
    assert.ok(await page.getByRole('button', { name: 'Save …' }).isDisabled())
    await page.keyboard.type(']')
    await page.getByText('Changed, and not saved yet.').waitFor()
    assert.match(await editor.innerText(), /stall_timeout: \[2h\]/)
    await page.getByRole('tab', { name: 'Form' }).click()
    assert.equal(await page.getByLabel('Stall timeout').inputValue(), '["2h"]')
    assert.equal(await page.getByText('/etc/ca.pem').count(), 1)
    checkBehaviour(browser)
  })

  peerTest(
    'a policy that cannot be read stays where it is, or is discarded',
    ['Chromium'],
    async (scope) => {
      const { browser, go } = await openConsole(scope)
      const { page } = browser
      await go('/policies/on-call', 'on-call')
      const editor = page.getByRole('textbox', { name: /in the policy language/ })
      const before = await editor.innerText()
      await editor.click()
      await page.keyboard.press('ControlOrMeta+End')
      await page.keyboard.type('\n[')
      await page.keyboard.press('Delete')
      await page.getByText('The YAML cannot be read: mend it first.').waitFor()
      assert.ok(await page.getByRole('radio', { name: 'Rules' }).isDisabled())
      assert.notEqual(await editor.innerText(), before)
      // Nothing of it is in the form yet, and it goes with what was changed there.
      await page.getByRole('button', { name: 'Discard' }).click()
      await page.getByText('Nothing is changed.').waitFor()
      assert.equal(await editor.innerText(), before)
      await page.getByText('Rules', { exact: true }).click()
      await page.getByRole('radio', { name: 'Rules', checked: true }).waitFor({ state: 'attached' })
      checkBehaviour(browser)
    },
  )

  peerTest(
    'the policy language is offered where it may be written',
    ['Chromium'],
    async (scope) => {
      const { browser, go, fake } = await openConsole(scope)
      const { page } = browser
      await go('/policies/on-call', 'on-call')
      const editor = page.getByRole('textbox', { name: /in the policy language/ })
      await editor.click()
      await page.keyboard.press('ControlOrMeta+A')
      await page.keyboard.press('Delete')
      await page.keyboard.type('- al')
      await page.getByRole('option', { name: 'allow' }).click()
      await page.keyboard.press('Enter')
      await page.keyboard.type('o')
      await page.getByRole('option', { name: 'or' }).first().waitFor()
      fake.answer('/policies/check-text', () =>
        Response.json({
          problems: [
            {
              line: 1,
              column: 3,
              end_line: 1,
              end_column: 8,
              message: 'unknown rule',
              hint: 'mend',
            },
          ],
        }),
      )
      await page.keyboard.press('Escape')
      await page.keyboard.type('r')
      await page.locator('.cm-lintRange-error').waitFor()
      assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'allow')
      checkBehaviour(browser)
    },
  )

  peerTest('many rows are changed at once, after their reach', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const sent: unknown[] = []
    const keep = (path: string): void => {
      const before = manyRoutes[path] ?? empty
      fake.answer(path, async (url, request) => {
        sent.push(await request.clone().json())
        return before(url, request)
      })
    }
    keep('/reach')
    keep('/routes/bulk')
    await go('/routes', 'Routes')
    await page.getByRole('checkbox', { name: 'Tick service-3', exact: true }).check()
    await page.getByRole('checkbox', { name: 'Tick service-8', exact: true }).check()
    assert.equal(
      await page.getByRole('checkbox', { name: 'Tick service-1', exact: true }).count(),
      0,
    )
    await page.getByRole('button', { name: 'Disable …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Disable 2 routes?' })
    await dialog.getByText('700 tunnels').waitFor()
    await dialog.getByRole('button', { name: 'Disable' }).click()
    await page.getByText('2 routes disabled').waitFor()
    const [reach, bulk] = [reachRequest.parse(sent[0]), bulkRequest.parse(sent[1])]
    assert.deepEqual(
      reach.changes.map(({ id, disabled }) => [id, disabled]),
      [
        ['service-3', true],
        ['service-8', true],
      ],
    )
    const documents = ['service-3', 'service-8'].map((id) => ({ id, revision: 7 }))
    assert.deepEqual(bulk, { action: 'disable', documents })
    checkBehaviour(browser)
  })

  peerTest(
    'a policy is tried as it is written, before it is saved',
    ['Chromium'],
    async (scope) => {
      const { fake, browser, go } = await openConsole(scope)
      const { page } = browser
      const sent: unknown[] = []
      fake.answer('/try', async (url, request) => {
        sent.push(await request.clone().json())
        return (manyRoutes['/try'] ?? empty)(url, request)
      })
      await go('/policies/on-call', 'on-call')
      await page.getByLabel('Remediation').fill('ask')
      await page.getByLabel('Person').fill('bob@example.com')
      await page.getByRole('button', { name: 'Try it', exact: true }).click()
      await page.getByRole('heading', { name: 'Refused' }).waitFor()
      await page.getByLabel('In the route').selectOption('none: this policy alone')
      await page.getByRole('button', { name: 'Try it', exact: true }).click()
      await until(page, `document.querySelector('[data-busy]') === null`)
      const [inRoute, alone] = sent.map((body) => tryRequest.parse(body))
      assert.deepEqual(
        [inRoute?.person, inRoute?.route, inRoute?.changes?.length],
        ['bob@example.com', 'service-5', 1],
      )
      assert.equal(inRoute?.changes?.[0]?.definition?.['remediation'], 'ask')
      assert.deepEqual(alone?.changes?.[1]?.definition?.['policy_names'], ['on-call'])
      checkBehaviour(browser)
    },
  )

  peerTest('an auditor reads all of it and has no button', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const mayNot = /^(?:Add|Save|Discard|Delete|Remove|Move|Return|Disable|Import|Choose)/
    const titles = { '/routes': 'Routes', '/routes/service-5': 'service-5' }
    await go('/routes/service-5', 'service-5')
    await page.getByLabel('Include 1 of rule 1: value').waitFor()
    assert.ok((await page.getByRole('button', { name: mayNot }).count()) > 3)
    fake.answer('/me', whoIs('auditor'))
    for (const [path, title] of Object.entries({
      ...titles,
      '/routes/service-5/history': 'History of service-5',
      '/policies': 'Policies',
      '/policies/on-call': 'on-call',
      '/import': 'Export',
    })) {
      await go(path, title)
      await settled(page)
      assert.equal(await page.getByRole('button', { name: mayNot }).count(), 0, path)
      assert.equal(await page.getByRole('link', { name: /^Add/ }).count(), 0, path)
      assert.equal(await page.getByRole('checkbox', { name: /^Tick/ }).count(), 0, path)
    }
    await go('/routes/service-5', 'service-5')
    assert.equal(await page.getByLabel('Idle timeout').isEditable(), false)
    await checkLooks(page, 'console-route-auditor', widths)
    checkBehaviour(browser)
  })

  peerTest('an administrator of a namespace changes what is in it', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    fake.answer('/me', () =>
      Response.json({
        kind: 'person',
        user: 'u-pam',
        name: 'Pam',
        email: 'pam@example.com',
        role: 'admin',
        namespaces: ['payments'],
      }),
    )
    const rows = routeRows.slice(0, 8).map((row, index) => ({
      ...row,
      namespace: index % 2 === 0 ? 'payments' : 'ads',
    }))
    fake.answer('/routes', () =>
      Response.json({ items: rows, next_cursor: null, total: rows.length }),
    )
    await go('/routes', 'Routes')
    await page.getByRole('checkbox', { name: 'Tick service-4', exact: true }).waitFor()
    assert.equal(await page.getByRole('checkbox', { name: /^Tick service/ }).count(), 2)
    await page.getByRole('link', { name: 'Add a route' }).waitFor()
    checkBehaviour(browser)
  })

  peerTest('a request is answered with less time and a note', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const sent: unknown[] = []
    fake.answer('/requests/r0/approve', async (_url, request) => {
      sent.push(await request.json())
      return Response.json({})
    })
    await go('/requests', 'Requests')
    await page.getByLabel('For', { exact: true }).selectOption('30 min')
    await page.getByLabel('Note to them').fill('be careful')
    await page.getByRole('button', { name: 'Approve the request of bob@example.com' }).click()
    await page.getByText('Access is given.').waitFor()
    assert.deepEqual(sent, [{ for_seconds: 1_800, note: 'be careful' }])
    checkBehaviour(browser)
  })

  peerTest('a thousand routes are a few in the document', ['Chromium'], async (scope) => {
    const { browser, go } = await openConsole(scope)
    const { page } = browser
    await go('/routes', 'Routes')
    const grid = page.getByRole('grid', { name: 'routes' })
    await grid.waitFor()
    assert.equal(await grid.getAttribute('aria-rowcount'), '1001')
    assert.ok((await grid.getByRole('row').count()) < 60)
    await page.mouse.move(640, 500)
    await until(
      page,
      `(window.scrollTo(0, document.body.scrollHeight),
        document.querySelector('[role=grid] [aria-rowindex="1001"]'))`,
    )
    assert.ok((await grid.getByRole('row').count()) < 60)
    checkBehaviour(browser)
  })
})

const empty: Answer = () => Response.json({ items: [], next_cursor: null, total: 0 })
const never: Answer = () => Promise.withResolvers<Response>().promise

interface OpenConsole {
  readonly fake: FakeGateway
  readonly browser: Chromium
  /** Loads a view and waits for its title. */
  readonly go: (path: string, title: string) => Promise<void>
}

async function openConsole(scope: Scope): Promise<OpenConsole> {
  const fake = await startFakeGateway(scope, { ...many, ...manyRoutes })
  const { browser } = fake
  const go = async (path: string, title: string): Promise<void> => {
    await browser.page.goto(`${fake.origin}/console${path}`)
    await browser.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
  }
  return { fake, browser, go }
}

/** What is put to the route `service-5`, which stays what it is. */
function keepWhatIsPut(fake: FakeGateway): unknown[] {
  const put: unknown[] = []
  const shown = manyRoutes['/routes/service-5'] ?? empty
  fake.answer('/routes/service-5', async (url, request) => {
    if (request.method === 'PUT') put.push(await request.clone().json())
    return shown(url, request)
  })
  return put
}

/** Presses Tab until something of this name has the keyboard. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let step = 0; step < 60; step++) {
    if ((await page.evaluate<string>('document.activeElement.innerText?.trim()')) === name) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`Tab does not lead to "${name}"`)
}

function rowIndex(page: Page): Promise<string | null> {
  return page.evaluate<string | null>('document.activeElement.getAttribute("aria-rowindex")')
}

/** No script failed, and no security policy was broken. */
function checkBehaviour({ faults }: Chromium): void {
  assert.deepEqual(faults, [])
}

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Page } from 'playwright-core'
import { checkLooks } from '../page-looks.ts'
import { peerTest } from '../peers.ts'
import type { Chromium } from '../peers/chromium.ts'
import type { Scope } from '../scope.ts'
import { fault, startFakeGateway, type Answer, type FakeGateway } from './fake-gateway.ts'
import { blocksAnswer } from '../../../src/console/wire/blocks.ts'
import { block, deactivated, many, says, sessions, tunnels, whoIs } from './many.ts'
import { settled, until } from './until.ts'

/** Each view, what it lists, and what it says where there is nothing. */
const views = [
  { path: '/overview', title: 'Overview', lists: [], none: 'Nothing was measured' },
  { path: '/tunnels', title: 'Tunnels', lists: ['/tunnels'], none: 'No tunnel is open.' },
  { path: '/people', title: 'People', lists: ['/sessions'], none: 'Nobody is signed in.' },
  { path: '/blocked', title: 'Blocked people', lists: ['/blocks'], none: 'Nobody is blocked.' },
  {
    path: '/service-accounts',
    title: 'Service accounts',
    lists: ['/service-accounts'],
    none: 'There is no service account.',
  },
  {
    path: '/connectors',
    title: 'Connectors',
    lists: ['/connectors', '/named-tunnels', '/publishers'],
    none: 'No connector is here now.',
  },
  { path: '/audit', title: 'Audit log', lists: ['/audit'], none: 'No record fits.' },
] as const

/** Those that a list leads to. */
const pages = [
  { path: '/person?who=u7', title: 'Person Number 7' },
  { path: '/checkpoint', title: 'Proof of the audit log' },
  { path: '/settings', title: 'Settings' },
] as const

const widths = [1280, 320]
const nothing: Answer = () =>
  Response.json({ items: [], next_cursor: null, total: 0, is_complete: true })
const broken: Answer = () =>
  fault(503, {
    error: 'store_busy',
    message: 'the database does not answer',
    hint: 'see whether it runs',
  })
const never: Answer = () => Promise.withResolvers<Response>().promise

describe('the console in Chromium, over an API that says what a test wants', () => {
  for (const { path, title } of [...views, ...pages]) {
    const named = `with much of everything "${title}" can be read`
    peerTest(named, ['Chromium'], async (scope) => {
      const { browser, go } = await openConsole(scope)
      await go(path, title)
      await settled(browser.page)
      await checkLooks(browser.page, `console${path.replaceAll(/[^a-z]+/g, '-')}`, widths)
      checkBehaviour(browser)
    })
  }

  peerTest('where there is nothing, each view says so', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    for (const { lists } of views) for (const list of lists) fake.answer(list, nothing)
    fake.answer('/samples', () =>
      Response.json({ since: '', until: '', step: '5m', points: [], busiest_routes: [] }),
    )
    for (const { path, title, none } of views) {
      await go(path, title)
      await browser.page.getByText(none).waitFor()
    }
    await checkLooks(browser.page, 'console-empty', widths)
    checkBehaviour(browser)
  })

  peerTest('what cannot be had is said, and can be tried again', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    for (const { path, title, lists } of views) {
      const [list] = lists
      if (list === undefined) continue
      fake.answer(list, broken)
      await go(path, title)
      const alert = page.getByRole('alert').first()
      await alert.waitFor()
      assert.match(
        await alert.innerText(),
        /Cannot show .*\.\s+The database does not answer\.\s+See whether it runs\.\s+Request req-1/,
      )
    }
    await checkLooks(page, 'console-failed', widths)
    fake.answer('/audit', many['/audit'] ?? nothing)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('grid', { name: 'Records' }).waitFor()
    checkBehaviour(browser)
  })

  peerTest('what takes its time is said to be on its way', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    for (const { path, title, lists } of views) {
      const [list] = lists
      if (list === undefined) continue
      fake.answer(list, never)
      await go(path, title)
      await browser.page
        .getByText(/^Loading .* …$/)
        .first()
        .waitFor()
    }
    await checkLooks(browser.page, 'console-loading', widths)
  })

  peerTest('thousands of rows are a few in the document', ['Chromium'], async (scope) => {
    const { browser, go } = await openConsole(scope)
    const { page } = browser
    await go('/people', 'People')
    const grid = page.getByRole('grid', { name: 'Sessions' })
    await grid.waitFor()
    assert.equal(await grid.getAttribute('aria-rowcount'), String(sessions.length + 1))
    assert.ok((await grid.getByRole('row').count()) < 60)
    await page.mouse.move(640, 500)
    // As far as it goes, until there is no more to fetch.
    await until(
      page,
      `(window.scrollTo(0, document.body.scrollHeight),
        document.querySelector('[role=grid] [aria-rowindex="${sessions.length + 1}"]'))`,
    )
    assert.ok((await grid.getByRole('row').count()) < 60)
    const last = sessions.at(-1)
    assert.ok((await grid.getByRole('row').last().innerText()).includes(String(last?.email)))
    checkBehaviour(browser)
  })

  peerTest('somebody with a keyboard alone gets everywhere', ['Chromium'], async (scope) => {
    const { browser, go, fake } = await openConsole(scope)
    const { page } = browser
    await go('/overview', 'Overview')
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to the content')
    // Through the head to the navigation.
    for (const name of ['Your routes', 'Sign out', 'Overview', 'Tunnels']) {
      await page.keyboard.press('Tab')
      assert.equal(await focused(page), name)
    }
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Tunnels' }).waitFor()
    await until(page, 'document.activeElement?.tagName === "H1"')

    // Past the button and the search, to the names of the columns, to a row.
    await page.getByRole('grid').waitFor()
    for (let step = 0; step < 10; step++) await page.keyboard.press('Tab')
    assert.equal(await rowIndex(page), '2')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    assert.equal(await rowIndex(page), '4')
    await page.keyboard.press('End')
    await waitForRow(page, '2001')
    await page.keyboard.press('PageUp')
    await waitForRow(page, '1991')
    await page.keyboard.press('Home')
    await waitForRow(page, '2')

    // Into the row: its link, and its button, which asks first.
    await page.keyboard.press('ArrowDown')
    await waitForRow(page, '3')
    await page.keyboard.press('Tab')
    assert.match(await focused(page), /^person\.1@/)
    await page.keyboard.press('Tab')
    assert.match(await focused(page), /^End/)
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'End tunnels' })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await until(page, '/^End/.test(document.activeElement.innerText)')
    assert.deepEqual(
      fake.asked.filter((line) => !line.startsWith('GET')),
      [],
    )
    checkBehaviour(browser)
  })

  peerTest('an auditor sees all and has no button that is refused', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const mayNot = /^(?:End|Revoke|Replace|Create|Block|Unblock|Drain|Cut|Rotate|Forget|Read)/
    await go('/person?who=u7', 'Person Number 7')
    assert.ok((await page.getByRole('button', { name: mayNot }).count()) > 1)
    fake.answer('/me', whoIs('auditor'))
    for (const { path, title } of [...views, ...pages]) {
      await go(path, title)
      await settled(page)
      assert.equal(await page.getByRole('button', { name: mayNot }).count(), 0, path)
    }
    await page.getByText('auditor, reads only').waitFor()
    checkBehaviour(browser)
  })

  peerTest(
    'whoever SCIM keeps out has no button that does nothing',
    ['Chromium'],
    async (scope) => {
      const { fake, browser, go } = await openConsole(scope)
      const { page } = browser
      const also = { ...deactivated, who: block.who, user_ids: block.user_ids }
      fake.answer('/blocks', says(blocksAnswer, { items: [block, deactivated] }))
      await go('/blocked', 'Blocked people')
      const row = (name: string) => page.getByRole('row').filter({ hasText: name })
      await row(deactivated.who).getByText('in their directory').waitFor()
      assert.equal(await row(deactivated.who).getByRole('button').count(), 0)
      assert.equal(
        await row(block.who)
          .getByRole('button', { name: /^Unblock/ })
          .count(),
        1,
      )
      await checkLooks(page, 'console-blocked-by-scim', widths)

      await go('/person?who=u8', 'Person Number 8')
      await page.getByText('Kept out: deactivated by SCIM').waitFor()
      await page.getByText(/where they have to be active/).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Unblock' }).count(), 0)
      await checkLooks(page, 'console-person-kept-out-by-scim', widths)

      // Who is blocked besides can be unblocked, and is said to stay out.
      fake.answer('/blocks', says(blocksAnswer, { items: [block, also] }))
      await go('/person?who=u7', 'Person Number 7')
      await page.getByText('Kept out: deactivated by SCIM').waitFor()
      await page.getByText('“laptop stolen on the train”').waitFor()
      await page.getByRole('button', { name: 'Unblock' }).click()
      await page
        .getByRole('dialog')
        .getByText(/They stay out/)
        .waitFor()
      await page.keyboard.press('Escape')
      checkBehaviour(browser)
    },
  )

  peerTest('who administers a namespace sees what is theirs', ['Chromium'], async (scope) => {
    const { fake, browser } = await openConsole(scope)
    const { page } = browser
    fake.answer('/me', whoIs('admin', ['databases']))
    const [first = tunnels[0], second] = tunnels
    const items = [{ ...first, namespace: 'databases' }, { ...second }]
    fake.answer('/tunnels', () => Response.json({ items, next_cursor: null, total: 2 }))
    await page.goto(`${fake.origin}/console/`)
    // The first of their views, since the overview is of everything.
    await page.getByRole('heading', { name: 'Tunnels' }).waitFor()
    await page.getByText('administrator of databases').waitFor()
    const grid = page.getByRole('grid')
    await grid.waitFor()
    assert.equal(await grid.getByRole('button', { name: /^End/ }).count(), 1)
    assert.equal(await grid.getByRole('link').count(), 0)
    const links = await page.getByRole('navigation').getByRole('link').allInnerTexts()
    assert.ok(links.includes('Routes') && !links.includes('People'), links.join())
    await page.goto(`${fake.origin}/console/people`)
    await page.getByText('There is no view here, or none for you.').waitFor()
    assert.ok(!fake.asked.includes('GET /sessions'))
    checkBehaviour(browser)
  })

  peerTest('names that others chose lead nowhere else', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const odd = { user: 'auth0|a/b%c?d#e', name: '<img src=x onerror=alert(1)>', email: null }
    const items = sessions.slice(0, 1).map((session) => ({ ...session, ...odd }))
    fake.answer('/sessions', () => Response.json({ items, next_cursor: null, total: 1 }))
    await go('/people', 'People')
    await page.getByRole('link', { name: odd.name }).click()
    await page.getByRole('heading', { name: odd.name }).waitFor()
    await page.getByText(`user id ${odd.user}`).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: odd.name }).waitFor()
    checkBehaviour(browser)
  })

  peerTest('whoever has no role is told what they need', ['Chromium'], async (scope) => {
    const { fake, browser } = await openConsole(scope)
    const { page } = browser
    fake.answer('/me', () =>
      fault(403, { error: 'role_required', message: 'this is for administrators and auditors' }),
    )
    await page.goto(`${fake.origin}/console/tunnels`)
    await page.getByRole('heading', { name: 'The console is not open to you' }).waitFor()
    assert.match(await page.locator('main').innerText(), /administrators/)
    await checkLooks(page, 'console-no-role', widths)
    assert.ok(!fake.asked.includes('GET /tunnels'))
    checkBehaviour(browser)
  })

  peerTest('whoever is not signed in is led there and back', ['Chromium'], async (scope) => {
    const { fake, browser } = await openConsole(scope)
    const { page } = browser
    fake.answer('/me', signedOut)
    await page.goto(`${fake.origin}/console/audit?kind=admin`)
    const link = page.getByRole('link', { name: 'Sign in' })
    await link.waitFor()
    assert.equal(
      await link.getAttribute('href'),
      `/.pomerium/sign_in?return_to=${encodeURIComponent('/console/audit?kind=admin')}`,
    )
    await checkLooks(page, 'console-signed-out', widths)
  })

  peerTest('a session that ends leaves the view, and asks', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    await go('/people', 'People')
    await page.getByLabel('Find people').fill('still here')
    fake.answer('/me', signedOut)
    fake.answer('/sessions', signedOut)
    await lookAway(page)
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
    await dialog.waitFor()
    await checkLooks(page, 'console-session-ended', widths)
    await page.keyboard.press('Escape')
    assert.ok(await dialog.isVisible())
    // Somebody has signed in again in another tab.
    fake.answer('/me', whoIs('admin'))
    fake.answer('/sessions', many['/sessions'] ?? nothing)
    await lookAway(page)
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await page.getByLabel('Find people').inputValue(), 'still here')
  })

  peerTest('a gateway that does not answer is said to', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    await go('/service-accounts', 'Service accounts')
    await page.getByRole('grid').waitFor()
    await fake.stop()
    await lookAway(page)
    await page.getByText('The gateway does not answer. This page goes on by itself').waitFor()
    assert.ok(await page.getByRole('grid').isVisible())
    await checkLooks(page, 'console-silent', widths)
    await fake.start()
    await page.getByText('The gateway does not answer').waitFor({ state: 'detached' })
  })

  peerTest(
    'keys are changed after a question that says what follows',
    ['Chromium'],
    async (scope) => {
      const { fake, browser, go } = await openConsole(scope)
      const { page } = browser
      await go('/settings', 'Settings')
      await page.getByRole('button', { name: 'Rotate … Checkpoints of the audit log' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('"postern audit key" prints it').waitFor()
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      const changes = (): readonly string[] => fake.asked.filter((line) => !line.startsWith('GET'))
      assert.deepEqual(changes(), [])
      await page.getByRole('button', { name: 'Rotate … Checkpoints of the audit log' }).click()
      await dialog.getByRole('button', { name: 'Rotate it' }).click()
      await page.getByText('There is a new key.').waitFor()
      assert.deepEqual(changes(), ['POST /signing-keys/audit/rotation'])
      checkBehaviour(browser)
    },
  )

  peerTest('stored tokens are encrypted anew a step at a time', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const after: unknown[] = []
    fake.answer('/token-keys/rotation', () => Response.json({ key: 'k4', resumed: false }))
    fake.answer('/token-keys/rotation/step', async (_url, request) => {
      after.push(await request.json())
      const next = after.length === 1 ? 's500' : null
      return Response.json({ moved: 500, ended: next === null ? ['s999'] : [], next })
    })
    await go('/settings', 'Settings')
    await page.getByRole('button', { name: 'Rotate …', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate it' }).click()
    await page.getByText('Encrypted the tokens of 1,000 sessions with a new key').waitFor()
    assert.deepEqual(after, [{ after: '' }, { after: 's500' }])
    checkBehaviour(browser)
  })

  peerTest('a configuration that cannot be read again says where', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    fake.answer('/reload', () =>
      Response.json(
        {
          error: 'invalid-configuration',
          message: 'the configuration has a fault',
          request_id: 'req-1',
          problems: [
            {
              path: 'idle_timeout',
              message: 'must be a duration such as 15m, not 900',
              source: 'postern.yaml',
              line: 31,
              column: 17,
            },
          ],
        },
        { status: 422 },
      ),
    )
    const read = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Read it again …' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Read it again' }).click()
    }
    await go('/settings', 'Settings')
    await read()
    await page.getByText('postern.yaml:31:17: idle_timeout').waitFor()
    await page.getByText('Nothing is changed.').waitFor()
    await checkLooks(page, 'console-reload-refused', widths)
    fake.answer('/reload', () => Response.json({ routes: 3, need_restart: ['address'] }))
    await read()
    await page.getByText('Changed, and in use after a restart: address.').waitFor()
    checkBehaviour(browser)
  })

  peerTest('a credential is shown once, and can be copied', ['Chromium'], async (scope) => {
    const { fake, browser, go } = await openConsole(scope)
    const { page } = browser
    const bodies: unknown[] = []
    const list = many['/service-accounts'] ?? nothing
    fake.answer('/service-accounts', async (url, request) => {
      if (request.method === 'GET') return list(url, request)
      bodies.push(await request.json(), request.headers.get('x-postern-request'))
      const made = { id: 'deploy', format: 'jwt', credential: 'a.b.c', expires_at: null }
      return bodies.length > 2 ? Response.json(made) : taken()
    })
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await go('/service-accounts', 'Service accounts')
    await page.getByRole('button', { name: 'Create' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('Give it an id').waitFor()
    await dialog.getByLabel('Id').fill('deploy')
    await dialog.getByLabel('Expires').selectOption('Never')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('There is one of this id already.').waitFor()
    await checkLooks(page, 'console-service-account-refused', widths)
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('a.b.c').waitFor()
    await checkLooks(page, 'console-credential', widths)
    await dialog.getByRole('button', { name: 'Copy' }).click()
    assert.equal(await page.evaluate<string>('navigator.clipboard.readText()'), 'a.b.c')
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByText('a.b.c').waitFor({ state: 'detached' })
    const sent = { id: 'deploy', description: '', format: 'jwt', expires_at: null }
    assert.deepEqual(bodies, [sent, '1', sent, '1'])
    checkBehaviour(browser)
  })
})

const signedOut: Answer = () =>
  fault(401, { error: 'sign_in_required', message: 'you are not signed in, or not any more' })

function taken(): Response {
  return fault(409, { error: 'taken', message: 'there is one of this id already' })
}

interface OpenConsole {
  readonly fake: FakeGateway
  readonly browser: Chromium
  /** Loads a view and waits for its title. */
  readonly go: (path: string, title: string) => Promise<void>
}

async function openConsole(scope: Scope): Promise<OpenConsole> {
  const fake = await startFakeGateway(scope, many)
  const { browser } = fake
  const go = async (path: string, title: string): Promise<void> => {
    await browser.page.goto(`${fake.origin}/console${path}`)
    await browser.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
  }
  return { fake, browser, go }
}

/** What a browser does when somebody comes back to a tab. */
async function lookAway(page: Page): Promise<void> {
  await page.evaluate('window.dispatchEvent(new Event("visibilitychange"))')
}

function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.innerText.trim()')
}

function rowIndex(page: Page): Promise<string | null> {
  return page.evaluate<string | null>('document.activeElement.getAttribute("aria-rowindex")')
}

async function waitForRow(page: Page, index: string): Promise<void> {
  await until(page, `document.activeElement?.getAttribute('aria-rowindex') === '${index}'`)
}

/** No script failed, and no security policy was broken. */
function checkBehaviour({ faults }: Chromium): void {
  assert.deepEqual(faults, [])
}

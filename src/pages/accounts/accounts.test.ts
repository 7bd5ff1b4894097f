import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import {
  refreshOf,
  startDeviceRig,
  valueOf,
  whose,
  type Answer,
} from '../../gateway/device.fixture.ts'
import type { DeviceRig, TestBrowser } from '../../gateway/device.fixture.ts'
import { invitationParameter, invitationPath } from '../../identity/account-provider.ts'
import { createAuthenticator, type Authenticator } from '../../identity/authenticator.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { ownPasskeyPaths } from '../html/passkey-page.ts'

const email = 'ada@example.com'
const localActor = { kind: 'local' } as const
const signInPath = `${gatewayPaths.signIn}?provider=local`

interface Rig extends DeviceRig {
  invite(): Promise<string>
  newAuthenticator(): Authenticator
  /** By the link, in a browser of its own; answers that. */
  accept(authenticator?: Authenticator): Promise<TestBrowser>
}

async function setUp(t: TestContext): Promise<Rig> {
  const rig = await startDeviceRig(t, 'local_accounts: true\n')
  const { origin, operations } = rig
  const newAuthenticator = (): Authenticator => createAuthenticator(origin)
  const invite = async (): Promise<string> => {
    const { url } = await operations.inviteAccount(localActor, { email, groups: ['dba'] })
    assert.ok(url.startsWith(`${origin}${invitationPath}`))
    const { pathname, search } = new URL(url)
    return pathname + search
  }
  return {
    ...rig,
    newAuthenticator,
    invite,
    async accept(authenticator = newAuthenticator()) {
      const [browser, path] = [rig.browser(), await invite()]
      const page = await browser.get(path)
      const response = authenticator.create(optionsOf(page))
      const form = { ticket: valueOf(page.body, 'ticket'), person: 'Ada', response }
      const { status, headers } = await browser.post(path, form)
      assert.deepEqual([status, headers.location], [302, `${origin}${gatewayPaths.passkeys}?new`])
      return browser
    },
  }
}

/** What the script of a page is given. */
function optionsOf({ body }: Answer): Parameters<Authenticator['create']>[0] {
  const [, options = ''] = /data-options="([^"]*)"/.exec(body) ?? []
  return JSON.parse(options.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as ReturnType<
    typeof optionsOf
  >
}

const faultIn = ({ body }: Answer): string =>
  (/<p class="fault" role="alert" data-fault>([^<]*)</.exec(body)?.[1] ?? '').trim()

/** The page of passkeys, as a sign-in leads to it. */
async function onSignInPage(browser: TestBrowser, path = signInPath): Promise<Answer> {
  const { headers, status } = await browser.get(path)
  assert.equal(status, 302)
  const { pathname, search } = new URL(String(headers.location))
  return browser.get(pathname + search)
}

async function signIn(browser: TestBrowser, authenticator: Authenticator): Promise<Answer> {
  const page = await onSignInPage(browser)
  const response = authenticator.get(optionsOf(page))
  const form = { state: valueOf(page.body, 'state'), response }
  return browser.post('/.postern/sign-in/passkey', form)
}

/** Where a page leads by itself, followed to its end. */
async function follow(browser: TestBrowser, { headers }: Answer): Promise<Answer> {
  const [, url = ''] = /^0; url=(.*)$/.exec(String(headers['refresh'])) ?? []
  let next = url
  for (let hop = 0; hop < 5; hop += 1) {
    const { pathname, search } = new URL(next)
    const answer = await browser.get(pathname + search)
    if (answer.status !== 302) return answer
    next = String(answer.headers.location)
  }
  throw new Error('it leads nowhere')
}

test('an invitation says who invites whom to what, and is taken by a form alone', async (t) => {
  const { invite, browser, origin } = await setUp(t)
  const path = await invite()
  for (const _ of [1, 2]) {
    const { status, body, headers } = await browser().get(path)
    assert.equal(status, 200)
    for (const text of [email, 'the operator', 'dba', new URL(origin).host])
      assert.ok(body.includes(text), text)
    assert.match(String(headers['content-security-policy']), /script-src 'self'; require-trusted/)
    assert.equal(headers['cache-control'], 'no-store')
  }
})

test('whoever takes it is signed in, and told to add a second passkey at once', async (t) => {
  const { accept, newAuthenticator, origin, line } = await setUp(t)
  const browser = await accept()
  const page = await browser.get(`${gatewayPaths.passkeys}?new`)
  assert.match(page.body, /Add a second passkey now/)
  const response = newAuthenticator().create(optionsOf(page))
  const ticket = valueOf(page.body, 'ticket')
  const added = await browser.post(ownPasskeyPaths.add, { ticket, response })
  assert.deepEqual([added.status, added.headers.location], [302, origin + gatewayPaths.passkeys])
  const { body } = await browser.get(gatewayPaths.passkeys)
  assert.equal(body.match(/on one device|kept by your/g)?.length, 2)
  assert.ok(!body.includes('Add a second passkey'))
  const { email: whose } = await line('invitation accepted')
  assert.equal(whose, email)
  const { body: account } = await browser.get('/.pomerium/')
  assert.match(account, /Ada/)
  assert.match(account, /<a href="\/\.postern\/passkeys">Your passkeys/)
  assert.match(account, /the database/)
})

test('a passkey signs in beside the other provider, and without a name', async (t) => {
  const { accept, newAuthenticator, browser } = await setUp(t)
  const authenticator = newAuthenticator()
  await accept(authenticator)
  const other = browser()
  assert.match((await other.get(gatewayPaths.signIn)).body, /Passkey/)
  const done = await follow(other, await signIn(other, authenticator))
  assert.equal(done.status, 200)
  assert.match(done.body, /ada@example\.com/)
})

test('whoever is refused can try again, learns nothing of why, and the operator does', async (t) => {
  const { accept, newAuthenticator, browser, operations, lineWhere } = await setUp(t)
  const authenticator = newAuthenticator()
  const first = await accept(authenticator)
  const stranger = createAuthenticator('https://evil.example')
  const user = { id: 'AAAAAAAAAAAAAAAAAAAAAA' }
  stranger.create({ challenge: 'x', rp: { id: 'localhost' }, user })
  await operations.disableAccount(localActor, email)
  const pages = [await signIn(browser(), stranger), await signIn(browser(), authenticator)]
  for (const page of pages) {
    assert.equal(page.status, 200)
    assert.match(faultIn(page), /^This passkey is not accepted here\. Try another one/)
    assert.ok(optionsOf(page).challenge)
  }
  const failed = await lineWhere((it) => /disabled/.test(String(it['cause'])))
  assert.equal(failed['reason'], 'passkey-refused')
  const { status, headers } = await first.get('/.pomerium/')
  assert.equal(status, 302)
  assert.match(String(headers.location), /sign_in/)
})

test('a browser without the script is told so, and an invitation asks for a name', async (t) => {
  const { browser, invite } = await setUp(t)
  const [one, path] = [browser(), await invite()]
  const page = await one.get(path)
  const ticket = valueOf(page.body, 'ticket')
  const without = await one.post(path, { ticket, person: 'Ada', response: '' })
  assert.match(faultIn(without), /JavaScript may be off/)
  const nameless = await one.post(path, { ticket, person: ' \u202e ', response: '{}' })
  assert.equal(faultIn(nameless), 'Say your name.')
  const signingIn = await onSignInPage(one)
  const state = valueOf(signingIn.body, 'state')
  const again = await one.post('/.postern/sign-in/passkey', { state })
  assert.match(faultIn(again), /JavaScript may be off/)
})

test('no log has the code of an invitation: whoever reads them could accept it first', async (t) => {
  const { browser, invite, lines, lineWhere, newAuthenticator } = await setUp(t)
  const path = await invite()
  const code = new URL(path, 'https://x').searchParams.get(invitationParameter) ?? path
  const [one, authenticator] = [browser(), newAuthenticator()]
  const page = await one.get(path)
  const response = authenticator.create(optionsOf(page))
  await one.post(path, { ticket: valueOf(page.body, 'ticket'), person: 'Ada', response })
  for (const method of ['GET', 'POST'])
    await lineWhere((line) => {
      const isOfPage = String(line['path']).startsWith(invitationPath)
      return line['service'] === 'access' && line['method'] === method && isOfPage
    })
  assert.deepEqual(
    lines.filter((line) => JSON.stringify(line).includes(code.split('/').at(-1) ?? '')),
    [],
  )
})

describe('refused is', () => {
  test('an invitation that is not valid, without a word of which', async (t) => {
    const { browser, accept, invite } = await setUp(t)
    const unknown = await browser().get(
      `${invitationPath}?${invitationParameter}=${'A'.repeat(43)}`,
    )
    assert.equal(unknown.status, 403)
    assert.match(unknown.body, /This invitation is not valid/)
    const before = await invite()
    await accept()
    const replaced = await browser().get(before)
    const same = (text: string): string => text.replaceAll(/<code>[0-9a-f-]{36}<\/code>/g, '')
    assert.equal(same(replaced.body), same(unknown.body))
  })

  test('a form of another site, and one that is too long', async (t) => {
    const { browser, invite, accept } = await setUp(t)
    const path = await invite()
    const elsewhere = { origin: 'https://evil.example' }
    const signedIn = await accept()
    for (const to of [path, '/.postern/sign-in/passkey', ...Object.values(ownPasskeyPaths)]) {
      assert.equal((await signedIn.post(to, { response: '{}' }, elsewhere)).status, 403, to)
      const long = await browser().post(to, { response: 'x'.repeat(64 * 1024) })
      assert.equal(long.status, 413, to)
    }
  })

  test('a sign-in page that nobody was led to', async (t) => {
    const { browser } = await setUp(t)
    const { status, body } = await browser().get('/.postern/sign-in/passkey?state=x')
    assert.equal(status, 403)
    assert.match(body, /You are not signed in/)
  })
})

test('a machine without a browser is signed in by a passkey of who approves it', async (t) => {
  const rig = await setUp(t)
  const authenticator = rig.newAuthenticator()
  const browser = await rig.accept(authenticator)
  const code = await rig.begin()
  const pressed = await browser.post(gatewayPaths.device, await browser.question(code))
  const { pathname, search } = new URL(refreshOf(pressed))
  const asking = await browser.get(pathname + search)
  const state = valueOf(asking.body, 'state')
  const signed = { state, response: authenticator.get(optionsOf(asking)) }
  const done = await follow(browser, await browser.post(pathname, signed))
  assert.match(done.body, /The machine is signed in/)
  const { email: whom } = await whose(rig, await rig.poll(code))
  assert.equal(whom, email)
})

test('passkeys are renamed and removed, but for the last', async (t) => {
  const { accept, newAuthenticator } = await setUp(t)
  const browser = await accept()
  const page = await browser.get(gatewayPaths.passkeys)
  const response = newAuthenticator().create(optionsOf(page))
  await browser.post(ownPasskeyPaths.add, { ticket: valueOf(page.body, 'ticket'), response })
  const listed = await browser.get(gatewayPaths.passkeys)
  const ids = [...listed.body.matchAll(/name="id"\s+value="([^"]*)"/g)].map(([, id = '']) => id)
  assert.equal(ids.length, 2)
  const [id = '', other = ''] = ids
  await browser.post(ownPasskeyPaths.rename, { id, name: ' My <phone>\u202e ' })
  assert.match((await browser.get(gatewayPaths.passkeys)).body, /My &lt;phone&gt;</)
  const nameless = await browser.post(ownPasskeyPaths.rename, { id, name: ' ' })
  assert.equal(faultIn(nameless), 'Give the passkey a name.')
  await browser.post(ownPasskeyPaths.remove, { id: other })
  const last = await browser.post(ownPasskeyPaths.remove, { id })
  assert.match(faultIn(last), /your last passkey/)
})

test('a session that is some time old changes no passkey before its person uses one again', async (t) => {
  const { accept, newAuthenticator, clock } = await setUp(t)
  const authenticator = newAuthenticator()
  const browser = await accept(authenticator)
  const page = await browser.get(gatewayPaths.passkeys)
  clock.advance(600_000)
  const response = newAuthenticator().create(optionsOf(page))
  const ticket = valueOf(page.body, 'ticket')
  const late = await browser.post(ownPasskeyPaths.add, { ticket, response })
  assert.equal(late.status, 200)
  assert.match(late.body, /show once more that it is you/)
  assert.ok(!late.body.includes('name="ticket"'))
  const confirming = await browser.post(ownPasskeyPaths.confirm, {})
  const [, url = ''] = /^0; url=(.*)$/.exec(String(confirming.headers['refresh'])) ?? []
  const { pathname, search } = new URL(url)
  const asking = await browser.get(pathname + search)
  const state = valueOf(asking.body, 'state')
  const signed = { state, response: authenticator.get(optionsOf(asking)) }
  const done = await follow(browser, await browser.post(pathname, signed))
  assert.ok(valueOf(done.body, 'ticket'))
})

test('somebody of another provider, or nobody, has no passkeys to see', async (t) => {
  const { browser, origin, accept } = await setUp(t)
  await accept()
  const to = `${origin}${gatewayPaths.signIn}?return_to=%2F.postern%2Fpasskeys&provider=local`
  const partner = browser()
  await partner.follow(`${origin}${gatewayPaths.signIn}?provider=default`, 'alice@example.com')
  assert.equal((await partner.get('/.pomerium/')).status, 200)
  for (const one of [browser(), partner]) {
    assert.equal((await one.get(gatewayPaths.passkeys)).headers.location, to)
    const asked = await onSignInPage(one, new URL(to).pathname + new URL(to).search)
    assert.match(asked.body, /Sign in with a passkey/)
  }
})

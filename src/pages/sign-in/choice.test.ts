import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startDevIdp, type DevIdp } from '../../dev-idp/dev-idp.ts'
import {
  alice,
  refreshOf,
  startDeviceRig,
  whose,
  type DeviceRig,
  type TestBrowser,
} from '../../gateway/device.fixture.ts'
import { freePort } from '../../net/free-port.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { codeChallengeOf } from '../../tunnel/sign-in.ts'

interface Rig extends DeviceRig {
  readonly partner: DevIdp
}

async function setUp(t: TestContext, settings = ''): Promise<Rig> {
  const partner = await startDevIdp({
    people: [{ id: 'u-alice', email: alice, name: 'Guest', groups: ['dba'] }],
    asksNothing: true,
  })
  t.after(() => partner.close(0))
  const rig = await startDeviceRig(
    t,
    `identity_providers:
  partner:
    name: Partner & <Sons>
    provider_url: ${partner.issuer.href}
    client_id: ${partner.clientId}
    client_secret: ${partner.clientSecret}
${settings}`,
  )
  return { ...rig, partner }
}

/** The links of the page, by what they say. */
function linksIn(page: string): ReadonlyMap<string, string> {
  const links = page.matchAll(/<a class="way" href="([^"]*)"\s*>(.*?)<\/a/gs)
  return new Map(
    [...links].map(([, href = '', text = '']) => [
      text.replaceAll(/<[^>]*>/g, '').trim(),
      href.replaceAll('&amp;', '&'),
    ]),
  )
}

const partnerName = 'Partner &amp; &lt;Sons&gt;'

async function choose(browser: TestBrowser, path: string, name: string): Promise<string> {
  const { status, body } = await browser.get(path)
  assert.equal(status, 200, body)
  const links = linksIn(body)
  const chosen = [...links].find(([text]) => text.startsWith(name))
  assert.ok(chosen, [...links.keys()].join())
  return chosen[1]
}

/** The address that a stock client opens. */
async function programPath(rig: DeviceRig, more: Record<string, string> = {}): Promise<string> {
  const query = new URLSearchParams({ pomerium_redirect_uri: 'http://127.0.0.1:9/', ...more })
  const { status, body } = await rig.send('GET', `${gatewayPaths.login}?${query.toString()}`)
  assert.equal(status, 200, body)
  const { pathname, search } = new URL(body)
  return pathname + search
}

test('somebody who signs in is asked where they have their account, and comes back from there', async (t) => {
  const rig = await setUp(t)
  const browser = rig.browser()
  const { headers, body } = await browser.get(gatewayPaths.signIn)
  assert.deepEqual([...linksIn(body).keys()], [rig.idp.issuer.host, partnerName])
  assert.equal(headers['location'], undefined)
  assert.equal(rig.partner.requestCount('/.well-known/openid-configuration'), 0)
  const href = await choose(browser, gatewayPaths.signIn, partnerName)
  const { body: account } = await browser.follow(rig.origin + href, alice)
  assert.match(account, /<code>partner\/u-alice<\/code>/)
  assert.match(account, /Signed in with<\/dt>\s*<dd>Partner &amp; &lt;Sons&gt;</)
  assert.match(account, /<dd>partner\/dba<\/dd>/)
})

test('a choice is remembered in the browser, and comes first', async (t) => {
  const rig = await setUp(t)
  const browser = rig.browser()
  await browser.get(await choose(browser, gatewayPaths.signIn, partnerName))
  const { body } = await browser.get(gatewayPaths.signIn)
  assert.deepEqual(
    [...linksIn(body).keys()],
    [`${partnerName} used last time`, rig.idp.issuer.host],
  )
})

test('a program gets the token of whoever has chosen, by an address that is signed without the choice', async (t) => {
  const rig = await setUp(t)
  const browser = rig.browser()
  const path = await programPath(rig)
  const { headers } = await browser.get(await choose(browser, path, partnerName))
  assert.ok(String(headers['location']).startsWith(rig.partner.issuer.href))
  // Everything else of the address is signed.
  const other = await rig.send('GET', `${path}&pomerium_programmatic=true&provider=partner`)
  assert.equal(other.status, 403)
})

test('an address may name the provider: nobody is asked, and none that there is not is taken', async (t) => {
  const rig = await setUp(t)
  const path = await programPath(rig, { provider: 'partner' })
  const { status, headers } = await rig.browser().get(path)
  assert.equal(status, 302)
  assert.ok(String(headers['location']).startsWith(rig.partner.issuer.href))
  const unknown = await rig.browser().get(`${gatewayPaths.signIn}?provider=__proto__`)
  assert.equal(unknown.status, 403)
  assert.match(unknown.body, /has no sign-in service &quot;__proto__&quot;/)
  // Our own client hears of it where it waits.
  const challenge = {
    code_challenge: codeChallengeOf('v'.repeat(43)),
    code_challenge_method: 'S256',
  }
  const told = await rig.browser().get(await programPath(rig, { provider: 'other', ...challenge }))
  const { searchParams } = new URL(String(told.headers['location']))
  assert.equal(searchParams.get('error'), 'provider_unknown')
})

test('a provider that is down is counted by its id, and the other one beside it with nothing', async (t) => {
  const port = await freePort()
  const rig = await setUp(t, `metrics_address: 127.0.0.1:${port}\n`)
  rig.partner.setCondition('failing')
  await rig.browser().get(`${gatewayPaths.signIn}?provider=partner`)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counted = (provider: string, reason: string): string | undefined =>
    new RegExp(
      `^postern_identity_provider_failures_total\\{provider="${provider}",reason="${reason}"\\} (\\d+)$`,
      'm',
    ).exec(text)?.[1]
  assert.deepEqual(
    ['partner', 'default', 'other'].map((id) => counted(id, 'provider-unavailable')),
    ['1', '0', undefined],
  )
})

test('somebody whom another site sends is asked whether, before they are asked where', async (t) => {
  const rig = await setUp(t)
  const path = await programPath(rig)
  const headers = { 'sec-fetch-site': 'cross-site' }
  for (const to of [path, `${path}&provider=partner`]) {
    const { body } = await rig.send('GET', to, { headers })
    assert.match(body, /Sign in this program as you\?/)
  }
  const answered = await rig.browser().post(path, { decision: 'approve' })
  assert.equal(answered.status, 200)
  assert.deepEqual([...linksIn(answered.body).keys()], [rig.idp.issuer.host, partnerName])
})

test('somebody who is signed in stays so, unless they choose the other provider themselves', async (t) => {
  const rig = await setUp(t)
  const browser = rig.browser()
  await browser.follow(`${rig.origin}${gatewayPaths.signIn}?provider=default`, alice)
  const { headers } = await browser.get(gatewayPaths.signIn)
  assert.equal(new URL(String(headers['location'])).origin, rig.origin)
  const cookie = browser.jar.header(new URL(rig.origin)) ?? ''
  const to = `${gatewayPaths.signIn}?provider=partner`
  for (const [site, origin] of [
    ['cross-site', rig.origin],
    ['same-site', rig.origin],
    ['same-origin', rig.partner.issuer.origin],
    ['none', rig.partner.issuer.origin],
  ] as const) {
    const answer = await rig.send('GET', to, { headers: { cookie, 'sec-fetch-site': site } })
    assert.equal(new URL(String(answer.headers['location'])).origin, origin, site)
  }
})

test('a machine without a browser is signed in as whom the chosen provider knows', async (t) => {
  const rig = await setUp(t)
  const browser = rig.browser()
  const code = await rig.begin()
  const { pathname, search } = new URL(code.verificationUriComplete)
  const href = await choose(browser, pathname + search, partnerName)
  const asked = await browser.follow(rig.origin + href, alice)
  const question = await browser.question(code, new URL(asked.url).search)
  await browser.post(gatewayPaths.device, question)
  const token = await rig.poll(code)
  assert.deepEqual((await whose(rig, token))['groups'], ['partner/dba'])

  // It is renewed by its own provider: nobody is asked which.
  const query = new URLSearchParams({
    pomerium_redirect_uri: 'http://127.0.0.1:9/',
    code_challenge: codeChallengeOf('v'.repeat(43)),
    code_challenge_method: 'S256',
  })
  const renewal = await rig.send('GET', `${gatewayPaths.login}?${query.toString()}`, {
    headers: { authorization: `Pomerium ${token}` },
  })
  const address = new URL(renewal.body)
  const { headers } = await rig.browser().get(address.pathname + address.search)
  assert.ok(String(headers['location']).startsWith(rig.partner.issuer.href))
})

test('a machine that somebody approves who is signed in is led to their own provider', async (t) => {
  const rig = await setUp(t)
  const browser = rig.browser()
  await browser.follow(`${rig.origin}${gatewayPaths.signIn}?provider=partner`, alice)
  const code = await rig.begin()
  const pressed = await browser.post(gatewayPaths.device, await browser.question(code))
  assert.ok(refreshOf(pressed).startsWith(rig.partner.issuer.href), refreshOf(pressed))
  await browser.follow(refreshOf(pressed), alice)
  assert.equal((await rig.line('device session made'))['user'], 'partner/u-alice')
})

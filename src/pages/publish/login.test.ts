import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alice, bob } from '../../gateway/device.fixture.ts'
import { encodeDevicePoll } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { publishPaths } from '../../tunnel/publish.ts'
import { startPublishRig } from './publish.fixture.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const page = gatewayPaths.publishLogin

describe('a machine that is to publish', () => {
  test('gets a credential for the site that a person chose in a browser elsewhere, once', async (t) => {
    const rig = await startPublishRig(t)
    const { code, poll } = await rig.beginPublishing()
    assert.equal(code.verificationUri, `${rig.origin}${page}`)
    assert.equal(await poll(), 'authorization_pending')
    const browser = await rig.browserOf(alice)
    const { search } = new URL(code.verificationUriComplete)
    const { body } = await browser.get(page + search)
    for (const text of [code.userCode, 'build-7', 'postern tunnel login', alice, 'site.com'])
      assert.ok(body.includes(text), text)
    // Opened, and nothing granted.
    assert.equal(await poll(), 'authorization_pending')
    const pressed = await rig.approve(browser, code, 'site.com')
    assert.equal(pressed.status, 200, pressed.body)
    const issued = await poll()
    assert.ok(typeof issued === 'object')
    assert.equal(issued.site, 'site.com')
    assert.equal(await poll(), 'expired_token')
    const line = await rig.line('publish credential issued')
    assert.equal(line['publisher-id'], issued.id)
    assert.ok(!JSON.stringify(rig.lines).includes(issued.secret))
  })

  test('sends a person through the sign-in first, and back to the code', async (t) => {
    const rig = await startPublishRig(t)
    const { code } = await rig.beginPublishing()
    const end = await rig.browser().follow(code.verificationUriComplete, alice)
    assert.equal(end.url.href, code.verificationUriComplete)
    assert.match(end.body, /Let this machine publish as you\?/)
  })

  test('is shown the sites that this person may publish to, and gets no other', async (t) => {
    const rig = await startPublishRig(t)
    const { code, poll } = await rig.beginPublishing()
    const browser = await rig.browserOf(bob)
    const { body } = await browser.get(page + new URL(code.verificationUriComplete).search)
    assert.ok(body.includes('value="other.com"') && !body.includes('value="site.com"'))
    for (const site of ['site.com', '', 'nowhere.com'])
      assert.equal((await rig.approve(browser, code, site)).status, 403, site)
    assert.equal(await poll(), 'authorization_pending')
    await rig.approve(browser, code, 'other.com')
    assert.equal(typeof (await poll()), 'object')
  })

  test('is approved by the button of this page alone, never by a page of another site', async (t) => {
    const rig = await startPublishRig(t)
    const { code, poll } = await rig.beginPublishing()
    const browser = await rig.browserOf(alice)
    const fields = { ...(await browser.question(code)), site: 'site.com' }
    const others = {
      'a stranger’s site': { origin: 'https://evil.example' },
      'a sibling host': { origin: rig.origin, 'sec-fetch-site': 'same-site' },
      'a published name': { origin: 'https://tcp.site.com', 'sec-fetch-site': 'cross-site' },
      'a sandboxed frame': { origin: 'null' },
    }
    for (const [who, headers] of Object.entries(others))
      assert.equal((await browser.post(page, fields, headers)).status, 403, who)
    const second = await rig.browserOf(alice)
    assert.equal((await second.post(page, fields)).status, 403, 'another browser')
    assert.equal((await rig.browser().post(page, fields)).status, 401, 'nobody')
    const unticked = { ...fields, confirmed: '' }
    assert.equal((await browser.post(page, unticked)).status, 400, 'not compared')
    assert.equal(await poll(), 'authorization_pending')
  })

  test('is told when the person denies it', async (t) => {
    const rig = await startPublishRig(t)
    const { code, poll } = await rig.beginPublishing()
    const browser = await rig.browserOf(alice)
    const fields = await browser.question(code)
    assert.match((await browser.post(page, { ...fields, decision: 'deny' })).body, /Denied/)
    assert.equal(await poll(), 'access_denied')
  })

  test('gets nothing where the person has signed out, or lost the site, before it came', async (t) => {
    const rig = await startPublishRig(t)
    const first = await rig.beginPublishing()
    const browser = await rig.browserOf(alice)
    await rig.approve(browser, first.code, 'site.com')
    await browser.post(gatewayPaths.signOut, {})
    assert.equal(await first.poll(), 'access_denied')
    const second = await rig.beginPublishing()
    await rig.approve(await rig.browserOf(alice), second.code, 'site.com')
    await rig.reload((yaml) =>
      yaml.replace('has: dba } }] } }]\n    cert', 'has: x } }] } }]\n    cert'),
    )
    assert.equal(await second.poll(), 'access_denied')
  })

  test('never gets a session by its code, nor a machine that signs in a credential', async (t) => {
    const rig = await startPublishRig(t)
    const publishing = await rig.beginPublishing()
    const device = await rig.begin()
    const browser = await rig.browserOf(alice)
    const asDevice = `${gatewayPaths.device}${new URL(publishing.code.verificationUriComplete).search}`
    assert.equal((await browser.get(asDevice)).status, 404)
    const asPublisher = `${page}${new URL(device.verificationUriComplete).search}`
    assert.equal((await browser.get(asPublisher)).status, 404)
    await rig.approve(browser, publishing.code, 'site.com')
    // The secret of the one at the path of the other.
    assert.equal(await rig.poll(publishing.code), 'expired_token')
    const body = encodeDevicePoll(device.deviceCode)
    const other = await rig.send('POST', gatewayPaths.publishToken, { body, headers: form })
    assert.match(other.body, /expired_token/)
    assert.equal(typeof (await publishing.poll()), 'object')
  })

  test('is refused without a key, and codes cannot be guessed', async (t) => {
    const rig = await startPublishRig(t)
    const keys = ['', '{}', '{"kty":"OKP","crv":"Ed25519","x":"a"}', 'x'.repeat(4000)]
    for (const key of keys) {
      const body = new URLSearchParams({ host: 'h', command: 'c', public_key: key }).toString()
      const answer = await rig.send('POST', gatewayPaths.publishCode, { body, headers: form })
      assert.equal(answer.status, 400, key)
    }
    const browser = await rig.browserOf(alice)
    const guess = () => browser.get(`${page}?code=ZZZZ-ZZZZ`)
    for (let count = 0; count < 10; count += 1) assert.equal((await guess()).status, 404)
    assert.equal((await guess()).status, 429)
  })

  test('has no page on a gateway without sites', async (t) => {
    const rig = await startPublishRig(t)
    await rig.reload((yaml) => yaml.slice(0, yaml.indexOf('sites:')))
    const answer = await rig.send('GET', page)
    assert.match(answer.body, /nothing can be published on this gateway/i)
  })
})

describe('a publish credential', () => {
  test('opens nothing: neither a route nor who somebody is', async (t) => {
    const rig = await startPublishRig(t)
    const { credential } = await rig.publisher(alice, 'site.com')
    const secret = `${credential.id}.${credential.secret}`
    for (const authorization of [`Bearer ${secret}`, `Pomerium ${secret}`]) {
      const answer = await rig.send('GET', gatewayPaths.user, { headers: { authorization } })
      assert.equal(answer.status, 401)
    }
  })

  test('is worth nothing once its site no longer lets its person publish', async (t) => {
    const rig = await startPublishRig(t)
    const publisher = await rig.publisher(alice, 'site.com')
    assert.equal((await publisher.get(publishPaths.tunnels)).status, 200)
    await rig.reload((yaml) =>
      yaml.replace('has: dba } }] } }]\n    cert', 'has: x } }] } }]\n    cert'),
    )
    const { status, json } = await publisher.get(publishPaths.tunnels)
    assert.deepEqual([status, json['error']], [403, 'publish_denied'])
  })

  test('ends after 90 days', async (t) => {
    const rig = await startPublishRig(t)
    const publisher = await rig.publisher(alice, 'site.com')
    rig.clock.advance(90 * 86_400_000 + 1)
    const { status, json } = await publisher.get(publishPaths.tunnels)
    assert.deepEqual([status, json['error']], [401, 'publish_credential_expired'])
  })
})

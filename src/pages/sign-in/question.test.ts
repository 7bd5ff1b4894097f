import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alice, refreshOf, startDeviceRig, type DeviceRig } from '../../gateway/device.fixture.ts'
import { codeChallengeOf, formatLoginPath } from '../../tunnel/sign-in.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const loopback = 'http://127.0.0.1:40404/x'

/** Path and query of the address that the login API gives. */
async function signInPath(rig: DeviceRig, redirectUri = loopback): Promise<string> {
  const codeChallenge = codeChallengeOf('v'.repeat(43))
  const { body } = await rig.send('GET', formatLoginPath({ redirectUri, codeChallenge }))
  const { pathname, search } = new URL(body)
  return pathname + search
}

describe('the question before a program is signed in', () => {
  test('goes by what the browser says of who sent it', async (t) => {
    const rig = await startDeviceRig(
      t,
      'programmatic_redirect_domain_whitelist: [localhost, app.test]\n',
    )
    const { jar } = await rig.browserOf(alice)
    const cookie = jar.header(new URL(rig.origin)) ?? ''
    const ask = async (path: string, site: string | undefined, method = 'GET') => {
      const headers = { cookie, ...(site !== undefined && { 'sec-fetch-site': site }) }
      const { status, body, headers: answered } = await rig.send(method, path, { headers })
      return { status, body, location: answered.location ?? '', answered }
    }
    const program = await signInPath(rig)
    for (const site of ['none', 'same-origin', undefined]) {
      const { status, location } = await ask(program, site)
      assert.equal(status, 302, String(site))
      assert.match(location, /^http:\/\/127\.0\.0\.1:40404\/x\?code=/)
    }
    for (const site of ['cross-site', 'same-site', 'something-new', '']) {
      const { status, body, answered } = await ask(program, site)
      assert.equal(status, 200, site)
      for (const text of ['127.0.0.1:40404', alice]) assert.ok(body.includes(text), text)
      assert.equal(answered['x-frame-options'], 'DENY')
      assert.match(String(answered['content-security-policy']), /frame-ancestors 'none'/)
      assert.equal((await ask(program, site, 'HEAD')).location, '')
    }
    // Each spelling of this machine.
    for (const host of ['localhost', 'localhost.', '[::1]', '127.9.9.9', '127.1.']) {
      const path = await signInPath(rig, `http://${host}:1/`)
      assert.equal((await ask(path, 'cross-site')).status, 200, host)
    }
    // A host that the operator has named, and a page of ours.
    const app = await signInPath(rig, 'https://app.test/')
    assert.match((await ask(app, 'cross-site')).location, /^https:\/\/app\.test\/\?code=/)
    assert.equal((await ask('/.pomerium/sign_in', 'cross-site')).status, 302)
  })

  test('is answered by its own form alone, and only for a program', async (t) => {
    const rig = await startDeviceRig(t)
    const { origin } = rig
    const browser = await rig.browserOf(alice)
    const path = await signInPath(rig)
    const post = (to: string, decision: string, headers: Record<string, string> = { origin }) =>
      browser.post(to, { decision }, headers)
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin, 'sec-fetch-site': 'cross-site' },
      { origin, 'sec-fetch-site': 'same-site' },
    ]) {
      const { status, body } = await post(path, 'approve', headers)
      assert.equal(status, 403, JSON.stringify(headers))
      assert.match(body, /origin_not_allowed/)
    }
    assert.equal((await post(path, 'whatever')).status, 400)
    assert.equal((await post(`${path}x`, 'approve')).status, 403)
    assert.equal((await post('/.pomerium/sign_in', 'approve')).status, 404)
    const body = `decision=approve&x=${'x'.repeat(2000)}`
    assert.equal((await rig.send('POST', path, { body, headers: form })).status, 413)

    const denied = refreshOf(await post(path, 'deny'))
    assert.match(denied, /^http:\/\/127\.0\.0\.1:40404\/x\?error=sign_in_denied&/)
    assert.equal((await rig.line('sign-in failed'))['reason'], 'sign-in-denied')
    const approved = refreshOf(await post(path, 'approve'))
    assert.match(approved, /^http:\/\/127\.0\.0\.1:40404\/x\?code=/)
  })
})

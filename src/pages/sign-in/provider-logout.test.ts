import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  alice,
  startDeviceRig,
  type DeviceRig,
  type TestBrowser,
} from '../../gateway/device.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'

const path = gatewayPaths.providerLogout
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('a logout at the provider', () => {
  test('in the browser there ends the session here, and no other of the person', async (t) => {
    const rig = await startDeviceRig(t)
    const [one, other] = [await rig.browserOf(alice), await rig.browserOf(alice)]
    await signOutAtProvider(rig, one)
    const line = await rig.line('session ended: signed out at the provider')
    assert.equal(line['email'], alice)
    assert.equal((await rig.accessLine(path))['response-code'], 200)
    assert.equal(await isSignedIn(one), false)
    assert.equal(await isSignedIn(other), true)
    await rig.idp.signOut(alice)
    assert.equal(await isSignedIn(other), false)
  })

  test('that is none is answered as the specification has it, and is an audit entry', async (t) => {
    const rig = await startDeviceRig(t)
    const send = (body: string, headers: Record<string, string> = form) =>
      rig.send('POST', path, { body, headers })
    for (const [body, headers] of [
      ['logout_token=a.b.c', form],
      ['logout_token=', form],
      ['token=x', form],
      ['{"logout_token":"a.b.c"}', { 'content-type': 'application/json' }],
    ] as const) {
      const answer = await send(body, headers)
      assert.equal(answer.status, 400, body)
      assert.equal(answer.headers['cache-control'], 'no-store')
      const { error, error_description: text } = JSON.parse(answer.body) as Record<string, string>
      assert.equal(error, 'invalid_request')
      assert.match(text ?? '', /^[^"\\]+$/)
    }
    assert.equal((await rig.line('provider logout refused'))['reason'], 'logout-token-invalid')
    assert.equal((await send(`logout_token=${'x'.repeat(17_000)}`)).status, 413)
    assert.equal((await rig.send('GET', path)).status, 404)
  })

  test('that comes while the provider is out of reach is to be tried again', async (t) => {
    const rig = await startDeviceRig(t)
    rig.idp.setCondition('failing')
    const { issuer, clientId } = rig.idp
    const [head, claims] = [
      { alg: 'ES256', kid: 'k' },
      { iss: issuer.origin, aud: clientId },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const answer = await rig.send('POST', path, {
      body: `logout_token=${head}.${claims}.AA`,
      headers: form,
    })
    assert.equal(answer.status, 400)
    const { error } = JSON.parse(answer.body) as Record<string, string>
    assert.equal(error, 'temporarily_unavailable')
  })

  test('leaves at most ten audit entries a minute where it is refused', async (t) => {
    const rig = await startDeviceRig(t)
    for (let sent = 0; sent < 15; sent += 1)
      await rig.send('POST', path, { body: 'logout_token=x', headers: form })
    rig.clock.advance(60_000)
    assert.equal((await rig.line('more provider logouts refused'))['logouts'], 5)
    const each = rig.lines.filter(({ message }) => message === 'provider logout refused')
    assert.equal(each.length, 10)
  })
})

/** As a person does: the page of the provider, and its button. */
async function signOutAtProvider({ idp }: DeviceRig, { jar }: TestBrowser): Promise<void> {
  const ask = (to: URL, init: RequestInit = {}): Promise<Response> =>
    fetch(to, { ...init, redirect: 'manual', headers: { cookie: jar.header(to) ?? '' } })
  const end = new URL('/session/end', idp.issuer)
  const page = await ask(end)
  jar.store(end, page.headers.getSetCookie())
  const [, action = '', xsrf = ''] =
    /action="([^"]+)".*name="xsrf" value="([^"]+)"/.exec(await page.text()) ?? []
  const body = new URLSearchParams({ xsrf, logout: 'yes' })
  assert.equal((await ask(new URL(action), { method: 'POST', body })).status, 303)
}

async function isSignedIn(browser: TestBrowser): Promise<boolean> {
  const { status, body } = await browser.get('/.pomerium/')
  return status === 200 && body.includes(alice)
}

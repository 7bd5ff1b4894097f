import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deviceCodeLifeMs } from '../../identity/device-codes.ts'
import { encodeDevicePoll } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { connectTls } from '../../gateway/gateway.fixture.ts'
import {
  alice,
  bob,
  refreshOf,
  startDeviceRig,
  whose,
  type TestBrowser,
} from '../../gateway/device.fixture.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** Presses the button and comes back from the provider as somebody. */
async function approve(
  browser: TestBrowser,
  fields: Record<string, string>,
  email: string,
): Promise<string> {
  const pressed = await browser.post(gatewayPaths.device, fields)
  assert.equal(pressed.status, 200, pressed.body)
  return (await browser.follow(refreshOf(pressed), email)).url.pathname
}

describe('a machine without a browser', () => {
  test('is signed in as the person who confirmed its code, with a session of its own', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin(undefined, '127.0.0.2')
    assert.match(code.userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    assert.equal(code.verificationUri, `${rig.origin}/.postern/device`)
    assert.deepEqual([code.expiresInSeconds, code.intervalSeconds], [600, 5])
    assert.equal(await rig.poll(code), 'authorization_pending')

    const browser = await rig.browserOf(alice)
    const { pathname, search } = new URL(code.verificationUriComplete)
    const page = await browser.get(pathname + search)
    // By the machine's address, not the browser's: one of the routes asks for that.
    for (const text of [
      'build-7',
      'postern login --device',
      '127.0.0.2',
      alice,
      'the database',
      'only from nearby',
    ])
      assert.ok(page.body.includes(text), text)
    // Opened, and nothing granted.
    assert.equal(await rig.poll(code), 'authorization_pending')

    assert.equal(
      await approve(browser, await browser.question(code), alice),
      gatewayPaths.deviceDone,
    )
    const token = await rig.poll(code)
    assert.deepEqual(
      [(await whose(rig, token))['email'], await rig.poll(code)],
      [alice, 'expired_token'],
    )
    assert.equal(rig.idp.signInCount, 2)

    // The browser is still itself, and signing it out leaves the machine alone.
    await browser.post(gatewayPaths.signOut, {})
    assert.equal((await whose(rig, token))['email'], alice)
    const headers = { authorization: `Pomerium ${token}` }
    assert.equal((await rig.send('POST', gatewayPaths.endSession, { headers })).status, 200)
    assert.equal((await whose(rig, token))['error'], 'sign_in_required')
    assert.equal((await rig.send('POST', gatewayPaths.endSession, { headers })).status, 401)
  })

  test('sends a person through the sign-in first, and back to the code', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = rig.browser()
    const end = await browser.follow(code.verificationUriComplete, alice)
    assert.ok(end.url.href.startsWith(`${code.verificationUriComplete}&sign_in_token=`))
    assert.match(end.body, /Sign in this machine as you\?/)
    assert.equal(await rig.poll(code), 'authorization_pending')
  })

  test('tells nobody at its end what others have made up', async (t) => {
    const rig = await startDeviceRig(t)
    const { body } = await rig
      .browser()
      .get(`${gatewayPaths.deviceDone}?host=evil&command=call+555&person=you&until=1`)
    assert.match(body, /The machine is signed in/)
    assert.doesNotMatch(body, /evil|555/)
  })

  test('takes the code as it is typed, and says when it is wrong', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const typed = code.userCode.toLowerCase().replace('-', '%20')
    assert.match((await browser.get(`/.postern/device?code=${typed}`)).body, /build-7/)
    assert.match((await browser.get('/.postern/device')).body, /Type the code/)
    for (const wrong of ['ZZZZ-ZZZZ', 'hello', `${code.userCode}X`]) {
      const answer = await browser.get(`/.postern/device?code=${wrong}`)
      assert.equal(answer.status, 404)
      assert.match(answer.body, /role="alert"/)
    }
  })

  test('shows what a machine says of itself as text, cut and without control characters', async (t) => {
    const rig = await startDeviceRig(t)
    const host = `<script>\u202Ealert("1")</script>\u001B[2J${'x'.repeat(300)}`
    const code = await rig.begin({ host, command: `"><b>${'y'.repeat(500)}` })
    const browser = await rig.browserOf(alice)
    const { search } = new URL(code.verificationUriComplete)
    const { body } = await browser.get(`/.postern/device${search}`)
    assert.ok(!body.includes('<script') && !body.includes('<b>'))
    for (const hidden of ['\u202E', '\u001B']) assert.ok(!body.includes(hidden))
    assert.doesNotMatch(body, /x{100}|y{200}/)
    const logged = await rig.line('device code made')
    assert.ok(String(logged['host']).length <= 100)
  })
})

describe('nothing is granted', () => {
  test('to who polls with another secret, or with what is shown', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    await approve(browser, await browser.question(code), alice)
    for (const guess of [code.userCode, 'x'.repeat(43)]) {
      assert.equal(await rig.poll({ deviceCode: guess }), 'expired_token')
    }
    assert.match(await rig.poll(code), /^eyJ/)
  })

  test('by a form without its token, box, or browser', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const [browser, other] = [await rig.browserOf(alice), await rig.browserOf(bob)]
    const fields = await browser.question(code)
    const codeOf = async (
      from: TestBrowser,
      change: Record<string, string>,
      headers?: Record<string, string>,
    ): Promise<unknown> => {
      const all = { accept: 'application/json', origin: rig.origin, ...headers }
      const answer = await from.post(gatewayPaths.device, { ...fields, ...change }, all)
      return [answer.status, (JSON.parse(answer.body) as { error: string }).error]
    }
    assert.deepEqual(await codeOf(browser, { form_token: '' }), [403, 'form_not_ours'])
    assert.deepEqual(await codeOf(browser, { form_token: fields['form_token'] + 'x' }), [
      403,
      'form_not_ours',
    ])
    assert.deepEqual(await codeOf(other, {}), [403, 'form_not_ours'])
    const another = await rig.begin()
    assert.deepEqual(
      await codeOf(browser, { code: another.userCode, confirmed: another.userCode }),
      [403, 'form_not_ours'],
    )
    assert.deepEqual(await codeOf(browser, { confirmed: '' }), [400, 'code_not_confirmed'])
    assert.deepEqual(await codeOf(browser, { decision: '' }), [400, 'code_not_confirmed'])
    assert.deepEqual(await codeOf(browser, {}, { origin: 'https://evil.example' }), [
      403,
      'origin_not_allowed',
    ])
    assert.deepEqual(await codeOf(browser, {}, { origin: 'null' }), [403, 'origin_not_allowed'])
    assert.deepEqual(await codeOf(rig.browser(), {}), [401, 'sign_in_required'])
    assert.equal(await rig.poll(code), 'authorization_pending')
    assert.equal(rig.lines.filter((line) => line['message'] === 'device code approved').length, 0)
  })

  test('when somebody else comes back from the provider, and the machine need not wait', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const pressed = await browser.post(gatewayPaths.device, await browser.question(code))
    // Nobody at the provider any more: it asks who it is, and hears another name.
    const { origin: provider } = rig.idp.issuer
    const stranger = rig.browser()
    stranger.jar.store(new URL(rig.origin), pressed.headers['set-cookie'] ?? [])
    assert.ok(refreshOf(pressed).startsWith(provider))
    await assert.rejects(stranger.follow(refreshOf(pressed), bob), /answered 403/)
    assert.equal(await rig.poll(code), 'access_denied')
    const denied = await rig.line('device code denied')
    assert.equal(denied['reason'], 'another-person')
  })

  test('by who saw the state alone: they end no sign-in of it, and it waits on', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const pressed = await browser.post(gatewayPaths.device, await browser.question(code))
    const state = new URL(refreshOf(pressed)).searchParams.get('state') ?? ''
    const said = new URLSearchParams({ state, error: 'access_denied' })
    const { status } = await rig.browser().get(`/oauth2/callback?${said.toString()}`)
    assert.equal(status, 403)
    assert.equal(await rig.poll(code), 'authorization_pending')
  })

  test('when the provider fails, and the machine is told why instead of waiting', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const pressed = await browser.post(gatewayPaths.device, await browser.question(code))
    const state = new URL(refreshOf(pressed)).searchParams.get('state') ?? ''
    const { origin: iss } = rig.idp.issuer
    const said = { state, iss, error: 'server_error', error_description: 'out of order' }
    const back = await browser.get(`/oauth2/callback?${new URLSearchParams(said).toString()}`)
    assert.equal(back.status, 403)
    rig.clock.advance(5000)
    const body = encodeDevicePoll(code.deviceCode)
    const answer = await rig.send('POST', gatewayPaths.deviceToken, { body, headers: form })
    assert.match(
      answer.body,
      /"error":"access_denied","message":"the sign-in failed: .*out of order/,
    )
    const audit = await rig.line('sign-in failed')
    assert.deepEqual([audit['user'], audit['reason']], ['u-alice', 'provider-refused'])
    assert.equal((await rig.line('the identity provider failed'))['level'], 'error')
  })

  test('after a denial, which the machine is told', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const fields = await browser.question(code)
    const { confirmed: _, ...unticked } = fields
    const denied = await browser.post(gatewayPaths.device, { ...unticked, decision: 'deny' })
    assert.match(denied.body, /<h1>Denied<\/h1>/)
    assert.equal(await rig.poll(code), 'access_denied')
    assert.equal((await browser.post(gatewayPaths.device, fields)).status, 403)
  })

  test('by a code of more than 10 minutes, at any of its steps', async (t) => {
    const rig = await startDeviceRig(t)
    const [early, late] = [await rig.begin(), await rig.begin()]
    const browser = await rig.browserOf(alice)
    const [first, second] = [await browser.question(early), await browser.question(late)]
    const pressed = await browser.post(gatewayPaths.device, second)
    rig.clock.advance(deviceCodeLifeMs - 1)
    // The provider took its time: the flow is as old as the code, and both are over a moment later.
    rig.clock.advance(1)
    assert.equal((await browser.post(gatewayPaths.device, first)).status, 404)
    await assert.rejects(browser.follow(refreshOf(pressed), alice), /answered 403/)
    for (const code of [early, late]) assert.equal(await rig.poll(code), 'expired_token')
  })

  test('where device_login is false, also to codes that wait, after a reload', async (t) => {
    const rig = await startDeviceRig(t, 'device_login: true\n')
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const fields = await browser.question(code)
    const pressed = await browser.post(gatewayPaths.device, fields)
    await rig.reload((yaml) => yaml.replace('device_login: true', 'device_login: false'))
    await assert.rejects(rig.begin(), /403 .*device_login_off/)
    assert.equal(await rig.poll(code), 'device_login_off')
    assert.match((await browser.get('/.postern/device')).body, /device_login_off/)
    assert.equal((await browser.post(gatewayPaths.device, fields)).status, 403)
    await assert.rejects(browser.follow(refreshOf(pressed), alice), /answered 403/)
    await rig.reload((yaml) => yaml.replace('device_login: false', 'device_login: true'))
    assert.equal(await rig.poll(code), 'authorization_pending')
  })
})

describe('too much is refused', () => {
  test('polling sooner than the interval slows the machine down', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    assert.equal(await rig.poll(code), 'authorization_pending')
    const body = encodeDevicePoll(code.deviceCode)
    const answer = await rig.send('POST', gatewayPaths.deviceToken, { body, headers: form })
    assert.equal(answer.status, 400)
    assert.equal(answer.headers['content-type'], 'application/json; charset=UTF-8')
    assert.match(answer.body, /"error":"slow_down"/)
  })

  test('codes from one address, without hindering another', async (t) => {
    const rig = await startDeviceRig(t)
    for (let count = 0; count < 20; count += 1) await rig.begin()
    await assert.rejects(rig.begin(), /429 .*too_many_device_codes/)
    const body = 'host=build-7'
    const refused = await rig.send('POST', gatewayPaths.deviceCode, { body, headers: form })
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '600'])
    const lines = rig.lines.filter(({ message }) => message === 'limit reached')
    assert.deepEqual(
      lines.map(({ limit, ip }) => [limit, ip]),
      [['too-many-device-codes', '127.0.0.1']],
    )
    await rig.begin(undefined, '127.0.0.2')
    await rig.begin({ host: 'build-8', command: '' })
    rig.clock.advance(600_000)
    await rig.begin()
  })

  test('wrong codes in one browser, also in the form', async (t) => {
    const rig = await startDeviceRig(t)
    const code = await rig.begin()
    const browser = await rig.browserOf(alice)
    const fields = await browser.question(code)
    for (let count = 0; count < 9; count += 1) {
      assert.equal((await browser.get('/.postern/device?code=ZZZZ-ZZZZ')).status, 404)
    }
    const guess = { ...fields, code: 'ZZZZ-ZZZZ', confirmed: 'ZZZZ-ZZZZ' }
    assert.equal((await browser.post(gatewayPaths.device, guess)).status, 404)
    assert.equal((await browser.get(`/.postern/device?code=${code.userCode}`)).status, 429)
    // Signing in again begins no new count.
    const again = await rig.browserOf(alice)
    assert.equal((await again.get(`/.postern/device?code=${code.userCode}`)).status, 429)
    const other = await rig.browserOf(bob)
    assert.equal((await other.get(`/.postern/device?code=${code.userCode}`)).status, 200)
  })

  test('a body larger than any request', async (t) => {
    const rig = await startDeviceRig(t)
    const body = `host=${'x'.repeat(5000)}`
    for (const path of [gatewayPaths.deviceCode, gatewayPaths.deviceToken, gatewayPaths.device]) {
      assert.equal((await rig.send('POST', path, { body, headers: form })).status, 413, path)
    }
  })

  test('a body that says it is a form and is none, without a line about a fault of ours', async (t) => {
    const rig = await startDeviceRig(t)
    const { deviceCode, deviceToken, device, token } = gatewayPaths
    const cookie = (await rig.browserOf(alice)).jar.header(new URL(rig.origin)) ?? ''
    for (const path of [deviceCode, deviceToken, device, token]) {
      const headers = { 'content-type': 'multipart/form-data; boundary=x', cookie }
      const answer = await rig.send('POST', path, { body: 'none', headers })
      assert.equal(answer.status, 400, path)
      assert.match(answer.body, /malformed_request/)
    }
    assert.ok(!rig.lines.some(({ level }) => level === 'error'))
  })

  test('a body that breaks off, without such a line either', async (t) => {
    const rig = await startDeviceRig(t)
    const { host, port } = new URL(rig.origin)
    const socket = await connectTls(Number(port))
    const [path, fields] = [gatewayPaths.deviceCode, 'Transfer-Encoding: chunked\r\n']
    socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n6\r\nhost=a\r\n`)
    // By its answer the gateway has begun to read the body of the request before.
    assert.equal((await rig.send('GET', '/healthz')).status, 200)
    socket.end()
    assert.notEqual((await rig.accessLine(path))['response-code'], 200)
    socket.destroy()
    assert.equal((await rig.send('GET', '/healthz')).status, 200)
    assert.ok(!rig.lines.some(({ level }) => level === 'error'))
  })
})

test('the log has both addresses, and neither secret, token nor whole code', async (t) => {
  const rig = await startDeviceRig(t, 'log_level: debug\n')
  const code = await rig.begin(undefined, '127.0.0.2')
  const browser = await rig.browserOf(alice)
  await approve(browser, await browser.question(code), alice)
  const token = await rig.poll(code)
  const approved = await rig.line('device code approved')
  assert.deepEqual(
    [approved['requester-ip'], approved['approver-ip'], approved['email'], approved['host']],
    ['127.0.0.2', '127.0.0.1', alice, 'build-7'],
  )
  const signedIn = await rig.line('device signed in')
  assert.equal(signedIn['device'], approved['device'])
  const text = JSON.stringify(rig.lines)
  for (const secret of [code.deviceCode, code.userCode, code.userCode.replace('-', ''), token])
    assert.ok(!text.includes(secret))
})

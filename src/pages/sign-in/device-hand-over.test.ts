import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob, refreshOf, startDeviceRig, whose } from '../../gateway/device.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'

test('a machine leads its person to the provider once, who is not signed in yet', async (t) => {
  const rig = await startDeviceRig(t)
  const code = await rig.begin()
  const browser = rig.browser()
  const { url } = await browser.follow(code.verificationUriComplete, alice)
  const pressed = await browser.post(gatewayPaths.device, await browser.question(code, url.search))
  assert.equal(pressed.status, 302, pressed.body)
  const { pathname, search } = new URL(String(pressed.headers.location))
  const { body } = await browser.get(pathname + search)
  for (const text of [alice, 'build-7', 'postern login --device', new URL(rig.origin).host])
    assert.ok(body.includes(text), text)
  assert.equal((await whose(rig, await rig.poll(code)))['email'], alice)
  assert.equal(rig.idp.signInCount, 1)
  const made = await rig.line('device session made')
  assert.equal(made['host'], 'build-7')
  // The session is the machine's now, and this browser has none.
  assert.equal(
    (await browser.get('/.pomerium/')).headers.location,
    `${rig.origin}/.pomerium/sign_in`,
  )
})

test('a machine has no session of a browser that was not made for its code', async (t) => {
  const rig = await startDeviceRig(t)
  const [first, second] = [await rig.begin(), await rig.begin()]
  const browser = rig.browser()
  const { url } = await browser.follow(first.verificationUriComplete, alice)
  const { sign_in_token: token = '' } = await browser.question(first, url.search)
  const other = await browser.question(second)
  // Nor of somebody who was signed in before, whatever token they have.
  const bobs = await rig.browserOf(bob)
  const pressed = [
    await browser.post(gatewayPaths.device, { ...other, sign_in_token: token }),
    await bobs.post(gatewayPaths.device, {
      ...(await bobs.question(first)),
      sign_in_token: token,
    }),
  ]
  for (const answer of pressed) {
    assert.equal(answer.status, 200)
    assert.match(refreshOf(answer), /^http:/)
  }
  assert.equal((await browser.get('/.pomerium/')).status, 200)
  for (const code of [first, second]) assert.equal(await rig.poll(code), 'authorization_pending')
})

test('a button that is pressed twice signs the machine in, and leaves it so', async (t) => {
  const rig = await startDeviceRig(t)
  const code = await rig.begin()
  const browser = rig.browser()
  const { url } = await browser.follow(code.verificationUriComplete, alice)
  const fields = await browser.question(code, url.search)
  const cookie = browser.jar.header(new URL(rig.origin)) ?? ''
  const press = () => browser.post(gatewayPaths.device, fields)
  const pressed = await Promise.all([press(), press(), press()])
  assert.equal(pressed.filter(({ status }) => status === 302).length, 1)
  assert.equal((await whose(rig, await rig.poll(code)))['email'], alice)
  // Nor has it a browser that does not hear of the first answer.
  const { headers } = await rig.send('GET', '/.pomerium/', { headers: { cookie } })
  assert.equal(headers.location, `${rig.origin}/.pomerium/sign_in`)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { codeChallengeOf } from '../../tunnel/sign-in.ts'
import { alice, startDeviceRig, type DeviceRig } from '../../gateway/device.fixture.ts'

/** Where our own client sends its person's browser. */
async function signInPath(rig: DeviceRig): Promise<string> {
  const query = new URLSearchParams({
    pomerium_redirect_uri: 'http://127.0.0.1:9/callback',
    code_challenge: codeChallengeOf('v'.repeat(43)),
    code_challenge_method: 'S256',
  })
  const { body } = await rig.send('GET', `${gatewayPaths.login}?${query.toString()}`)
  const { pathname, search } = new URL(body)
  return pathname + search
}

test('a client that waits is told that the provider cannot be reached', async (t) => {
  const rig = await startDeviceRig(t)
  rig.idp.setCondition('failing')
  const { status, headers } = await rig.send('GET', await signInPath(rig))
  assert.equal(status, 302)
  const { origin, searchParams } = new URL(String(headers.location))
  assert.equal(origin, 'http://127.0.0.1:9')
  assert.equal(searchParams.get('error'), 'provider_unavailable')
  assert.match(
    searchParams.get('error_description') ?? '',
    /^the sign-in service cannot be reached/,
  )
  const line = await rig.line('the identity provider failed')
  assert.equal(searchParams.get('request_id'), line['request-id'])
  const audit = await rig.line('sign-in failed')
  assert.deepEqual([audit['reason'], audit['ip']], ['provider-unavailable', '127.0.0.1'])
})

test('a sign-in and a sign-out are one audit line each: who, session, from where', async (t) => {
  const rig = await startDeviceRig(t)
  const browser = await rig.browserOf(alice)
  await browser.post(gatewayPaths.signOut, {}, { origin: rig.origin, 'user-agent': 'test/1' })
  const [signedIn, signedOut] = [await rig.line('signed in'), await rig.line('signed out')]
  for (const line of [signedIn, signedOut]) {
    assert.deepEqual(
      [line['service'], line['user'], line['email'], line['ip']],
      ['audit', 'u-alice', alice, '127.0.0.1'],
    )
    assert.match(String(line['request-id']), /^[\w-]{36}$/)
  }
  assert.equal(signedOut['user-agent'], 'test/1')
  assert.equal(signedIn['session-id'], signedOut['session-id'])
  const ofAccess = rig.lines.filter((line) => line['request-id'] === signedIn['request-id'])
  assert.deepEqual(new Set(ofAccess.map((line) => line['service'])), new Set(['access', 'audit']))
})

test('callbacks that somebody makes up are no errors, and few lines', async (t) => {
  const rig = await startDeviceRig(t)
  for (let count = 0; count < 30; count += 1) {
    const { status } = await rig.send('GET', `/oauth2/callback?code=x&state=made-up-${count}`)
    assert.equal(status, 403)
  }
  rig.clock.advance(60_000)
  const more = await rig.line('more sign-ins refused')
  assert.equal(more['callbacks'], 20)
  // Said once they are kept, in their order.
  const refused = rig.lines.filter(({ message }) => message === 'sign-in refused')
  assert.equal(refused.length, 10)
  assert.ok(!rig.lines.some(({ level }) => level === 'error'))
})

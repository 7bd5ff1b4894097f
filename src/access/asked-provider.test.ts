import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { gatewayPaths } from '../tunnel/paths.ts'
import { bob, startDeviceRig, type DeviceRig } from '../gateway/device.fixture.ts'
import { connectHead, connectTls } from '../gateway/gateway.fixture.ts'

const forDba = 'db.example.com:5432'
/** Allowed, but nothing listens behind the routes of the rig. */
const allowed = 503

/** A token of somebody who signed in as a stock client makes them. */
async function tokenOf(rig: DeviceRig, email: string): Promise<string> {
  const redirect = encodeURIComponent('http://127.0.0.1:9/')
  const { body } = await rig.send('GET', `${gatewayPaths.login}?pomerium_redirect_uri=${redirect}`)
  const browser = await rig.browserOf(email)
  const { pathname, search } = new URL(body)
  const { headers } = await browser.get(pathname + search)
  return new URL(String(headers.location)).searchParams.get('pomerium_jwt') ?? ''
}

/** What CONNECT answers: its status and body. */
async function connect(rig: DeviceRig, token: string): Promise<{ status: number; body: string }> {
  const socket = await connectTls(Number(new URL(rig.origin).port))
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(connectHead(forDba, `Authorization: Pomerium ${token}`, 'Accept: application/json'))
  await once(socket, 'end')
  socket.destroy()
  const text = Buffer.concat(chunks).toString()
  return { status: Number(text.split(' ')[1]), body: text }
}

test('whoever was just added to a group is let in, though their session is not due', async (t) => {
  const rig = await startDeviceRig(t)
  const token = await tokenOf(rig, bob)
  rig.idp.people.change(bob, { groups: ['sales', 'dba'] })
  const asked = rig.idp.requestCount('/token')
  assert.equal((await connect(rig, token)).status, 403)
  assert.equal(rig.idp.requestCount('/token'), asked, 'what the provider said a moment ago stands')
  rig.clock.advance(31_000)
  assert.equal((await connect(rig, token)).status, allowed)
  assert.equal(rig.idp.requestCount('/token'), asked + 1)
  assert.deepEqual((await rig.line('session changed'))['changes'], ['groups', 'claims.groups'])
  // Said once they are kept.
  await rig.lineWhere((line) => line['allow'] === true)
  const checks = rig.lines.filter(({ message }) => message === 'authorize check')
  assert.deepEqual(
    checks.map((line) => line['allow']),
    [false, true],
    'a question is no decision',
  )
})

test('a client that comes back at once, or many times at once, causes one question', async (t) => {
  const rig = await startDeviceRig(t)
  const token = await tokenOf(rig, bob)
  rig.clock.advance(31_000)
  const asked = rig.idp.requestCount('/token')
  const burst = await Promise.all(Array.from({ length: 10 }, () => connect(rig, token)))
  for (let count = 0; count < 10; count += 1) burst.push(await connect(rig, token))
  assert.deepEqual([...new Set(burst.map(({ status }) => status))], [403])
  assert.equal(rig.idp.requestCount('/token'), asked + 1)
  rig.clock.advance(31_000)
  await connect(rig, token)
  assert.equal(rig.idp.requestCount('/token'), asked + 2)
})

test('whom the provider no longer stands by is asked to sign in', async (t) => {
  const rig = await startDeviceRig(t)
  const token = await tokenOf(rig, bob)
  rig.idp.revoke(bob)
  rig.clock.advance(31_000)
  assert.equal((await connect(rig, token)).status, 401)
})

test('a provider that is down leaves the refusal and the session as they are', async (t) => {
  const rig = await startDeviceRig(t)
  const token = await tokenOf(rig, bob)
  rig.idp.setCondition('failing')
  rig.clock.advance(31_000)
  for (let count = 0; count < 3; count += 1) assert.equal((await connect(rig, token)).status, 403)
  const failures = rig.lines.filter(({ message }) => message === 'the identity provider failed')
  assert.deepEqual(
    failures.map((line) => line['during']),
    ['refresh'],
  )
})

test('a refusal says that no groups came, and the log says so once', async (t) => {
  const rig = await startDeviceRig(t, 'idp_groups_claim: realm_access.roles\n')
  const token = await tokenOf(rig, bob)
  for (let count = 0; count < 3; count += 1) {
    const { status, body } = await connect(rig, token)
    assert.equal(status, 403)
    assert.match(body, /sends no claim \\"realm_access.roles\\", which would list your groups/)
  }
  const said = rig.lines.filter(({ message }) => String(message).includes('groups claim'))
  assert.equal(said.length, 1)
  assert.equal(said[0]?.['level'], 'warn')
  assert.match(String(said[0]?.['claims-that-came']), /groups/)
})

test('somebody in the wrong groups is told nothing about the claim', async (t) => {
  const rig = await startDeviceRig(t)
  const { body } = await connect(rig, await tokenOf(rig, bob))
  assert.match(body, /you are not in the groups this route names"/)
  assert.ok(!rig.lines.some(({ message }) => String(message).includes('groups claim')))
})

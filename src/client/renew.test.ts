import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { followSignIn, startFakeGateway } from '../reach/fake-gateway.fixture.ts'
import { never, openRig, type Rig } from './gateway-client.fixture.ts'
import { renewWith } from './sign-in/renew-session.ts'

async function cachedToken({ directory }: Rig): Promise<string> {
  const name = (await readdir(directory)).find((file) => file.endsWith('.jwt')) ?? ''
  return readFile(join(directory, name), 'utf8')
}

async function signedIn(rig: Rig): Promise<string> {
  const tunnel = await rig.client.open('db.example.com:5432', never)
  tunnel.destroy()
  return cachedToken(rig)
}

test('a session is prolonged by one tab, and later tunnels have the token that came', async () => {
  await using gateway = await startFakeGateway({ renews: true })
  await using rig = await openRig(gateway)
  const former = await signedIn(rig)
  const { outcome, token } = await rig.client.renew(never)
  assert.deepEqual([outcome, rig.tabs()], ['prolonged', 2])
  assert.notEqual(token, former)
  assert.equal(await cachedToken(rig), token)
  const tunnel = await rig.client.open('db.example.com:5432', never)
  tunnel.destroy()
  assert.equal(gateway.connects.at(-1)?.token, token)
  assert.equal(gateway.logins, 2)
})

test('a gateway that knows no renewal gives another session, which is used, and it is said', async () => {
  await using gateway = await startFakeGateway()
  await using rig = await openRig(gateway)
  await signedIn(rig)
  const { outcome, token } = await rig.client.renew(never)
  assert.deepEqual([outcome, await cachedToken(rig)], ['replaced', token])
})

test('whoever is not signed in, or no longer, signs in', async () => {
  await using gateway = await startFakeGateway({ renews: true })
  await using rig = await openRig(gateway)
  assert.equal((await rig.client.renew(never)).outcome, 'replaced')
  gateway.tokens.clear()
  gateway.tokens.add('aa.other.bb')
  assert.equal((await rig.client.renew(never)).outcome, 'replaced')
})

test('two processes that renew at once open one tab, and both have its token', async (t) => {
  const cacheDirectory = await directoryOf(t)
  await using gateway = await startFakeGateway({ renews: true })
  await using one = await openRig(gateway, { cacheDirectory })
  await using two = await openRig(gateway, { cacheDirectory })
  await signedIn(one)
  const renewals = await Promise.all([one.client.renew(never), two.client.renew(never)])
  assert.deepEqual(renewals.map(({ outcome }) => outcome).toSorted(), ['elsewhere', 'prolonged'])
  assert.equal(renewals[0].token, renewals[1].token)
  assert.equal(one.tabs() + two.tabs(), 2)
})

test('a sign-in that was begun without a session is no renewal to go on with', async (t) => {
  const cacheDirectory = await directoryOf(t)
  await using gateway = await startFakeGateway({ renews: true })
  {
    const shown = Promise.withResolvers<void>()
    await using absent = await openRig(gateway, { cacheDirectory, signIn: () => shown.resolve() })
    const leaving = new AbortController()
    const opening = absent.client.open('db.example.com:5432', leaving.signal)
    await shown.promise
    leaving.abort()
    await assert.rejects(opening)
  }
  gateway.tokens.add('aa.old.bb')
  await using rig = await openRig(gateway, { cacheDirectory })
  const { replaceFile } = await import('../reach/replace-file.ts')
  const begun = (await readdir(rig.directory)).find((file) => file.endsWith('.sign-in')) ?? ''
  await replaceFile(join(rig.directory, begun.replace('.sign-in', '')), 'aa.old.bb')
  assert.equal((await rig.client.renew(never)).outcome, 'prolonged')
})

test('a renewal that nobody finishes leaves the session as it is', async () => {
  let isThere = true
  const shown = Promise.withResolvers<void>()
  await using gateway = await startFakeGateway({ renews: true })
  await using rig = await openRig(gateway, {
    signIn: (url) => (isThere ? followSignIn(url) : shown.resolve()),
  })
  const token = await signedIn(rig)
  isThere = false
  const leaving = new AbortController()
  const renewing = rig.client.renew(leaving.signal)
  await shown.promise
  leaving.abort()
  await assert.rejects(renewing, { code: 'sign-in-cancelled' })
  assert.equal(await cachedToken(rig), token)
  const tunnel = await rig.client.open('db.example.com:5432', never)
  tunnel.end('x')
  const [bytes] = (await once(tunnel, 'data')) as [Buffer]
  assert.equal(bytes.toString(), 'x')
})

test('a service account renews nothing', async () => {
  await using gateway = await startFakeGateway({ renews: true })
  await using rig = await openRig(gateway, { serviceAccountToken: 'aa.account.bb' })
  await assert.rejects(rig.client.renew(never), { code: 'service-account-not-renewed' })
})

test('the same session with the same end is not said to be another', async () => {
  const owner = {
    userId: 'u',
    email: undefined,
    name: undefined,
    expiresAt: '2026-01-01T00:00:00Z',
  }
  const credentials = (token: string) => ({
    current: () => Promise.resolve('aa.bb.cc'),
    renew: () => Promise.reject(new Error('unused')),
    prolong: () => Promise.resolve({ token, isFresh: true, isProlonged: false }),
    forget: () => Promise.resolve(),
    idle: () => Promise.resolve(),
  })
  const outcomeOf = async (token: string, later: Partial<typeof owner> = {}) => {
    const ownerOf = (asked: string) =>
      Promise.resolve(asked === 'aa.bb.cc' ? owner : { ...owner, ...later })
    return (await renewWith(credentials(token), { ownerOf }, never)).outcome
  }
  assert.equal(await outcomeOf('aa.bb.cc'), 'unchanged')
  assert.equal(await outcomeOf('aa.dd.cc'), 'unchanged')
  assert.equal(await outcomeOf('aa.dd.cc', { userId: 'v' }), 'replaced')
  assert.equal(await outcomeOf('aa.dd.cc', { expiresAt: '2026-01-01T00:00:01Z' }), 'replaced')
})

async function directoryOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-renew-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newAuthenticator, openAccounts } from '../identity/local-accounts.fixture.ts'
import { localActor } from './change.ts'
import { createTestOperations, testActor, testSession, testTunnel } from './operations.fixture.ts'

const email = 'alice@example.com'
const byBob = testActor(testSession('s-9', 'bob@example.com'))

async function openRig(t: TestContext) {
  const accounts = await openAccounts(t)
  const { local, clock } = accounts
  const account = await accounts.accept((await accounts.invite(email)).code)
  const userId = local.accounts.userIdOf(account)
  const session = { ...testSession('s-1', email), userId }
  const tunnels = [testTunnel('t-1', session)]
  const rig = createTestOperations({ sessions: [session], tunnels, localAccounts: local, clock })
  return { ...rig, ...accounts, userId, accountsKept: accounts.kept, kept: rig.kept }
}

test('an invitation is a link that is answered once, and recorded without its code', async (t) => {
  const { operations, kept, accept, local } = await openRig(t)
  const wanted = { email: ' eve@example.com ', name: 'Eve', groups: ['ops'] }
  const made = await operations.inviteAccount(byBob, wanted)
  assert.equal(made.email, 'eve@example.com')
  const code = /\/\.postern\/invitation\?code=([\w-]{43})$/.exec(made.url)?.[1] ?? ''
  const entries = await kept()
  assert.match(entries[0] ?? '', /"account invited".*"by-email":"bob@example.com"/)
  assert.ok(!entries.join('').includes(code))
  const { accounts } = await operations.listAccounts(byBob)
  assert.deepEqual(
    accounts.map((it) => [it.email, it.state, it.passkeys, it.created_by, it.groups]),
    [
      [email, 'active', 1, 'the operator', ['ops']],
      ['eve@example.com', 'invited', 0, 'bob@example.com', ['ops']],
    ],
  )
  await accept(code)
  assert.equal((await local.accounts.get('eve@example.com')).invitation, undefined)
})

test('the tunnels of an account that is disabled, reset or removed are cut before that is answered', async (t) => {
  const { operations, happened, userId, kept } = await openRig(t)
  const disabled = await operations.disableAccount(localActor, userId)
  assert.deepEqual(disabled, { id: userId, email })
  const cuts = () => happened.filter((it) => it.includes('s-1')).length
  assert.equal(cuts(), 1, happened.join())
  await operations.enableAccount(localActor, email)
  assert.equal(cuts(), 1)
  const { url } = await operations.resetAccount(localActor, email, {})
  assert.match(url, /invitation/)
  assert.equal(cuts(), 2)
  await operations.removeAccount(localActor, email)
  assert.equal(cuts(), 3)
  const events = (await kept()).map((entry) => (JSON.parse(entry) as { event: string }).event)
  const expected = ['disabled', 'enabled', 'reset', 'removed'].map((it) => `account ${it}`)
  assert.deepEqual(events, expected)
})

test('an account whose link is over and who has no passkey is told from one that is invited', async (t) => {
  const { operations, clock } = await openRig(t)
  await operations.resetAccount(localActor, email, { expires_in_seconds: 60 })
  const state = async () => (await operations.listAccounts(localActor)).accounts[0]?.state
  assert.equal(await state(), 'invited')
  clock.advance(60_000)
  assert.equal(await state(), 'locked-out')
  await operations.disableAccount(localActor, email)
  assert.equal(await state(), 'disabled')
})

test('what makes no sense is refused, and changes nothing', async (t) => {
  const { operations, local } = await openRig(t)
  const invite = (more: object) =>
    operations.inviteAccount(localActor, { email: 'eve@example.com', ...more })
  for (const bad of ['', 'eve', '@x', 'a@b@c', 'a b@c', 'a@b\u202e', `a@${'b'.repeat(260)}`])
    await assert.rejects(invite({ email: bad }), { code: 'invalid-email' }, bad)
  for (const seconds of [0, 59, 2_592_001])
    await assert.rejects(invite({ expires_in_seconds: seconds }), { code: 'invalid-duration' })
  for (const more of [{ groups: [''] }, { groups: ['a\nb'] }, { name: '' }, { admin: true }])
    await assert.rejects(invite(more), { code: 'malformed-request' })
  assert.equal((await local.accounts.list()).length, 1)
})

test('groups change as they are said', async (t) => {
  const { operations, signIn, invite, accept, identity } = await openRig(t)
  const authenticator = newAuthenticator()
  await accept((await invite('eve@example.com')).code, { authenticator })
  const { session } = await signIn(authenticator)
  await operations.setAccountGroups(localActor, 'eve@example.com', { groups: ['a', 'b'] })
  const found = await identity.sessions.get(session.id)
  assert.deepEqual(found?.session.groups, ['a', 'b'])
})

test('a gateway without accounts says how it gets some', async () => {
  const { operations } = createTestOperations()
  await assert.rejects(operations.listAccounts(localActor), {
    code: 'no-local-accounts',
    hint: /local_accounts: true/,
  })
})

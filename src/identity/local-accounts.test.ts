import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { providerAt } from './identity.fixture.ts'
import { newAuthenticator, openAccounts } from './local-accounts.fixture.ts'

const inviter = { by: 'the operator', lifeMs: 3_600_000 }
const email = 'alice@example.com'

/** Alice, signed in; and every end and change of a session that is heard of. */
async function signedIn(t: TestContext) {
  const fixture = await openAccounts(t)
  const authenticator = newAuthenticator()
  const account = await fixture.accept((await fixture.invite()).code, { authenticator })
  const { session } = await fixture.signIn(authenticator)
  const heard: string[] = []
  const { sessions } = fixture.identity
  sessions.onEnded((id, reason) => heard.push(`${id === session.id} ended ${reason}`))
  sessions.onChanged((id) => heard.push(`${id === session.id} changed`))
  return { ...fixture, authenticator, account, session, sessions, heard }
}

const endings = {
  'is disabled': (local: Local) => local.accounts.setDisabled(email, true),
  'is reset': (local: Local) => local.accounts.reset(email, inviter),
  'is removed': (local: Local) => local.accounts.remove(email),
}
type Local = Awaited<ReturnType<typeof signedIn>>['local']

for (const [what, end] of Object.entries(endings))
  test(`the sessions of an account that ${what} end at once`, async (t) => {
    const { local, account, session, sessions, heard } = await signedIn(t)
    await end(local)
    await local.settled(account)
    assert.deepEqual(heard, ['true ended revoked'])
    assert.equal(await sessions.get(session.id), undefined)
  })

test('a session says at once what its account says', async (t) => {
  const { local, account, session, sessions, heard } = await signedIn(t)
  await local.accounts.setGroups(email, ['dba'])
  await local.settled(account)
  assert.deepEqual(heard, ['true changed'])
  assert.deepEqual((await sessions.get(session.id))?.session.groups, ['dba'])
})

test('a use of a passkey touches no session', async (t) => {
  const { local, account, signIn, authenticator, heard } = await signedIn(t)
  await signIn(authenticator)
  await local.settled(account)
  assert.deepEqual(heard, [])
})

test('somebody who signs in while their account is disabled has no session after it', async (t) => {
  const { local, account, begin, authenticator, sessions, store } = await signedIn(t)
  const begun = await begin()
  const callback = await begun.sign(authenticator)
  const { add } = store.sessions
  // The account is disabled, and its sessions looked for, between the check and the new session.
  const late: typeof add = async (record) => {
    await local.accounts.setDisabled(email, true)
    await local.settled(account)
    return add(record)
  }
  Object.assign(store.sessions, { add: late })
  await assert.rejects(begun.finish(callback), { code: 'grant-refused' })
  assert.equal(await sessions.count(), 0)
  assert.deepEqual(await store.sessions.list(), [])
})

test('what happened to an account while nobody looked is found by the next refresh', async (t) => {
  const { store, clock, session, sessions } = await signedIn(t)
  // As it is for a session whose account has moved on.
  const facts = await store.sessions.get(session.id)
  assert.ok(facts)
  await store.sessions.update({ ...facts, refreshToken: '0' }, 'kept')
  const ended = new Promise<string>((resolve) => sessions.onEnded((_, reason) => resolve(reason)))
  clock.advance(600_000)
  assert.equal(await ended, 'refresh-refused')
})

test('an account that is still good is refreshed and stays', async (t) => {
  const { clock, session, sessions, store } = await signedIn(t)
  clock.advance(600_000)
  const changed = Promise.withResolvers<void>()
  store.feed.onChanges((changes) => {
    if (changes.some(({ id, change }) => id === session.id && change === 'kept')) changed.resolve()
  })
  clock.advance(5_000)
  await changed.promise
  assert.equal((await sessions.get(session.id))?.session.userId, session.userId)
})

test('an account is found by its address, however it is spelt, and by its user id', async (t) => {
  const { local, account } = await signedIn(t)
  for (const who of [' ALICE@example.com', `local/${account.id}`])
    assert.equal((await local.accounts.get(who)).id, account.id)
  for (const who of ['bob@example.com', account.id, 'local/x', '', 'Alice'])
    await assert.rejects(local.accounts.get(who), { code: 'account-not-found' })
})

test('who has passkeys is not invited again, and who is disabled is not reset', async (t) => {
  const { local, invite } = await signedIn(t)
  await assert.rejects(invite(), { code: 'account-exists' })
  await local.accounts.setDisabled(email, true)
  await assert.rejects(invite(), { code: 'account-disabled' })
  await assert.rejects(local.accounts.reset(email, inviter), { code: 'account-disabled' })
})

test('whoever may not any more changes nothing', async (t) => {
  const { local, account } = await signedIn(t)
  const { accounts } = local
  const admit = () => {
    throw new Error('not any more')
  }
  const invitation = { ...inviter, email: 'eve@example.com', name: undefined, groups: undefined }
  for (const asked of [
    accounts.invite(invitation, admit),
    accounts.reset(email, inviter, admit),
    accounts.setDisabled(email, true, admit),
    accounts.setGroups(email, ['admins'], admit),
    accounts.remove(email, admit),
  ])
    await assert.rejects(asked, /not any more/)
  const [listed, ...others] = await accounts.list()
  assert.deepEqual([listed?.account.id, listed?.passkeys, others.length], [account.id, 1, 0])
  assert.equal(listed?.account.disabledAtMs, undefined)
})

test('beside a provider accounts are one of two, and nobody there is taken for one of them', async (t) => {
  const people = [{ id: 'local/x', name: 'Mallory', email, groups: ['ops'], password: 'x' }]
  const idp = await startDevIdp({ people, asksNothing: true })
  t.after(() => idp.close(0))
  const { identity } = await openAccounts(t, { providers: [providerAt(idp)] })
  assert.deepEqual(
    identity.providers.all.map(({ id, name }) => [id, name]),
    [
      ['default', 'Example'],
      ['local', 'Passkey'],
    ],
  )
  assert.equal(identity.providers.all[0]?.userIdOf('local/x'), 'default/local/x')
})

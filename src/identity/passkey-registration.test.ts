import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuthenticatorLies } from './authenticator.fixture.ts'
import { address, asCookieHeader } from './identity.fixture.ts'
import { newAuthenticator, openAccounts } from './local-accounts.fixture.ts'
import type { AccountsFixture } from './local-accounts.fixture.ts'

const invalid = { code: 'invitation-invalid' }
const inviter = { by: 'the operator', lifeMs: 3_600_000 }

/** What a browser does with the link, up to the form. */
async function open({ local }: AccountsFixture, code: string) {
  const begun = await local.registrations.beginInvited({ code, cookieHeader: undefined, address })
  const cookieHeader = asCookieHeader(begun.cookies)
  const invited = { code, cookieHeader, address }
  const form = { ticket: begun.ticket, cookieHeader, name: 'Laptop', person: 'Alice' }
  return { ...begun, invited, form }
}

test('an invitation makes an account of who follows it, with a first passkey', async (t) => {
  const fixture = await openAccounts(t)
  const { local, invite, accept, kept } = fixture
  const { code, account } = await invite('Alice@Example.com')
  assert.match(code, /^[\w-]{43}$/)
  assert.equal((await local.accounts.list())[0]?.passkeys, 0)
  const accepted = await accept(code)
  assert.deepEqual(accepted, {
    ...account,
    name: 'Alice',
    invitation: undefined,
    revision: Reflect.get(accepted, 'revision') as number,
  })
  const [passkey] = await local.passkeysOf(accepted)
  assert.deepEqual(
    [passkey?.name, passkey?.transports, passkey?.isBackedUp, passkey?.rpId],
    ['Laptop', ['internal'], true, 'localhost'],
  )
  assert.equal(kept.at(-1)?.[0], 'invitation accepted')
})

test('the code of an invitation is nowhere in the store', async (t) => {
  const { invite, store } = await openAccounts(t)
  const { code } = await invite()
  assert.ok(!JSON.stringify(await store.accounts.list()).includes(code))
})

describe('an invitation is not valid', () => {
  test('once it was used', async (t) => {
    const { invite, accept } = await openAccounts(t)
    const { code } = await invite()
    await accept(code)
    await assert.rejects(accept(code), invalid)
  })

  test('past its end, not even for who opened it before', async (t) => {
    const fixture = await openAccounts(t)
    const { code } = await fixture.invite()
    const { options, invited, form } = await open(fixture, code)
    fixture.clock.advance(3_600_000)
    await assert.rejects(fixture.accept(code), invalid)
    const response = newAuthenticator().create(options)
    const finished = fixture.local.registrations.finishInvited(invited, { ...form, response })
    await assert.rejects(finished, invalid)
  })

  test('once another one has taken its place, or its account is disabled or gone', async (t) => {
    const { invite, accept, local } = await openAccounts(t)
    const [first, second] = [await invite(), await invite('ALICE@example.com')]
    assert.equal(first.account.id, second.account.id)
    await assert.rejects(accept(first.code), invalid)
    await local.accounts.setDisabled('alice@example.com', true)
    await assert.rejects(accept(second.code), invalid)
    await local.accounts.setDisabled('alice@example.com', false)
    await assert.rejects(accept(second.code), invalid)
    const third = await invite()
    await local.accounts.remove('alice@example.com')
    await assert.rejects(accept(third.code), invalid)
  })

  test('with a code that nobody was given', async (t) => {
    const { invite, accept } = await openAccounts(t)
    await invite()
    for (const code of ['', 'x', 'A'.repeat(43), 'A'.repeat(5000)])
      await assert.rejects(accept(code), invalid)
  })
})

test('of two who follow one invitation at once one gets the account', async (t) => {
  const fixture = await openAccounts(t)
  const { code } = await fixture.invite()
  const browsers = await Promise.all([open(fixture, code), open(fixture, code)])
  const results = await Promise.allSettled(
    browsers.map(({ options, invited, form }, index) =>
      fixture.local.registrations.finishInvited(invited, {
        ...form,
        person: `person ${index}`,
        response: newAuthenticator().create(options),
      }),
    ),
  )
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  const lost = results.find((result) => result.status === 'rejected')
  assert.equal(Reflect.get(Object(lost?.reason) as object, 'code'), 'invitation-invalid')
  const [{ passkeys } = { passkeys: 0 }] = await fixture.local.accounts.list()
  assert.equal(passkeys, 1)
})

describe('refused is a passkey that is made', () => {
  const lies: Readonly<Record<string, AuthenticatorLies>> = {
    'at another origin': { origin: 'https://evil.example' },
    'for another host': { rpId: 'evil.example' },
    'without the check of its person': { isUserVerified: false },
    'for another challenge': { challenge: Buffer.alloc(32).toString('base64url') },
    'as a signature': { type: 'webauthn.get' },
    'in a frame of another site': { crossOrigin: true },
    'with another id than its own': { id: Buffer.alloc(32).toString('base64url') },
    'with certificates': { format: 'packed', statement: new Map([['x5c', []]]) },
    'with an attestation of another form': { format: 'android-safetynet' },
  }
  for (const [what, lie] of Object.entries(lies))
    test(what, async (t) => {
      const { invite, accept } = await openAccounts(t)
      const { code } = await invite()
      await assert.rejects(accept(code, { lies: lie }), { code: 'passkey-refused' })
      await accept(code)
    })
})

test('a form is that of one page, in one browser, for 10 minutes', async (t) => {
  const fixture = await openAccounts(t)
  const { registrations } = fixture.local
  const alice = await fixture.invite()
  const bob = await fixture.invite('bob@example.com')
  const [one, other, theirs] = [
    await open(fixture, alice.code),
    await open(fixture, alice.code),
    await open(fixture, bob.code),
  ]
  const response = newAuthenticator().create(one.options)
  const expired = { code: 'passkey-form-expired' }
  const send = (invited: typeof one.invited, form: typeof one.form) =>
    registrations.finishInvited(invited, { ...form, response })
  await assert.rejects(
    send(other.invited, { ...one.form, cookieHeader: other.form.cookieHeader }),
    expired,
  )
  await assert.rejects(send(theirs.invited, one.form), expired)
  await assert.rejects(send(one.invited, { ...one.form, ticket: 'x' }), expired)
  await assert.rejects(send(other.invited, other.form), { code: 'passkey-refused' })
  fixture.clock.advance(600_000)
  await assert.rejects(send(one.invited, one.form), expired)
})

test('who is signed in adds passkeys to their own account, each once, and not by an invitation', async (t) => {
  const fixture = await openAccounts(t)
  const { registrations, accounts } = fixture.local
  const alice = await fixture.accept((await fixture.invite()).code)
  const bob = await fixture.accept((await fixture.invite('bob@example.com')).code)
  const begun = await registrations.begin(alice, undefined)
  assert.equal(begun.options.excludeCredentials?.length, 1)
  const cookieHeader = asCookieHeader(begun.cookies)
  fixture.clock.advance(1)
  const authenticator = newAuthenticator()
  const response = authenticator.create(begun.options)
  const made = { ticket: begun.ticket, response, cookieHeader, name: 'Phone' }
  await assert.rejects(registrations.finish(bob, made), { code: 'passkey-form-expired' })
  await registrations.finish(alice, made)
  await assert.rejects(registrations.finish(alice, made), { code: 'passkey-known' })
  assert.deepEqual(
    (await fixture.local.passkeysOf(alice)).map(({ name }) => name),
    ['Laptop', 'Phone'],
  )
  await fixture.signIn(authenticator)
  // A page that was opened before a reset adds nothing after it.
  const late = await registrations.begin(alice, cookieHeader)
  await accounts.reset('alice@example.com', inviter)
  const after = { ...made, ticket: late.ticket, response: newAuthenticator().create(late.options) }
  for (const account of [alice, await accounts.get('alice@example.com')])
    await assert.rejects(registrations.finish(account, after), { code: 'passkey-form-expired' })
  assert.deepEqual(await fixture.local.passkeysOf(alice), [])
})

test('an account has twenty passkeys at most, and never loses its last', async (t) => {
  const fixture = await openAccounts(t)
  const { local } = fixture
  const alice = await fixture.accept((await fixture.invite()).code)
  const add = async () => {
    const { options, ticket, cookies } = await local.registrations.begin(alice, undefined)
    const response = newAuthenticator().create(options)
    const cookieHeader = asCookieHeader(cookies)
    return local.registrations.finish(alice, { ticket, response, cookieHeader, name: 'Key' })
  }
  for (let count = 1; count < 20; count += 1) await add()
  await assert.rejects(add(), { code: 'too-many-passkeys' })
  const all = await local.passkeysOf(alice)
  const ends = await Promise.all(all.map(({ id }) => local.removePasskey(alice, id)))
  assert.deepEqual([...new Set(ends)], ['removed', 'last'])
  assert.equal((await local.passkeysOf(alice)).length, 1)
})

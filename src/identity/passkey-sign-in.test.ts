import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createAuthenticator, type AuthenticatorLies } from './authenticator.fixture.ts'
import { address, asCookieHeader, callbackOrigin, target } from './identity.fixture.ts'
import { newAuthenticator, openAccounts } from './local-accounts.fixture.ts'

async function withAlice(t: TestContext, options?: { readonly counts?: boolean }) {
  const fixture = await openAccounts(t)
  const authenticator = newAuthenticator(options)
  const { code } = await fixture.invite()
  const account = await fixture.accept(code, { authenticator })
  return { ...fixture, authenticator, account }
}

const refused = { code: 'passkey-refused' }

/** The cause, which is for the operator alone. */
const because = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error && error.cause instanceof Error)
  assert.equal(error.message, 'this passkey is not accepted here')
  assert.match(error.cause.message, pattern)
  return true
}

test('a passkey signs its person in, without a name', async (t) => {
  const { signIn, authenticator, account, identity } = await withAlice(t)
  const { session, target: led } = await signIn(authenticator)
  assert.deepEqual(led, target)
  const { userId, email, emailVerified, name, groups, provider, issuer } = session
  assert.deepEqual(
    { userId, email, emailVerified, name, groups, provider, issuer },
    {
      userId: `local/${account.id}`,
      email: 'alice@example.com',
      emailVerified: true,
      name: 'Alice',
      groups: ['ops'],
      provider: 'local',
      issuer: callbackOrigin,
    },
  )
  assert.equal((await identity.sessions.get(session.id))?.session.userId, userId)
})

describe('refused is what was signed', () => {
  const lies: Readonly<Record<string, readonly [AuthenticatorLies, RegExp]>> = {
    'at another origin': [{ origin: 'https://evil.example' }, /origin/],
    'at another port of the host': [{ origin: 'https://localhost:9443' }, /origin/],
    'for another host': [{ rpId: 'evil.example' }, /RP ID/],
    'without the check of its person': [{ isUserVerified: false }, /verif/i],
    'without its person': [{ isUserPresent: false }, /present/i],
    'for another challenge': [{ challenge: Buffer.alloc(32).toString('base64url') }, /challenge/],
    'as a registration': [{ type: 'webauthn.create' }, /type/],
    'in a frame of another site': [{ crossOrigin: true }, /frame/],
    'by a passkey that nobody knows': [{ id: Buffer.alloc(32).toString('base64url') }, /unknown/],
    'by a passkey that names another account': [{ accountId: 'AAAAAAAAAAAAAAAAAAAAAA' }, /another/],
  }
  for (const [what, [lie, why]] of Object.entries(lies))
    test(what, async (t) => {
      const { begin, authenticator } = await withAlice(t)
      await assert.rejects((await begin()).sign(authenticator, lie), because(why))
    })

  test('by another key', async (t) => {
    const { begin, authenticator } = await withAlice(t)
    const begun = await begin()
    const other = newAuthenticator()
    const id: unknown = Reflect.get(
      JSON.parse(authenticator.get({ challenge: '' })) as object,
      'id',
    )
    const { invite, accept } = await openAccounts(t)
    const { id: accountId } = await accept((await invite()).code, { authenticator: other })
    assert.ok(accountId)
    const lie = { id: String(id), accountId: handleOf(authenticator) }
    await assert.rejects(begun.sign(other, lie), because(/signature/))
  })

  test('with something that is no JSON of a passkey', async (t) => {
    const { begin } = await withAlice(t)
    const begun = await begin()
    const long = JSON.stringify({ id: 'a'.repeat(2000) })
    for (const response of ['', '{', '[]', 'null', '{"id":1}', long])
      await assert.rejects(begun.send(response), refused)
  })
})

const handleOf = (authenticator: ReturnType<typeof newAuthenticator>): string => {
  const { response } = JSON.parse(authenticator.get({ challenge: '' })) as {
    response: { userHandle: string }
  }
  return response.userHandle
}

describe('a challenge', () => {
  test('is good once, whoever sends what was signed again', async (t) => {
    const { begin, local, authenticator } = await withAlice(t)
    const begun = await begin()
    const options = await local.signIn.options(begun.state, begun.cookieHeader)
    const response = authenticator.get(options)
    const results = await Promise.allSettled([begun.send(response), begun.send(response)])
    const taken = results.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
    const lost = results.flatMap((it) => (it.status === 'rejected' ? [it.reason as unknown] : []))
    const [callback, ...others] = taken
    assert.ok(callback !== undefined && others.length === 0)
    because(/before/)(lost[0])
    await begun.finish(callback)
    await assert.rejects(begun.finish(callback), { code: 'sign-in-used' })
    await assert.rejects(begun.send(response), { code: 'sign-in-used' })
  })

  test('is that of one sign-in: signed for another one it is worth nothing', async (t) => {
    const { begin, local, authenticator } = await withAlice(t)
    const [mine, theirs] = [await begin(), await begin()]
    const options = await local.signIn.options(theirs.state, theirs.cookieHeader)
    await assert.rejects(mine.send(authenticator.get(options)), because(/challenge/))
  })

  test('is given to, and taken from, the browser that began alone', async (t) => {
    const { begin, local, authenticator } = await withAlice(t)
    const [mine, theirs] = [await begin(), await begin()]
    const mismatch = { code: 'sign-in-state-mismatch' }
    await assert.rejects(local.signIn.options(mine.state, theirs.cookieHeader), mismatch)
    const options = await local.signIn.options(mine.state, mine.cookieHeader)
    const signed = { response: authenticator.get(options), state: mine.state, address }
    const asked = { ...signed, cookieHeader: theirs.cookieHeader }
    await assert.rejects(local.signIn.verify(asked), mismatch)
  })

  test('is over with its sign-in', async (t) => {
    const { begin, clock, authenticator } = await withAlice(t)
    const begun = await begin()
    clock.advance(600_001)
    await assert.rejects(begun.sign(authenticator), { code: 'sign-in-expired' })
  })
})

describe('the code of the callback', () => {
  test('is good for its own sign-in, for a minute', async (t) => {
    const { begin, clock, authenticator } = await withAlice(t)
    const [mine, theirs] = [await begin(), await begin()]
    const callback = await mine.sign(authenticator)
    const mixed = new URL(callback)
    mixed.searchParams.set('state', theirs.state)
    await assert.rejects(theirs.finish(mixed), { code: 'sign-in-expired' })
    clock.advance(60_001)
    await assert.rejects(mine.finish(callback), { code: 'sign-in-expired' })
  })

  test('cannot be made up', async (t) => {
    const { begin } = await withAlice(t)
    const begun = await begin()
    const callback = new URL(`${callbackOrigin}/?code=x&state=${begun.state}`)
    await assert.rejects(begun.finish(callback), { code: 'sign-in-expired' })
  })

  test('is worth nothing once the account was disabled or reset', async (t) => {
    const { begin, local, authenticator } = await withAlice(t)
    const begun = await begin()
    const callback = await begun.sign(authenticator)
    await local.accounts.reset('alice@example.com', { by: 'the operator', lifeMs: 1000 })
    await assert.rejects(begun.finish(callback), { code: 'grant-refused' })
  })
})

test('a counter that has not gone on tells of a copy, which is refused and kept', async (t) => {
  const { signIn, kept, authenticator } = await withAlice(t, { counts: true })
  await signIn(authenticator)
  await signIn(authenticator)
  await assert.rejects(signIn(authenticator, { counter: 2 }), because(/counted/))
  assert.deepEqual(kept.at(-1), [
    'passkey refused, there may be a copy of it',
    { passkey: 'Laptop', 'counter-before': 3, 'counter-now': 2 },
  ])
  await signIn(authenticator, { counter: 9 })
})

test('a counter says nothing while the signature is not that of the passkey', async (t) => {
  const { signIn, kept, authenticator } = await withAlice(t, { counts: true })
  await signIn(authenticator)
  await assert.rejects(
    signIn(authenticator, { counter: 0, origin: 'https://evil.example' }),
    refused,
  )
  assert.ok(!kept.some(([event]) => event.includes('copy')))
})

test('who is disabled is refused as who is unknown, and comes back when enabled', async (t) => {
  const { signIn, local, authenticator } = await withAlice(t)
  await local.accounts.setDisabled('Alice@Example.com', true)
  await assert.rejects(signIn(authenticator), because(/disabled/))
  await local.accounts.setDisabled('alice@example.com', false)
  await signIn(authenticator)
})

test('a passkey of a former host is refused, and the operator is told of it at the start', async (t) => {
  const { store, authenticator, lines } = await withAlice(t)
  assert.ok(!lines.some((line) => line.includes('another host')))
  const moved = await openAccounts(t, {
    store: { ...store, close: () => Promise.resolve() },
    authenticateServiceUrl: new URL('https://new.example.com'),
  })
  const begun = await moved.identity.signIn.begin({
    target,
    provider: 'local',
    cookieHeader: undefined,
    address,
  })
  const state = begun.location.searchParams.get('state') ?? ''
  const cookieHeader = asCookieHeader(begun.cookies)
  const options = await moved.local.signIn.options(state, cookieHeader)
  const response = authenticator.get(options, { origin: 'https://new.example.com' })
  const signed = { state, response, cookieHeader, address }
  await assert.rejects(moved.local.signIn.verify(signed), because(/for "localhost"/))
  assert.ok(moved.lines.some((line) => /another host name.*"passkeys":1/.test(line)))
  assert.equal((await moved.local.accounts.list())[0]?.foreignPasskeys, 1)
})

test('many signatures that fail at one address are refused unread', async (t) => {
  const { begin, authenticator } = await withAlice(t)
  const begun = await begin()
  for (let count = 0; count < 300; count += 1) await assert.rejects(begun.send('{}'), refused)
  await assert.rejects(begun.sign(authenticator), { code: 'too-many-failed-sign-ins' })
})

test('an authenticator at a host with another port has the same passkeys, and another origin', async (t) => {
  const { begin, invite, accept } = await openAccounts(t)
  const authenticator = createAuthenticator('https://localhost')
  const { code } = await invite()
  await assert.rejects(accept(code, { authenticator }), because(/origin/))
  await accept(code, { authenticator, lies: { origin: callbackOrigin } })
  await assert.rejects((await begin()).sign(authenticator), because(/origin/))
})

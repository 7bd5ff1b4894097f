import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { SignJWT, decodeJwt } from 'jose'
import { silentLogger } from '../log.ts'
import { openIdentity } from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import { refuseReserved } from './reserved-ids.ts'
import { createServiceAccountTokens } from './service-account-token.ts'
import { createServiceAccounts } from './service-accounts.ts'
import type { NewCredential } from './service-accounts.ts'
import type { NewServiceAccount } from './service-account-request.ts'

// Nothing here asks the provider: nobody listens on this port.
const nobody = { issuer: new URL('http://127.0.0.1:9'), clientId: 'c', clientSecret: 's' }
const day = 86_400_000

interface Rig extends IdentityFixture {
  create(change?: Partial<NewServiceAccount>): Promise<NewCredential>
  /** The service account of these headers; undefined for nobody. */
  who(headers: Record<string, string>): Promise<string | undefined>
}

async function setUp(t: TestContext): Promise<Rig> {
  const fixture = await openIdentity(nobody)
  t.after(() => fixture[Symbol.asyncDispose]())
  const { identity } = fixture
  return {
    ...fixture,
    create: (change = {}) =>
      identity.serviceAccounts.create({
        id: 'backup',
        description: '',
        format: 'jwt',
        expiresAtMs: undefined,
        ...change,
      }),
    async who(headers) {
      const found = await identity.fromHeaders(headers)
      assert.equal(found?.session.kind ?? 'service-account', 'service-account')
      return found?.session.userId
    },
  }
}

const bearer = ({ credential }: NewCredential): Record<string, string> => ({
  authorization: `Pomerium ${credential}`,
})
const idAndSecret = ({ id, credential }: NewCredential): Record<string, string> => ({
  'cf-access-client-id': id,
  'cf-access-client-secret': credential,
})

test('a token works in every form of header, and only whole', async (t) => {
  const { create, who } = await setUp(t)
  const { credential } = await create()
  for (const headers of [
    { authorization: `Pomerium ${credential}` },
    { authorization: `Bearer Pomerium-${credential}` },
    { 'x-pomerium-authorization': credential },
  ]) {
    assert.equal(await who(headers), 'backup')
  }
  const [head, body = '', signature] = credential.split('.')
  const forged = Buffer.from(JSON.stringify({ ...decodeJwt(credential), jti: 'other' }))
  for (const token of [
    `${head}.${body}`,
    `${head}.${forged.toString('base64url')}.${signature}`,
    `${head}.${body}.${'A'.repeat(43)}`,
  ]) {
    assert.equal(await who({ authorization: `Pomerium ${token}` }), undefined)
  }
})

test('a token names the account as stock clients expect it, and its end', async (t) => {
  const { create, clock } = await setUp(t)
  const endMs = clock.now() + day
  const { credential, expiresAtMs } = await create({ expiresAtMs: endMs })
  const { jti, sub, iss, aud, exp } = decodeJwt(credential)
  assert.deepEqual([jti, sub, iss, aud], ['backup', 'backup', 'localhost:8443', ['localhost:8443']])
  assert.equal(exp, Math.floor(endMs / 1000))
  assert.equal(expiresAtMs, Math.floor(endMs / 1000) * 1000)
})

test('an id and secret work in the headers of service tokens, and only both', async (t) => {
  const { create, who } = await setUp(t)
  const made = await create({ format: 'id-secret' })
  assert.match(made.credential, /^postern_[\w-]{43}$/)
  assert.equal(await who(idAndSecret(made)), 'backup')
  const { 'cf-access-client-id': id = '', 'cf-access-client-secret': secret = '' } =
    idAndSecret(made)
  for (const headers of [
    { 'cf-access-client-id': id },
    { 'cf-access-client-secret': secret },
    { 'cf-access-client-id': 'other', 'cf-access-client-secret': secret },
    { 'cf-access-client-id': id, 'cf-access-client-secret': `${secret}x` },
    { 'cf-access-client-id': id, 'cf-access-client-secret': `${secret}, ${secret}` },
    { 'cf-access-client-id': 'backup:x', 'cf-access-client-secret': secret },
    { ...idAndSecret(made), authorization: 'Pomerium garbage' },
  ] as Record<string, string>[]) {
    assert.equal(await who(headers), undefined, JSON.stringify(Object.keys(headers)))
  }
})

test('the secret inside of a token is no secret of the other form', async (t) => {
  const { create, who } = await setUp(t)
  const { credential } = await create()
  const secret = String(decodeJwt(credential)['ver'])
  assert.equal(
    await who(
      idAndSecret({ id: 'backup', format: 'jwt', credential: secret, expiresAtMs: undefined }),
    ),
    undefined,
  )
})

test("a person's token is none of a service account, nor the other way round", async (t) => {
  const { identity, create, who } = await setUp(t)
  const { credential } = await create()
  assert.equal(await identity.tokens.read(credential), undefined)
  const stranger = await new SignJWT({ aud: ['localhost:8443'], ver: 'x' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('localhost:8443')
    .setJti('backup')
    .sign(new Uint8Array(32).fill(1))
  assert.equal(await who({ authorization: `Pomerium ${stranger}` }), undefined)
})

test('nothing that is kept or logged holds a credential', async (t) => {
  const { create, store, lines, identity } = await setUp(t)
  const made = [await create(), await create({ id: 'two', format: 'id-secret' })]
  const kept = JSON.stringify([await store.serviceAccounts.list(), lines])
  const listed = JSON.stringify(await identity.serviceAccounts.list())
  for (const { credential, format } of made) {
    const secret = format === 'jwt' ? String(decodeJwt(credential)['ver']) : credential
    for (const text of [credential, secret]) assert.ok(!(kept + listed).includes(text))
  }
})

test('an id is taken once, and free again only for whoever has revoked it', async (t) => {
  const { create, identity, who } = await setUp(t)
  const first = await create()
  await assert.rejects(create(), { code: 'service-account-exists' })
  await identity.serviceAccounts.revoke('backup')
  assert.equal(await who(bearer(first)), undefined)
  const second = await create()
  assert.equal(await who(bearer(second)), 'backup')
  assert.equal(await who(bearer(first)), undefined)
})

test('ids and descriptions are bounded, and an end lies ahead', async (t) => {
  const { create, clock } = await setUp(t)
  const good = ['a', 'ci-deploy.v2', `${'a'.repeat(62)}1`]
  for (const id of good) assert.equal((await create({ id })).id, id)
  for (const id of ['', 'Backup', 'a b', '-a', 'a-', 'a:b', 'ü', 'a@b', 'a'.repeat(64), 'a\n']) {
    await assert.rejects(create({ id }), { code: 'invalid-service-account-request' }, id)
  }
  for (const description of ['x'.repeat(201), 'two\nlines', 'backwards \u202e']) {
    await assert.rejects(create({ description }), { code: 'invalid-service-account-request' })
  }
  await assert.rejects(create({ expiresAtMs: clock.now() }), { hint: /in the future/ })
})

test('an unknown id is told with the one it looks like', async (t) => {
  const { create, identity } = await setUp(t)
  await create()
  const { rotate, revoke } = identity.serviceAccounts
  const unknown = { code: 'service-account-not-found', hint: 'did you mean "backup"?' }
  await assert.rejects(revoke('bakcup'), unknown)
  await assert.rejects(rotate('bakcup', { keepOldMs: 0, expiresAtMs: 'keep' }), unknown)
  await revoke('backup')
  await assert.rejects(revoke('backup'), { hint: /service-account list/ })
})

test('an account past its end is nobody, and a rotation with a new end brings it back', async (t) => {
  const { create, identity, clock, who } = await setUp(t)
  const made = await create({ format: 'id-secret', expiresAtMs: clock.now() + day })
  const token = await create({ id: 'two', expiresAtMs: clock.now() + day })
  clock.advance(day - 1001)
  assert.deepEqual([await who(idAndSecret(made)), await who(bearer(token))], ['backup', 'two'])
  clock.advance(1001)
  assert.deepEqual([await who(idAndSecret(made)), await who(bearer(token))], [undefined, undefined])
  const { list, rotate } = identity.serviceAccounts
  assert.deepEqual(
    (await list()).map(({ state }) => state),
    ['expired', 'expired'],
  )
  await assert.rejects(rotate('backup', { keepOldMs: 0, expiresAtMs: 'keep' }), {
    code: 'service-account-expired',
  })
  const next = await rotate('backup', { keepOldMs: day, expiresAtMs: undefined })
  assert.equal(await who(idAndSecret(next)), 'backup')
  assert.equal(await who(idAndSecret(made)), undefined)
})

test('a rotation ends the old credential at once, and its sessions', async (t) => {
  const { create, identity, who } = await setUp(t)
  const { serviceAccounts } = identity
  const old = await create()
  const before = await identity.fromHeaders(bearer(old))
  assert.ok(before)
  const ended: string[] = []
  serviceAccounts.onEnded((id) => ended.push(id))
  const next = await serviceAccounts.rotate('backup', { keepOldMs: 0, expiresAtMs: 'keep' })
  assert.deepEqual([await who(bearer(old)), await who(bearer(next))], [undefined, 'backup'])
  assert.deepEqual(ended, [before.session.id])
  assert.equal(serviceAccounts.version(before.session.id), undefined)
  assert.equal(await serviceAccounts.session(before.session.id), undefined)
})

test('a rotation that keeps the old credential ends it later, and never two of them', async (t) => {
  const { create, identity, clock, who } = await setUp(t)
  const { serviceAccounts } = identity
  const first = await create({ format: 'id-secret' })
  const before = await identity.fromHeaders(idAndSecret(first))
  assert.ok(before)
  const changed: string[] = []
  serviceAccounts.onChanged((id) => changed.push(id))
  const keep = { keepOldMs: 60_000, expiresAtMs: 'keep' } as const
  const second = await serviceAccounts.rotate('backup', keep)
  assert.deepEqual(changed, [before.session.id])
  assert.notEqual(serviceAccounts.version(before.session.id), before.version)
  const during = await serviceAccounts.session(before.session.id)
  assert.equal(during?.session.expiresAtMs, clock.now() + 60_000)
  assert.equal(await who(idAndSecret(first)), 'backup')
  const third = await serviceAccounts.rotate('backup', keep)
  assert.equal(await who(idAndSecret(first)), undefined)
  assert.equal(await who(idAndSecret(second)), 'backup')
  clock.advance(60_000)
  assert.equal(await who(idAndSecret(second)), undefined)
  assert.equal(await who(idAndSecret(third)), 'backup')
})

test('an old credential that is kept does not outlive the end it had', async (t) => {
  const { create, identity, clock } = await setUp(t)
  const old = await create({ format: 'id-secret', expiresAtMs: clock.now() + day })
  const rotation = { keepOldMs: 10 * day, expiresAtMs: clock.now() + 30 * day }
  await identity.serviceAccounts.rotate('backup', rotation)
  const found = await identity.fromHeaders(idAndSecret(old))
  assert.equal(found?.session.expiresAtMs, old.expiresAtMs)
})

test('an old credential that is kept ends with its account, when that ends earlier now', async (t) => {
  const { create, identity, clock, who } = await setUp(t)
  const { list, rotate } = identity.serviceAccounts
  const old = await create({ format: 'id-secret' })
  const expiresAtMs = Math.floor((clock.now() + day) / 1000) * 1000
  await rotate('backup', { keepOldMs: 10 * day, expiresAtMs })
  const found = await identity.fromHeaders(idAndSecret(old))
  assert.equal(found?.session.expiresAtMs, expiresAtMs)
  clock.advance(day)
  assert.deepEqual([(await list())[0]?.state, await who(idAndSecret(old))], ['expired', undefined])
})

test('revoking ends the sessions of both credentials, and of no other account', async (t) => {
  const { create, identity, who } = await setUp(t)
  const { serviceAccounts } = identity
  const [old, other] = [await create(), await create({ id: 'other' })]
  const keep = { keepOldMs: day, expiresAtMs: 'keep' } as const
  const next = await serviceAccounts.rotate('backup', keep)
  const ids = await Promise.all(
    [old, next].map(async (it) => (await identity.fromHeaders(bearer(it)))?.session.id),
  )
  const ended: string[] = []
  serviceAccounts.onEnded((id) => ended.push(id))
  await serviceAccounts.revoke('backup')
  assert.deepEqual(new Set(ended), new Set(ids))
  assert.deepEqual([await who(bearer(old)), await who(bearer(next))], [undefined, undefined])
  assert.equal(await who(bearer(other)), 'other')
})

test('the day of the last use is kept, and nothing finer', async (t) => {
  const { create, store, clock, who } = await setUp(t)
  const made = await create()
  assert.equal((await store.serviceAccounts.get('backup'))?.lastUsedDayMs, undefined)
  await who(bearer(made))
  const today = clock.now() - (clock.now() % day)
  assert.equal((await store.serviceAccounts.get('backup'))?.lastUsedDayMs, today)
})

test('nobody signs in under the id of a service account, a revoked one included', async (t) => {
  const { create, identity } = await setUp(t)
  const sessions = refuseReserved(identity.sessions, identity.serviceAccounts)
  const signIn = (userId: string) =>
    sessions.create({
      userId,
      provider: 'default',
      issuer: nobody.issuer.origin,
      claims: {},
      tokens: {
        accessToken: 'at',
        accessTokenLifeMs: undefined,
        refreshToken: undefined,
        idToken: undefined,
      },
    })
  await create()
  await assert.rejects(signIn('backup'), { code: 'user-id-reserved' })
  assert.deepEqual(await identity.sessions.list(), [])
  await identity.serviceAccounts.revoke('backup')
  await assert.rejects(signIn('backup'), { code: 'user-id-reserved' })
  const session = await signIn('u-1')
  await assert.rejects(create({ id: 'u-1' }), { code: 'user-id-in-use' })
  await identity.sessions.revoke(session.id)
  assert.equal((await create({ id: 'u-1' })).id, 'u-1')
})

test('an id is reserved while it is being taken, before anybody is looked for', async (t) => {
  const { store, clock } = await setUp(t)
  const looking = Promise.withResolvers<boolean>()
  const begun = Promise.withResolvers<void>()
  const accounts = createServiceAccounts({
    store,
    tokens: createServiceAccountTokens('localhost', new Uint8Array(32), clock),
    clock,
    log: silentLogger,
    isSignedIn() {
      begun.resolve()
      return looking.promise
    },
  })
  const request = { description: '', format: 'jwt', expiresAtMs: undefined } as const
  const created = accounts.create({ ...request, id: 'u-1' })
  await begun.promise
  // Whoever has signed in before this was seen; whoever does from now on sees this.
  assert.equal(await accounts.isReserved('u-1'), true)
  looking.resolve(true)
  await assert.rejects(created, { code: 'user-id-in-use' })
  assert.equal(await accounts.isReserved('u-1'), false)
})

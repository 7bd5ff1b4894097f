import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import type { DevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import {
  address,
  asCookieHeader,
  callbackOrigin,
  openIdentity,
  providerAt,
  signInBy,
  target,
} from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import type { IdentityOptions } from './identity.ts'
import { UnfinishedSignIn } from './pending-flow.ts'
import type { NamedProviderOptions } from './providers.ts'

const boss = { id: 'u-1', email: 'boss@example.com', name: 'Boss', groups: ['admins'] }
/** Whoever runs the partner's provider may give its people any id, address and group. */
const guest = { id: 'u-1', email: 'boss@example.com', name: 'Guest', groups: ['admins'] }

interface Rig extends IdentityFixture {
  readonly company: DevIdp
  readonly partner: DevIdp
  readonly options: readonly NamedProviderOptions[]
}

async function setUp(
  t: TestContext,
  change: Partial<IdentityOptions> = {},
  ofPartner: Partial<NamedProviderOptions> = {},
): Promise<Rig> {
  const company = await startDevIdp({ people: [boss], asksNothing: true })
  t.after(() => company.close(0))
  const partner = await startDevIdp({ people: [guest], asksNothing: true })
  t.after(() => partner.close(0))
  const naming = { id: 'partner', keyPrefix: 'identity_providers.partner.' }
  // Whoever is first in the list is asked first.
  const options = [providerAt(partner, { ...naming, ...ofPartner }), providerAt(company)]
  const fixture = await openIdentity(company, { providers: options, ...change })
  t.after(() => fixture[Symbol.asyncDispose]())
  return { ...fixture, company, partner, options }
}

async function browse(location: URL): Promise<URL> {
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  return (await signInWithForms(location, { email: boss.email }, { stopBefore })).url
}

const signIn = async (rig: IdentityFixture, provider: string) =>
  (await signInBy(rig, browse, provider)).session

test('a group of the default provider that is called like one of another is not that one', async (t) => {
  const rig = await setUp(t)
  // Where people make groups themselves, as organizations and teams of GitHub.
  rig.company.people.change(boss.id, { groups: ['partner/admins', 'default/x', 'acme/admins'] })
  const { groups } = await signIn(rig, 'default')
  assert.deepEqual(groups, ['default/partner/admins', 'default/default/x', 'acme/admins'])
  assert.deepEqual((await signIn(rig, 'partner')).groups, ['partner/admins'])
})

test('people of two providers with one id, address and group are two people, each of their own', async (t) => {
  const rig = await setUp(t, { maxSessionsPerUser: 1 }, { domains: ['partner.example'] })
  const [ours, theirs] = [await signIn(rig, 'default'), await signIn(rig, 'partner')]
  const told = ({ provider, userId, groups, emailVerified }: typeof ours) => ({
    provider,
    userId,
    groups,
    emailVerified,
  })
  assert.deepEqual(told(ours), {
    provider: 'default',
    userId: 'u-1',
    groups: ['admins'],
    emailVerified: true,
  })
  assert.deepEqual(told(theirs), {
    provider: 'partner',
    userId: 'partner/u-1',
    groups: ['partner/admins'],
    emailVerified: false,
  })
  // Neither has ended the other's: they count for different people.
  const { sessions } = rig.identity
  assert.equal((await sessions.list()).length, 2)
  assert.deepEqual(
    (await sessions.list({ userId: 'u-1' })).map(({ id }) => id),
    [ours.id],
  )
  assert.equal(await sessions.count(), 2)
  assert.equal((await sessions.page(9, {})).length, 2)
})

test('an address at one of its domains is believed, and nothing that only looks like one', async (t) => {
  const rig = await setUp(t, {}, { domains: ['example.com'] })
  assert.equal((await signIn(rig, 'partner')).emailVerified, true)
  for (const email of [
    'boss@example.com.evil',
    'boss@sub.example.com',
    'example.com',
    'x@y@example.com',
    'x@example.com@evil.example',
  ]) {
    rig.partner.people.change(guest.id, { email })
    assert.equal((await signIn(rig, 'partner')).emailVerified, false, email)
  }
  rig.partner.people.change(guest.id, { email: 'Boss@EXAMPLE.com' })
  assert.equal((await signIn(rig, 'partner')).emailVerified, true)
})

test('a code of one provider that comes back for a sign-in with another is sent to nobody', async (t) => {
  const rig = await setUp(t)
  const { identity, company, partner } = rig
  const cookieHeader = undefined
  const begun = await identity.signIn.begin({ target, cookieHeader, address, provider: 'partner' })
  // The partner leads the browser on to the company, with the state of its own sign-in.
  const astray = await identity.signIn.begin({ target, cookieHeader, address, provider: 'default' })
  const state = begun.location.searchParams.get('state') ?? ''
  astray.location.searchParams.set('state', state)
  const { search, pathname } = await browse(astray.location)
  assert.equal(pathname, '/oauth2/callback')
  const back = { search, cookieHeader: asCookieHeader(begun.cookies), address }
  await assert.rejects(identity.signIn.finish({ ...back, provider: 'default' }), (error) => {
    assert.ok(error instanceof UnfinishedSignIn)
    assert.deepEqual([error.code, error.provider], ['sign-in-state-mismatch', undefined])
    return true
  })
  // The company tells that it was its answer (RFC 9207), for the case that it was sent to the other address.
  assert.equal(new URLSearchParams(search).get('iss'), company.issuer.origin)
  await assert.rejects(identity.signIn.finish({ ...back, provider: 'partner' }), {
    code: 'provider-invalid',
  })
  assert.deepEqual([partner.requestCount('/token'), company.requestCount('/token')], [0, 0])
  assert.deepEqual(await identity.sessions.list(), [])
})

test('a sign-in with a provider that is none of them is begun with nobody', async (t) => {
  const { identity } = await setUp(t)
  for (const provider of ['other', '', '__proto__'])
    await assert.rejects(
      identity.signIn.begin({ target, cookieHeader: undefined, address, provider }),
      { code: 'provider-unknown' },
    )
})

test('each session is asked about at its own provider, whatever the other one says or does not', async (t) => {
  const rig = await setUp(t)
  const { identity, company, partner, clock, lines } = rig
  const theirs = await signIn(rig, 'partner')
  const ours = await signIn(rig, 'default')
  // As many of the partner's as are asked about at once, and one that waits.
  for (let count = 0; count < 9; count += 1) await signIn(rig, 'partner')
  partner.setCondition('hanging')
  company.revoke(boss.id)
  const ended = new Promise((resolve) => identity.sessions.onEnded((id) => resolve(id)))
  clock.advance(605_000)
  assert.equal(await ended, ours.id)
  // Before the partner was given up: nobody has waited for it.
  assert.deepEqual(
    lines.filter((line) => line.includes('not refreshed')),
    [],
  )
  assert.equal((await identity.sessions.get(theirs.id))?.session.id, theirs.id)
})

test('what a provider says of its people at a refresh has their names here', async (t) => {
  const rig = await setUp(t)
  const { identity, partner } = rig
  const theirs = await signIn(rig, 'partner')
  partner.people.change(guest.id, { groups: ['default', 'sales'] })
  assert.equal(await identity.sessions.askProvider(theirs), true)
  const session = (await identity.sessions.get(theirs.id))?.session
  assert.deepEqual(session?.groups, ['partner/default', 'partner/sales'])
  assert.equal(session?.userId, 'partner/u-1')
})

test('a session is renewed by its own provider alone', async (t) => {
  const rig = await setUp(t)
  const { id } = await signIn(rig, 'default')
  const renew = async (provider: string) => {
    const renewing = { ...target, renews: id }
    const { signIn: signingIn } = rig.identity
    const { location, cookies } = await signingIn.begin({
      target: renewing,
      cookieHeader: undefined,
      address,
      provider,
    })
    const { search } = await browse(location)
    const cookieHeader = asCookieHeader(cookies)
    return signingIn.finish({ search, cookieHeader, address, provider })
  }
  const foreign = await renew('partner')
  assert.equal(foreign.isRenewal, false)
  assert.notEqual(foreign.session.id, id)
  assert.equal((await renew('default')).session.id, id)
})

test('a session of a provider that is configured no more, or of another issuer, is nobody', async (t) => {
  const changes: readonly ((rig: Rig) => readonly NamedProviderOptions[])[] = [
    ({ options }) => options.slice(1),
    // Another service by the same name.
    ({ options, company }) => options.map((it) => ({ ...it, url: company.issuer })),
  ]
  for (const change of changes) {
    const store = await openSqliteStore(':memory:')
    t.after(() => store.close())
    const shared = { ...store, close: () => Promise.resolve() }
    const before = await setUp(t, { store: shared })
    const theirs = await signIn(before, 'partner')
    const ours = await signIn(before, 'default')
    await before.identity.close()
    const providers = change(before)
    const after = await openIdentity(before.company, { store: shared, providers })
    t.after(() => after[Symbol.asyncDispose]())
    const { sessions } = after.identity
    assert.equal(await sessions.get(theirs.id), undefined)
    assert.equal((await sessions.get(ours.id))?.session.id, ours.id)
    assert.equal(await sessions.count(), 1)
    const ended = new Promise((resolve) => sessions.onEnded((id) => resolve(id)))
    after.clock.advance(0)
    assert.equal(await ended, theirs.id)
  }
})

test('one issuer with two client ids is two providers', async (t) => {
  const idp = await startDevIdp({ people: [boss], asksNothing: true })
  t.after(() => idp.close(0))
  const providers = [providerAt(idp), providerAt(idp, { id: 'second', clientId: 'other' })]
  const fixture = await openIdentity(idp, { providers })
  t.after(() => fixture[Symbol.asyncDispose]())
  const { id } = await signIn(fixture, 'default')
  const { store, identity } = fixture
  const record = await store.sessions.get(id)
  assert.ok(record)
  await store.sessions.add({ ...record, id: 'moved', provider: 'second' })
  // Its person is the default one's: `second` gives nobody such an id.
  assert.equal(await identity.sessions.get('moved'), undefined)
  const { userId } = record
  await store.sessions.add({ ...record, id: 'own', provider: 'second', userId: `second/${userId}` })
  assert.equal((await identity.sessions.get('own'))?.session.provider, 'second')
})

test('a person of before who has the id of one of another provider now signs in again', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const shared = { ...store, close: () => Promise.resolve() }
  const people = [{ ...boss, id: 'partner/u-1' }]
  const company = await startDevIdp({ people, asksNothing: true })
  t.after(() => company.close(0))
  const alone = await openIdentity(company, { store: shared })
  const before = await signIn(alone, 'default')
  assert.equal(before.userId, 'partner/u-1')
  await alone.identity.close()
  const rig = await setUp(t, {
    store: shared,
    providers: [providerAt(company), providerAt(company, { id: 'partner' })],
  })
  assert.equal(await rig.identity.sessions.get(before.id), undefined)
  assert.equal((await signIn(rig, 'default')).userId, 'default/partner/u-1')
})

test('a provider at fault is named by its own keys, and its lines leave room for the other', async (t) => {
  const rig = await setUp(t)
  const { identity, partner, company, lines } = rig
  for (const idp of [partner, company]) idp.setCondition('failing')
  const begin = (provider: string) =>
    identity.signIn
      .begin({ target, cookieHeader: undefined, address, provider })
      .catch((error: unknown) => {
        assert.ok(error instanceof UnfinishedSignIn)
        identity.providerFailures.report(error, error.provider, {})
      })
  for (let count = 0; count < 10; count += 1) await begin('partner')
  await begin('default')
  const failed = lines.filter((line) => line.includes('the identity provider failed'))
  assert.equal(failed.length, 6)
  assert.match(failed[0] ?? '', /"provider":"partner".*identity_providers\.partner\.provider_url/)
  assert.match(failed[5] ?? '', /"provider":"default".*\\"idp_provider_url/)
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { loadConfig } from '../config/load.ts'
import { startDevIdp, type DevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { callbackOrigin, openIdentity, signInBy } from '../identity/identity.fixture.ts'
import { faultOfGroupsClaim } from '../identity/person.ts'
import type { Session } from '../identity/session.ts'
import { testCertificate } from './gateway.fixture.ts'

const email = 'ada@corp.example'

interface SignedIn {
  readonly session: Session
  /** What the sign-in was begun with. */
  readonly asked: URLSearchParams
}

/** Signs somebody in at a provider of a kind, as the configuration has it, which says this of them. */
async function signInAt(
  t: TestContext,
  kind: string,
  says: Readonly<Record<string, unknown>>,
  settings = '',
): Promise<SignedIn> {
  const idp = await startDevIdp({
    people: [{ id: 'u-ada', email, name: 'Ada', groups: [] }],
    asksNothing: true,
  })
  t.after(() => idp.close(0))
  const { config } = await configure(t, kind, idp, settings)
  const fixture = await openIdentity(idp, { providers: config.identityProviders })
  t.after(() => fixture[Symbol.asyncDispose]())
  const { fetch } = globalThis
  const mocked = t.mock.method(globalThis, 'fetch', async (url: URL, question: RequestInit) => {
    const usual = await fetch(url, question)
    return url.pathname === '/me' ? Response.json({ sub: 'u-ada', email, ...says }) : usual
  })
  let asked = new URLSearchParams()
  const { session } = await signInBy(fixture, async (location) => {
    asked = location.searchParams
    // It asks nobody for consent.
    location.searchParams.delete('prompt')
    const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
    return (await signInWithForms(location, { email }, { stopBefore })).url
  })
  mocked.mock.restore()
  return { session, asked }
}

async function configure(t: TestContext, kind: string, idp: DevIdp, settings: string) {
  const directory = await mkdtemp(join(tmpdir(), 'postern-preset-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'cert.pem'), testCertificate.cert)
  await writeFile(join(directory, 'key.pem'), testCertificate.key, { mode: 0o600 })
  const path = join(directory, 'postern.yaml')
  const text = `certificate_file: cert.pem
certificate_key_file: key.pem
authenticate_service_url: ${callbackOrigin}
idp_provider: ${kind}
idp_provider_url: ${idp.issuer.href}
idp_client_id: ${idp.clientId}
idp_client_secret: ${idp.clientSecret}
state_directory: state
${settings}`
  await writeFile(path, text, { mode: 0o600 })
  return loadConfig({ path, env: {} })
}

const scopesOf = ({ asked }: SignedIn): readonly string[] => (asked.get('scope') ?? '').split(' ')

describe('a provider of each kind, saying what it says', () => {
  test('Google: a refresh token in its own way, no groups, and addresses that it hosts', async (t) => {
    const hosted = await signInAt(t, 'google', { hd: 'corp.example', email_verified: true })
    assert.equal(hosted.session.emailVerified, true)
    assert.deepEqual(hosted.session.groups, [])
    assert.equal(hosted.asked.get('access_type'), 'offline')
    const former = await signInAt(t, 'google', { email_verified: true })
    assert.equal(former.session.emailVerified, false)
    const own = await signInAt(t, 'google', { hd: 'x' }, 'idp_request_params: {hd: corp.example}\n')
    assert.deepEqual([own.asked.get('hd'), own.asked.get('access_type')], ['corp.example', null])
  })

  test('Microsoft: groups by their ids, or where they are, and an address that may be anybody’s', async (t) => {
    const groups = ['0f1e2d3c-0000-0000-0000-000000000001']
    // The sample provider says both in its id token.
    const unsaid = { email_verified: null }
    const member = await signInAt(t, 'azure', { ...unsaid, groups })
    assert.deepEqual([member.session.groups, member.session.emailVerified], [groups, true])
    assert.ok(scopesOf(member).includes('offline_access'))
    const overage = { groups: null, _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }
    const guest = await signInAt(t, 'azure', { ...unsaid, ...overage, xms_edov: false })
    assert.deepEqual([guest.session.groups, guest.session.emailVerified], [[], false])
    assert.equal(faultOfGroupsClaim(guest.session.claims, 'groups'), 'elsewhere')
  })

  test('Okta: groups by their names', async (t) => {
    const says = { groups: ['Everyone', 'dba'], email_verified: true }
    const signedIn = await signInAt(t, 'okta', says)
    assert.deepEqual(signedIn.session.groups, ['Everyone', 'dba'])
    assert.ok(['groups', 'offline_access'].every((scope) => scopesOf(signedIn).includes(scope)))
  })

  test('Auth0: groups in a claim whose name is a URL, and an address that is not confirmed', async (t) => {
    const claim = 'https://corp.example/groups'
    const says = { [claim]: ['ops'], email_verified: false }
    const { session } = await signInAt(t, 'auth0', says, `idp_groups_claim: ${claim}\n`)
    assert.deepEqual([session.groups, session.emailVerified], [['ops'], false])
  })

  test('Keycloak: paths of groups or roles, and no offline session', async (t) => {
    const grouped = await signInAt(t, 'keycloak', { groups: ['/staff/dba'], email_verified: true })
    assert.deepEqual(grouped.session.groups, ['/staff/dba'])
    assert.ok(!scopesOf(grouped).includes('offline_access'))
    const says = { realm_access: { roles: ['ops'] }, email_verified: true }
    const inRoles = await signInAt(t, 'keycloak', says, 'idp_groups_claim: realm_access.roles\n')
    assert.deepEqual(inRoles.session.groups, ['ops'])
  })

  test('GitLab: groups by their paths', async (t) => {
    const { session } = await signInAt(t, 'gitlab', { groups: ['acme/dba'], email_verified: true })
    assert.deepEqual([session.groups, session.emailVerified], [['acme/dba'], true])
  })
})

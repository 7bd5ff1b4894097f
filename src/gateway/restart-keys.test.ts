import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../config/config.ts'
import type { IdentityProvider } from '../config/readers/sign-in.ts'
import { testConfig } from './gateway.fixture.ts'
import { keysNeedingRestart, onChanges, type OnChange, type OnChanges } from './restart-keys.ts'
import { startGateway } from './start.ts'

const config = testConfig([])
const fields = Object.entries<OnChange>(onChanges)
const takenOver = fields.filter(([, onChange]) => onChange === 'reload').map(([field]) => field)

const provider: IdentityProvider = {
  id: 'default',
  name: 'login.example.com',
  keyPrefix: 'idp_',
  url: new URL('https://login.example.com'),
  clientId: 'a',
  clientSecret: 'b',
  scopes: ['openid'],
  scopesIfKnown: ['groups'],
  groupsClaim: 'groups',
  emailClaim: 'email',
  trustsMissingEmailVerified: true,
}

const partner: IdentityProvider = {
  ...provider,
  id: 'partner',
  keyPrefix: 'identity_providers.partner.',
}

describe('what a change of a setting does', () => {
  test('is decided for every setting: one without a decision does not compile', () => {
    const { address: _, ...others } = onChanges
    // @ts-expect-error: nobody has said what a change of `address` does
    const lacking: OnChanges = others
    assert.ok(!('address' in lacking))
  })

  test('names each setting that needs a restart, and none that is taken over', () => {
    for (const [field, onChange] of fields) {
      const other = field === 'identityProviders' ? [partner] : 'another'
      const next = { ...config, [field]: other } as unknown as GatewayConfig
      const expected =
        onChange === 'reload'
          ? []
          : [onChange.restart === 'providers' ? 'identity_providers' : onChange.restart]
      assert.deepEqual(keysNeedingRestart(config, next), expected, field)
    }
  })

  test('names what differs of a provider, and a provider that has come or gone', () => {
    const running = { ...config, identityProviders: [provider] }
    const names = (changed: Partial<IdentityProvider>): readonly string[] =>
      keysNeedingRestart(running, { ...running, identityProviders: [{ ...provider, ...changed }] })
    assert.deepEqual(names({}), [])
    assert.deepEqual(names({ url: new URL('https://other.example.com'), emailClaim: 'upn' }), [
      'idp_provider_url',
      'idp_email_claim',
    ])
    assert.deepEqual(names({ scopes: ['openid', 'email'], scopesIfKnown: [] }), ['idp_scopes'])
    assert.deepEqual(names({ clientSecret: 'c' }), ['idp_client_secret'])
    for (const clientSecretKey of ['idp_client_secret_file', 'IDP_CLIENT_SECRET']) {
      assert.deepEqual(names({ clientSecret: 'c', clientSecretKey }), [clientSecretKey])
      assert.deepEqual(names({ clientSecretKey }), [])
    }
    assert.deepEqual(keysNeedingRestart(running, config), ['idp_provider'])
    assert.deepEqual(keysNeedingRestart(config, running), ['idp_provider'])
    const both = { ...config, identityProviders: [provider, partner] }
    const other = { ...config, identityProviders: [provider, { ...partner, clientId: 'c' }] }
    const entry = ['identity_providers']
    assert.deepEqual(keysNeedingRestart(both, both), [])
    assert.deepEqual(keysNeedingRestart(running, both), entry)
    assert.deepEqual(keysNeedingRestart(both, other), entry)
    const reversed = { ...config, identityProviders: [partner, provider] }
    assert.deepEqual(keysNeedingRestart(both, reversed), entry)
    assert.deepEqual(keysNeedingRestart(both, { ...config, identityProviders: [partner] }), [
      'idp_provider',
    ])
  })
})

test('a running gateway reads every setting that it is said to take over', async (t) => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'postern-reload-'))
  t.after(() => rm(stateDirectory, { recursive: true, force: true }))
  const running = { ...config, stateDirectory }
  const gateway = await startGateway(running, { logSink: { write: () => undefined } })
  t.after(() => gateway.close(0))
  const read = new Set<string | symbol>()
  const watched = new Proxy(running, {
    get(settings, field) {
      read.add(field)
      return settings[field as keyof GatewayConfig]
    },
    // Whoever copies them all has read none.
    ownKeys: () => assert.fail('the settings were enumerated'),
  })
  assert.deepEqual(await gateway.reload(watched), [])
  assert.deepEqual(
    takenOver.filter((field) => !read.has(field)),
    [],
  )
})

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
  url: new URL('https://login.example.com'),
  clientId: 'a',
  clientSecret: 'b',
  scopes: ['openid'],
  scopesIfKnown: ['groups'],
  groupsClaim: 'groups',
  emailClaim: 'email',
  trustsMissingEmailVerified: true,
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
      const next = { ...config, [field]: 'another' } as unknown as GatewayConfig
      const expected =
        onChange === 'reload'
          ? []
          : [typeof onChange.restart === 'string' ? onChange.restart : 'idp_provider']
      assert.deepEqual(keysNeedingRestart(config, next), expected, field)
    }
  })

  test('names what differs of a provider, and a provider that has come or gone', () => {
    const running = { ...config, identityProvider: provider }
    const names = (changed: Partial<IdentityProvider>): readonly string[] =>
      keysNeedingRestart(running, { ...running, identityProvider: { ...provider, ...changed } })
    assert.deepEqual(names({}), [])
    assert.deepEqual(names({ url: new URL('https://other.example.com'), emailClaim: 'upn' }), [
      'idp_provider_url',
      'idp_email_claim',
    ])
    assert.deepEqual(names({ scopes: ['openid', 'email'], scopesIfKnown: [] }), ['idp_scopes'])
    assert.deepEqual(keysNeedingRestart(running, config), ['idp_provider'])
    assert.deepEqual(keysNeedingRestart(config, running), ['idp_provider'])
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

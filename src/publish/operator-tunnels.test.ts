import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createSigningKeys } from '../identity/signing-keys.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { NamedTunnelRegister } from './named-tunnels.ts'
import { createOperatorTunnels, type OperatorTunnels } from './operator-tunnels.ts'
import type { Site } from './site.ts'
import { openNamedTunnels } from './tunnel-register.ts'
import { isTunnelSecret } from './tunnel-secret.ts'

const wanted = { name: 'web', site: 'site.com', createdBy: 'the operator', userId: '' }

test('a tunnel is made in a site that there is, with what its token needs', async (t) => {
  const { operatorTunnels, namedTunnels } = await openRig(t)
  const { tunnel, secret, grantKeys } = await operatorTunnels.create(wanted)
  const admission = namedTunnels.admit(tunnel.id, (it) => isTunnelSecret(it, secret))
  assert.deepEqual('tunnel' in admission && admission.tunnel, tunnel)
  assert.deepEqual(
    grantKeys.map(({ crv }) => crv),
    ['Ed25519'],
  )
  assert.equal(tunnel.createdBy, 'the operator')
})

test('whoever may not any more once its keys are read has made none', async (t) => {
  const { operatorTunnels, namedTunnels } = await openRig(t)
  const refuse = (): never => {
    throw new Error('not any more')
  }
  await assert.rejects(operatorTunnels.create(wanted, refuse), /not any more/)
  assert.deepEqual(namedTunnels.list(), [])
})

test('no name is had that a publisher of the site could not have', async (t) => {
  const { operatorTunnels, namedTunnels } = await openRig(t)
  await operatorTunnels.create(wanted)
  for (const [change, code] of [
    [{ name: 'WEB' }, 'tunnel-exists'],
    [{ name: 'lab' }, 'tunnel-name-reserved'],
    [{ name: '7b2cf4a3-58f1-4b3a-9d51-0b5c2f0d7b11' }, 'invalid-tunnel-name'],
    [{ name: 'other', site: 'sites.com' }, 'site-not-found'],
  ] as const)
    await assert.rejects(operatorTunnels.create({ ...wanted, ...change }), { code })
  assert.equal(namedTunnels.list().length, 1)
})

test('a site that is not there is named with the one that was meant', async (t) => {
  const { operatorTunnels } = await openRig(t)
  await assert.rejects(operatorTunnels.create({ ...wanted, site: 'sites.com' }), {
    message: 'the gateway has no site "sites.com"',
    hint: 'did you mean "site.com"?',
  })
})

test('whoever runs the gateway has no more of them than a person', async (t) => {
  const { operatorTunnels } = await openRig(t)
  const made = Array.from({ length: 100 }, (_, i) =>
    operatorTunnels.create({ ...wanted, name: `t${i}` }),
  )
  await Promise.all(made)
  await assert.rejects(operatorTunnels.create(wanted), { code: 'too-many-named-tunnels' })
})

test('nothing is made once the database is lost, and that is the reason', async (t) => {
  const { operatorTunnels, namedTunnels, lose } = await openRig(t)
  lose()
  await assert.rejects(operatorTunnels.create(wanted), { message: 'the database is lost' })
  assert.deepEqual(namedTunnels.list(), [])
})

interface Rig {
  readonly operatorTunnels: OperatorTunnels
  readonly namedTunnels: NamedTunnelRegister
  lose(): void
}

async function openRig(t: TestContext): Promise<Rig> {
  const opened = await openSqliteStore(':memory:')
  t.after(() => opened.close())
  const add: Store['namedTunnels']['add'] = (...args) =>
    isLost ? Promise.reject(new Error('the database is lost')) : opened.namedTunnels.add(...args)
  let isLost = false
  const store = { ...opened, namedTunnels: { ...opened.namedTunnels, add } }
  const clock = createFakeClock()
  const site: Site = { name: 'site.com', publish: undefined as never, dns: undefined, covers }
  const sites = (): readonly Site[] => [site]
  const namedTunnels = await openNamedTunnels({
    store,
    key: new Uint8Array(32).fill(7),
    clock,
    log: silentLogger,
    sites,
    ownerOf: () => undefined,
    isMeantElsewhere: ({ name }) => name === 'lab',
  })
  const signingKeys = createSigningKeys(store, clock)
  const operatorTunnels = createOperatorTunnels({ namedTunnels, signingKeys, sites })
  return { operatorTunnels, namedTunnels, lose: () => void (isLost = true) }
}

function covers(): boolean {
  return true
}

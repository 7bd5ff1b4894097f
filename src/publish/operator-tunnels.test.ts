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
import { createRemoveTunnel } from './remove-tunnel.ts'
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

test('one goes by its name or id with the records of its host names, and is named once it is gone', async (t) => {
  const { operatorTunnels, namedTunnels, asked } = await openRig(t)
  const { tunnel } = await operatorTunnels.create(wanted)
  await namedTunnels.addHostname(tunnel.id, 'a.site.com')
  const gone: string[] = []
  const removed = ({ name }: { name: string }): void => {
    gone.push(`${name} before ${asked.length} records, ${namedTunnels.list().length} left`)
  }
  await operatorTunnels.delete('WEB', { force: false, removed })
  assert.deepEqual(gone, ['web before 0 records, 0 left'])
  assert.deepEqual(asked, ['a.site.com'])
  await assert.rejects(operatorTunnels.delete(tunnel.id, { force: false, removed }), {
    code: 'tunnel-not-found',
  })
})

test('one that is used goes only where that is said', async (t) => {
  const { operatorTunnels, namedTunnels, used } = await openRig(t)
  await operatorTunnels.create(wanted)
  const removed = (): void => undefined
  used.hosts = Array.from({ length: 25 }, (_, at) => `h${at}.site.com`)
  await assert.rejects(operatorTunnels.delete('web', { force: false, removed }), {
    code: 'tunnel-in-use',
    message: /for h0\.site\.com, .*h19\.site\.com, 5 others$/,
    hint: /delete it all the same with "force"$/,
  })
  used.connections = 4
  await assert.rejects(operatorTunnels.delete('web', { force: false, removed }), {
    code: 'tunnel-connected',
  })
  assert.equal(namedTunnels.list().length, 1)
  const { routes } = await operatorTunnels.delete('web', { force: true, removed })
  assert.equal(routes.at(-1), '5 others')
  assert.deepEqual(namedTunnels.list(), [])
})

test('where somebody else writes one first, its use and the right to it are looked at again', async (t) => {
  const { operatorTunnels, namedTunnels, used } = await openRig(t)
  const { tunnel, secret } = await operatorTunnels.create(wanted)
  /** At the first look another write comes before ours; at the second `then` is done. */
  const overtaken = (hostname: string, then: () => void) => {
    let looks = 0
    return (): void => {
      looks += 1
      if (looks === 1) void namedTunnels.addHostname(tunnel.id, hostname)
      if (looks === 2) then()
    }
  }
  const refuse = (): never => {
    throw new Error('not any more')
  }
  const removal = { force: false, removed: () => undefined }
  await assert.rejects(operatorTunnels.rotate('web', overtaken('a.site.com', refuse)), /not any/)
  const late = overtaken('b.site.com', refuse)
  await assert.rejects(operatorTunnels.delete('web', { ...removal, admit: late }), /not any/)
  const busy = overtaken('c.site.com', () => (used.connections = 4))
  await assert.rejects(operatorTunnels.delete('web', { ...removal, admit: busy }), {
    code: 'tunnel-connected',
  })
  used.connections = 0
  const named = overtaken('d.site.com', () => (used.hosts = ['h.site.com']))
  await assert.rejects(operatorTunnels.delete('web', { ...removal, admit: named }), {
    code: 'tunnel-in-use',
  })
  assert.ok(isTunnelSecret(namedTunnels.secretOf(tunnel.id), secret))
  const { hostnames } = namedTunnels.find('web') ?? {}
  assert.deepEqual(hostnames, ['a.site.com', 'b.site.com', 'c.site.com', 'd.site.com'])
})

test('another secret takes the place of the one before, unless whoever asks may not any more', async (t) => {
  const { operatorTunnels, namedTunnels } = await openRig(t)
  const { tunnel, secret } = await operatorTunnels.create(wanted)
  const isGood = (it: Uint8Array): boolean =>
    'tunnel' in namedTunnels.admit(tunnel.id, (kept) => isTunnelSecret(kept, it))
  const refuse = (): never => {
    throw new Error('not any more')
  }
  await assert.rejects(operatorTunnels.rotate('web', refuse), /not any more/)
  assert.ok(isGood(secret))
  const rotated = await operatorTunnels.rotate('web')
  assert.ok(isGood(rotated.secret) && !isGood(secret))
  await assert.rejects(operatorTunnels.rotate('wep'), {
    code: 'tunnel-not-found',
    hint: 'did you mean "web"?',
  })
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
  /** What uses each of them. */
  readonly used: { connections: number; hosts: readonly string[] }
  /** Host names whose records were to be removed. */
  readonly asked: readonly string[]
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
  const used = { connections: 0, hosts: [] as string[] }
  const asked: string[] = []
  const removal = createRemoveTunnel({
    namedTunnels,
    sites,
    countConnections: () => used.connections,
    records: {
      remove(_, hostname) {
        asked.push(hostname)
        return Promise.resolve({ state: 'written', records: [] })
      },
    },
  })
  const hostsToward = (): readonly string[] => used.hosts
  const operatorTunnels = createOperatorTunnels({
    namedTunnels,
    signingKeys,
    sites,
    removal,
    hostsToward,
  })
  return { operatorTunnels, namedTunnels, used, asked, lose: () => void (isLost = true) }
}

function covers(): boolean {
  return true
}

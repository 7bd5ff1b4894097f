import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { HostnameOwner } from './hostname.ts'
import type { NamedTunnelRegister } from './named-tunnels.ts'
import type { Site } from './site.ts'
import { openNamedTunnels, type NamedTunnelsOptions } from './tunnel-register.ts'
import { isTunnelSecret } from './tunnel-secret.ts'

const site = 'site.com'
const alice = { site, createdBy: 'alice@example.com', userId: 'u-alice' }

test('one is found by its name in any case, and by its id', async (t) => {
  const { tunnels } = await openRig(t)
  const made = await tunnels.create({ name: 'Web', ...alice })
  assert.deepEqual(tunnels.find('WEB'), made)
  assert.deepEqual(tunnels.find(made.id.toUpperCase()), made)
  assert.equal(tunnels.find('other'), undefined)
  assert.deepEqual(tunnels.list(), [made])
})

test('of two who create one name at once, one has it, and the other is told', async (t) => {
  const { tunnels } = await openRig(t)
  const [one, other] = await Promise.allSettled([
    tunnels.create({ name: 'web', ...alice }),
    tunnels.create({ name: 'WEB', ...alice, createdBy: 'bob@example.com' }),
  ])
  assert.equal(one.status, 'fulfilled')
  assert.ok(other.status === 'rejected')
  assert.equal(other.reason.code, 'tunnel-exists')
  assert.equal(tunnels.list().length, 1)
})

test('a name that a route of another site leads to is not to be had', async (t) => {
  const { tunnels } = await openRig(t)
  const asked = { name: 'lab', ...alice }
  await assert.rejects(tunnels.create(asked), { code: 'tunnel-name-reserved', hint: /its id/ })
  assert.equal((await tunnels.create({ ...asked, site: 'lab.com' })).name, 'lab')
})

test('one that was written and cannot be read back is there, until it can be', async (t) => {
  const { tunnels, failReads, store } = await openRig(t)
  failReads(true)
  const made = await tunnels.create({ name: 'web', ...alice })
  assert.deepEqual(tunnels.admit(made.id, knows(tunnels.secretOf(made.id))), {
    tunnel: made,
    secret: tunnels.secretOf(made.id),
  })
  failReads(false)
  assert.equal((await tunnels.addHostname(made.id, 'a.site.com')).isNew, true)
  assert.equal((await store.namedTunnels.get(made.id))?.hostnames.length, 1)
})

test('a connector is admitted by the secret of its tunnel, until that is rotated', async (t) => {
  const { tunnels } = await openRig(t)
  const made = await tunnels.create({ name: 'web', ...alice })
  const secret = tunnels.secretOf(made.id)
  assert.equal(secret.length, 32)
  assert.deepEqual(tunnels.admit(made.id, knows(secret)), { tunnel: made, secret })
  assert.deepEqual(tunnels.admit(made.id, knows(secret.subarray(1))), { fault: 'wrong-secret' })
  assert.deepEqual(tunnels.admit(made.id, knows(Buffer.alloc(32))), { fault: 'wrong-secret' })
  assert.deepEqual(tunnels.admit('unknown', knows(secret)), { fault: 'unknown-tunnel' })
  await tunnels.rotate(made.id)
  assert.deepEqual(tunnels.admit(made.id, knows(secret)), { fault: 'wrong-secret' })
  assert.deepEqual(tunnels.admit(made.id, knows(tunnels.secretOf(made.id))), {
    tunnel: made,
    secret: tunnels.secretOf(made.id),
  })
})

test('a token of before a new shared secret is good until the former one is forgotten', async (t) => {
  const { tunnels, reopen } = await openRig(t)
  const made = await tunnels.create({ name: 'web', ...alice })
  const former = tunnels.secretOf(made.id)
  const next = { key: new Uint8Array(32).fill(8) }
  const both = await reopen({ ...next, formerKeys: [new Uint8Array(32).fill(7)] })
  assert.deepEqual(both.admit(made.id, knows(former)), { tunnel: made, secret: former })
  // What is told from now on is made by the new one.
  const told = both.secretOf(made.id)
  assert.notDeepEqual(told, former)
  assert.deepEqual(both.admit(made.id, knows(told)), { tunnel: made, secret: told })
  const alone = await reopen(next)
  assert.deepEqual(alone.admit(made.id, knows(former)), { fault: 'wrong-secret' })
})

test('the secret of one tunnel opens no other, and is the same after a restart', async (t) => {
  const { tunnels, reopen } = await openRig(t)
  const [one, two] = [
    await tunnels.create({ name: 'one', ...alice }),
    await tunnels.create({ name: 'two', ...alice }),
  ]
  const secret = tunnels.secretOf(one.id)
  assert.deepEqual(tunnels.admit(two.id, knows(secret)), { fault: 'wrong-secret' })
  const again = await reopen()
  assert.deepEqual(again.admit(one.id, knows(secret)), { tunnel: one, secret })
})

test('a deleted one is told to whoever has its secret, and its names are free', async (t) => {
  const { tunnels } = await openRig(t)
  const made = await tunnels.create({ name: 'web', ...alice })
  await tunnels.addHostname(made.id, 'tcp.site.com')
  const secret = tunnels.secretOf(made.id)
  await tunnels.delete(made.id)
  assert.equal(tunnels.find('web'), undefined)
  assert.equal(tunnels.byHostname('tcp.site.com'), undefined)
  assert.deepEqual(tunnels.admit(made.id, knows(secret)), { fault: 'tunnel-deleted' })
  assert.deepEqual(tunnels.admit(made.id, knows(Buffer.alloc(32))), { fault: 'wrong-secret' })
  await assert.rejects(tunnels.rotate(made.id), { code: 'tunnel-not-found' })
  const next = await tunnels.create({ name: 'web', ...alice })
  await tunnels.addHostname(next.id, 'tcp.site.com')
  assert.equal(tunnels.byHostname('tcp.site.com')?.id, next.id)
})

test('whoever follows hears of a deletion and a rotation before they are answered', async (t) => {
  const { tunnels } = await openRig(t)
  const heard: string[] = []
  tunnels.onEnded((id, why) => {
    // What it finds when it is called is what holds.
    heard.push(`${why} ${tunnels.find(id)?.name ?? 'gone'}`)
  })
  const made = await tunnels.create({ name: 'web', ...alice })
  await tunnels.addHostname(made.id, 'tcp.site.com')
  assert.deepEqual(heard, [])
  await tunnels.rotate(made.id)
  assert.deepEqual(heard, ['tunnel-revoked web'])
  await tunnels.delete(made.id)
  assert.deepEqual(heard, ['tunnel-revoked web', 'tunnel-deleted gone'])
})

test('a host name is one tunnel’s, of two who register it at once', async (t) => {
  const { tunnels } = await openRig(t)
  const [one, two] = [
    await tunnels.create({ name: 'one', ...alice }),
    await tunnels.create({ name: 'two', ...alice }),
  ]
  const [first, second] = await Promise.allSettled([
    tunnels.addHostname(one.id, 'TCP.site.com.'),
    tunnels.addHostname(two.id, 'tcp.site.com'),
  ])
  assert.ok(first.status === 'fulfilled' && second.status === 'rejected')
  assert.deepEqual(first.value.tunnel.hostnames, ['tcp.site.com'])
  assert.equal(second.reason.message, '"tcp.site.com" belongs to another tunnel')
  assert.equal(tunnels.byHostname('tcp.site.com')?.id, one.id)
  await assert.rejects(tunnels.addHostname(two.id, 'tcp.site.com'), { code: 'hostname-taken' })
  const again = await tunnels.addHostname(one.id, 'tcp.site.com')
  assert.deepEqual([again.isNew, again.tunnel.hostnames], [false, ['tcp.site.com']])
  await tunnels.removeHostname(one.id, 'tcp.site.com')
  assert.equal(tunnels.byHostname('tcp.site.com'), undefined)
  await assert.rejects(tunnels.removeHostname(one.id, 'tcp.site.com'), {
    code: 'hostname-not-found',
  })
})

test('names that are written at once are all kept', async (t) => {
  const { tunnels } = await openRig(t)
  const { id } = await tunnels.create({ name: 'web', ...alice })
  const names = ['a', 'b', 'c'].map((label) => `${label}.site.com`)
  await Promise.all(names.map((name) => tunnels.addHostname(id, name)))
  assert.deepEqual(tunnels.find('web')?.hostnames.toSorted(), names)
})

test('a name that is not to be had is refused with the sentence that mends it', async (t) => {
  const { tunnels, owners } = await openRig(t)
  const { id } = await tunnels.create({ name: 'web', ...alice })
  owners
    .set('gw.site.com', 'gateway')
    .set('ssh.site.com', 'route')
    .set('app.site.com', 'application')
  const cases = {
    'site.com': '"site.com" is the site itself, and only names below it are published',
    'tcp.other.com': '"tcp.other.com" is not below the site "site.com"',
    'evilsite.com': '"evilsite.com" is not below the site "site.com"',
    'a.b.site.com': 'no certificate of the site "site.com" is for "a.b.site.com"',
    'x.dev.site.com': '"x.dev.site.com" is in the site "dev.site.com", not "site.com"',
    'gw.site.com': '"gw.site.com" is a name of the gateway itself',
    'ssh.site.com': '"ssh.site.com" belongs to a route of the gateway',
    'app.site.com': '"app.site.com" belongs to an application with a service of its own',
    '*.site.com': '"*.site.com" is not a host name to publish',
    '-a.site.com': '"-a.site.com" is not a host name to publish',
    '192.0.2.1': '"192.0.2.1" is not a host name to publish',
    'a\u001b[2J"b.site.com': '"a?[2J?b.site.com" is not a host name to publish',
  }
  for (const [name, message] of Object.entries(cases))
    await assert.rejects(tunnels.addHostname(id, name), (error: Error & { hint?: string }) => {
      assert.equal(error.message, message)
      assert.ok(error.hint)
      return true
    })
  assert.deepEqual(tunnels.find('web')?.hostnames, [])
})

test('a site that was removed from the configuration gives out no name', async (t) => {
  const { tunnels } = await openRig(t)
  const { id } = await tunnels.create({ name: 'old', ...alice, site: 'gone.com' })
  await assert.rejects(tunnels.addHostname(id, 'tcp.gone.com'), { code: 'site-not-found' })
})

test('a name leads nowhere once its site is gone, or another one is made within it', async (t) => {
  const { tunnels, sites } = await openRig(t)
  const { id } = await tunnels.create({ name: 'web', ...alice })
  await tunnels.addHostname(id, 'tcp.site.com')
  const [all, ours] = [[...sites], sites[0]]
  assert.ok(ours)
  sites.push({ ...ours, name: 'tcp.site.com' })
  assert.equal(tunnels.byHostname('tcp.site.com'), undefined)
  sites.splice(0, sites.length)
  assert.equal(tunnels.byHostname('tcp.site.com'), undefined)
  sites.push(...all)
  assert.equal(tunnels.byHostname('tcp.site.com')?.id, id)
})

test('a name of a tunnel is no id, no path and no escape sequence', async (t) => {
  const { tunnels } = await openRig(t)
  const names = ['', 'a/b', 'a b', '.a', 'ü', '\u001b[31m', 'a'.repeat(65), crypto.randomUUID()]
  for (const name of names)
    await assert.rejects(tunnels.create({ name, ...alice }), { code: 'invalid-tunnel-name' })
  assert.deepEqual(tunnels.list(), [])
})

test('services that are pushed are told to whoever follows', async (t) => {
  const { tunnels } = await openRig(t)
  const { id } = await tunnels.create({ name: 'web', ...alice })
  const heard: (string | undefined)[] = []
  tunnels.onChanged(({ services }) => heard.push(services))
  await tunnels.setServices(id, '[]')
  await tunnels.setServices(id, '[]')
  assert.deepEqual(heard, ['[]'])
  assert.equal(tunnels.find('web')?.services, '[]')
})

test('a deletion holds although it cannot be read again', async (t) => {
  const { tunnels, store } = await openRig(t)
  const made = await tunnels.create({ name: 'web', ...alice })
  const secret = tunnels.secretOf(made.id)
  t.mock.method(store.namedTunnels, 'get', () => Promise.reject(new Error('lost')))
  await tunnels.delete(made.id)
  assert.deepEqual(tunnels.admit(made.id, knows(secret)), { fault: 'tunnel-deleted' })
})

/** Of whoever has this secret. */
const knows = (secret: Uint8Array) => (expected: Uint8Array) => isTunnelSecret(expected, secret)

async function openRig(t: TestContext): Promise<{
  readonly tunnels: NamedTunnelRegister
  readonly store: Store
  /** Whether one row can be read from now on. */
  failReads(failing: boolean): void
  readonly owners: Map<string, HostnameOwner>
  /** To be changed by a test. */
  readonly sites: Site[]
  reopen(
    keys?: Partial<Pick<NamedTunnelsOptions, 'key' | 'formerKeys'>>,
  ): Promise<NamedTunnelRegister>
}> {
  const opened = await openSqliteStore(':memory:')
  t.after(() => opened.close())
  let isFailing = false
  const get: Store['namedTunnels']['get'] = (id) =>
    isFailing ? Promise.reject(new Error('no answer')) : opened.namedTunnels.get(id)
  const store = { ...opened, namedTunnels: { ...opened.namedTunnels, get } }
  const owners = new Map<string, HostnameOwner>()
  const ours: Site = {
    name: site,
    publish: undefined as never,
    dns: undefined,
    covers: (hostname) => /^[^.]+\.site\.com$/.test(hostname),
  }
  const sites = [ours, { ...ours, name: 'dev.site.com' }]
  const reopen = (keys: Partial<Pick<NamedTunnelsOptions, 'key' | 'formerKeys'>> = {}) =>
    openNamedTunnels({
      isMeantElsewhere: ({ name, site }) => name === 'lab' && site !== 'lab.com',
      store,
      key: new Uint8Array(32).fill(7),
      ...keys,
      clock: createFakeClock(),
      log: silentLogger,
      sites: () => sites,
      ownerOf: (hostname) => owners.get(hostname),
    })
  const failReads = (failing: boolean): void => void (isFailing = failing)
  return { tunnels: await reopen(), store, failReads, owners, sites, reopen }
}

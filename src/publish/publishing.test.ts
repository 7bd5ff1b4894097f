import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createSigningKeys } from '../identity/signing-keys.ts'
import { silentLogger } from '../log.ts'
import { parsePolicy } from '../policy/language/parse.ts'
import { publishCredentialRecord } from '../store/publish-credential-store.suite.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { AuditEntry } from '../telemetry/audit-log.ts'
import { createPublishing, type PublishActor, type TunnelConnection } from './publishing.ts'
import { openPublishers } from './publisher.ts'
import { createRemoveTunnel } from './remove-tunnel.ts'
import type { RecordState } from './records.ts'
import type { Site } from './site.ts'
import { openNamedTunnels } from './tunnel-register.ts'

const connection: TunnelConnection = {
  connectorId: 'c',
  version: '1',
  ip: '192.0.2.1',
  sinceMs: 0,
}

test('a tunnel is not deleted while connectors are connected, unless it is meant', async (t) => {
  const { publishing, by, connections, entries } = await openRig(t)
  await publishing.create(by, 'web')
  connections.push(connection, connection)
  await assert.rejects(publishing.delete(by, 'web', { force: false }), {
    code: 'tunnel-connected',
    message: 'the tunnel "web" is in use: it has 2 connections of connectors',
  })
  assert.deepEqual(publishing.info(by, 'web').connections, connections)
  await publishing.delete(by, 'web', { force: true })
  assert.deepEqual(publishing.list(by), [])
  assert.deepEqual(
    entries.map(({ event }) => event),
    ['named tunnel created', 'named tunnel deleted'],
  )
})

test('a tunnel that routes name is not deleted unless it is meant, and other sites are but counted', async (t) => {
  const { publishing, by, hosts, connections } = await openRig(t)
  await publishing.create(by, 'web')
  hosts.push('db.site.com', 'db.other.com', 'ssh.site.com')
  const refused = (code: string, message: string) =>
    assert.rejects(publishing.delete(by, 'web', { force: false }), { code, message })
  const routes = 'routes lead to it, for db.site.com, ssh.site.com, 1 other'
  await refused('tunnel-in-use', `the tunnel "web" is in use: ${routes}`)
  connections.push(connection)
  const both = `it has 1 connection of connectors, and ${routes}`
  await refused('tunnel-connected', `the tunnel "web" is in use: ${both}`)
  assert.deepEqual(await publishing.delete(by, 'web', { force: true }), {
    records: [],
    routes: ['db.site.com', 'ssh.site.com', '1 other'],
  })
})

test('each name of a deleted tunnel loses its record, and a record that stays is told', async (t) => {
  const { publishing, by, asked, rig } = await openRig(t)
  await publishing.create(by, 'web')
  for (const hostname of ['a.site.com', 'b.site.com'])
    await publishing.addHostname(by, 'web', hostname)
  rig.state = { state: 'failed', records: [], message: 'busy', next: 'wait' }
  const { records } = await publishing.delete(by, 'web', { force: false })
  assert.deepEqual(records, [rig.state, rig.state])
  assert.deepEqual(asked, [
    'add a.site.com',
    'add b.site.com',
    'remove a.site.com',
    'remove b.site.com',
  ])
})

test('a name that is there is registered once, and its record is written again', async (t) => {
  const { publishing, by, asked, entries } = await openRig(t)
  await publishing.create(by, 'web')
  await publishing.addHostname(by, 'web', 'a.site.com')
  await publishing.addHostname(by, 'web', 'A.site.com')
  assert.deepEqual(asked, ['add a.site.com', 'add a.site.com'])
  assert.equal(entries.filter(({ event }) => event === 'host name published').length, 1)
})

test('a connector registers names of its own tunnel, and hears of a record that failed', async (t) => {
  const { publishing, by, rig, entries } = await openRig(t)
  const { tunnel } = await publishing.create(by, 'web')
  rig.state = { state: 'failed', records: [], message: 'the zone is locked', next: 'unlock it' }
  assert.deepEqual(await publishing.claim(tunnel, ['a.site.com', 'a.site.com']), [
    'the zone is locked: unlock it',
  ])
  assert.equal(entries.at(-1)?.details?.['by'], 'connector')
  await assert.rejects(publishing.claim(tunnel, ['a.other.com']), { code: 'hostname-outside-site' })
})

test('a credential is worth nothing from the answer of its revocation on', async (t) => {
  const { publishers, person } = await openRig(t)
  const ip = '192.0.2.1'
  const { id, secret } = await publishers.issue({ site: 'site.com', person, host: 'h', ip })
  assert.equal(publishers.authenticate(`${id}.${secret}`, ip).site.name, 'site.com')
  await publishers.revoke(id)
  assert.throws(() => publishers.authenticate(`${id}.${secret}`, ip), {
    code: 'publish-credential-revoked',
  })
  await assert.rejects(publishers.revoke(id), { code: 'publish-credential-not-found' })
})

test('somebody has so many credentials at once, and no more', async (t) => {
  const { publishers, person } = await openRig(t)
  const issue = () => publishers.issue({ site: 'site.com', person, host: 'h', ip: '192.0.2.1' })
  const ends = await Promise.allSettled(Array.from({ length: 21 }, issue))
  assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 20)
  await assert.rejects(issue(), { code: 'too-many-publish-credentials' })
})

test('how many tunnels somebody has made is counted by who they are, not by their email', async (t) => {
  const { publishing, by } = await openRig(t)
  const as = (userId: string, email: string): PublishActor => ({
    ...by,
    publisher: { ...by.publisher, person: { ...by.publisher.person, userId, email } },
  })
  for (let count = 0; count < 100; count += 1)
    await publishing.create(as('u-alice', count < 50 ? 'alice@a.com' : 'alice@b.com'), `a${count}`)
  await assert.rejects(publishing.create(as('u-alice', 'alice@c.com'), 'more'), {
    code: 'too-many-named-tunnels',
  })
  assert.ok(await publishing.create(as('u-other', 'alice@b.com'), 'theirs'))
})

async function openRig(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock()
  const parsed = parsePolicy([{ allow: { or: [{ authenticated_user: true }] } }])
  if ('problems' in parsed) throw new Error('the policy of this test is wrong')
  const site: Site = {
    name: 'site.com',
    publish: parsed.policy,
    covers: () => true,
    dns: undefined,
  }
  const sites = () => [site]
  const log = silentLogger
  const namedTunnels = await openNamedTunnels({
    isMeantElsewhere: () => false,
    store,
    key: new Uint8Array(32),
    clock,
    log,
    sites,
    ownerOf: () => undefined,
  })
  const { person } = publishCredentialRecord()
  const subjectOf = () => ({ kind: 'person' as const, ...person })
  const publishers = await openPublishers({ store, clock, log, sites, subjectOf })
  const connections: TunnelConnection[] = []
  const asked: string[] = []
  const hosts: string[] = []
  const entries: AuditEntry[] = []
  const rig: { state: RecordState } = { state: { state: 'written', records: [] } }
  const answer = (what: string) => (_: Site, hostname: string) => {
    asked.push(`${what} ${hostname}`)
    return Promise.resolve(rig.state)
  }
  const publishing = createPublishing({
    namedTunnels,
    signingKeys: createSigningKeys(store, clock),
    records: { add: answer('add') },
    removal: createRemoveTunnel({
      namedTunnels,
      records: { remove: answer('remove') },
      sites,
      countConnections: () => connections.length,
    }),
    audit: { record: (entry) => void entries.push(entry), flushed: () => Promise.resolve() },
    sites,
    connectionsOf: () => connections,
    hostsToward: () => hosts,
  })
  const publisher = { credentialId: 'pc-1', site, person }
  const by: PublishActor = { publisher, ip: '192.0.2.1', requestId: 'r' }
  return { publishing, publishers, person, by, connections, hosts, asked, entries, rig }
}

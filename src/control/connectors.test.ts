import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenTunnel } from '../access/live-tunnels.ts'
import type { Link } from '../links/link.ts'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import { localActor } from './change.ts'
import { createTestOperations, testTunnel } from './operations.fixture.ts'

const web: NamedTunnel = {
  id: 'id-web',
  name: 'web',
  site: 'site.com',
  createdBy: 'alice@example.com',
  createdAtMs: 0,
  hostnames: ['tcp.site.com'],
  services: undefined,
}

test('a connector is listed with its connections, and by the name of its tunnel', async () => {
  const { operations } = rig()
  const { connectors } = await operations.listConnectors(localActor)
  assert.deepEqual(
    connectors.map(({ id, tunnel, connections }) => [id, tunnel, connections.length]),
    [
      ['c1', 'web', 2],
      ['c2', 'web', 1],
      ['c3', 'id-gone', 1],
    ],
  )
  const [first] = connectors
  assert.deepEqual(first?.hostnames, ['tcp.site.com'])
  assert.deepEqual(first?.services, [{ hostname: null, service: 'tcp://localhost:7870' }])
  assert.deepEqual(first?.connections[0], {
    id: 'l1',
    index: 0,
    ip: '192.0.2.1',
    since: '1970-01-01T00:00:01.000Z',
    streams: 3,
    ready: true,
  })
})

test('one connector is cut by its id, or all of a tunnel by its name, with one record', async () => {
  const { operations, happened, kept } = rig()
  assert.deepEqual(await operations.cutConnectors(localActor, { id: 'c1' }), { cut: ['c1'] })
  assert.deepEqual(
    happened.filter((it) => it.startsWith('ended')),
    ['ended l1 cut-by-operator', 'ended l2 cut-by-operator'],
  )
  assert.deepEqual(await operations.cutConnectors(localActor, { tunnel: 'web' }), { cut: ['c2'] })
  const records = (await kept()).filter((line) => line.includes('connectors cut'))
  assert.equal(records.length, 2)
  assert.match(records[0] ?? '', /"c1"/)
  assert.match(records[1] ?? '', /"tunnel":"web"/)
})

test('tunnels through a connector are told that an operator ended them, others go on', async () => {
  const through = (requestId: string, connectorId: string, tunnelId = web.id): OpenTunnel => ({
    ...testTunnel(requestId),
    destination: { connector: { tunnelId, connectorId }, isReachedBy: () => true },
  })
  const tunnels = [through('q1', 'c1'), through('q2', 'c2'), through('q3', 'c3', 'id-gone')]
  const { operations, happened, kept } = rig([...tunnels, testTunnel('q4')])
  await operations.cutConnectors(localActor, { id: 'c1' })
  // Before the connections: their end alone would be a loss to whoever uses the tunnel.
  assert.deepEqual(happened.slice(0, 3), [
    'cut q1 cut-by-operator',
    'ended l1 cut-by-operator',
    'ended l2 cut-by-operator',
  ])
  await operations.cutConnectors(localActor, { tunnel: 'web' })
  assert.deepEqual(
    happened.filter((it) => it.startsWith('cut')),
    ['cut q1 cut-by-operator', 'cut q2 cut-by-operator'],
  )
  assert.match((await kept())[0] ?? '', /"tunnels":1/)
})

test('a connector is drained by its id, or all of a tunnel, with one record', async () => {
  const { operations, happened, kept } = rig()
  assert.deepEqual(await operations.drainConnectors(localActor, { id: 'c2' }), { drained: ['c2'] })
  const all = await operations.drainConnectors(localActor, { tunnel: 'web' })
  assert.deepEqual(all, { drained: ['c1', 'c2'] })
  assert.deepEqual(
    happened.filter((it) => it.startsWith('drained')),
    ['drained l3', 'drained l1', 'drained l2', 'drained l3'],
  )
  const records = (await kept()).filter((line) => line.includes('connectors drained'))
  assert.match(records[0] ?? '', /"c2"/)
  assert.match(records[1] ?? '', /"tunnel":"web","connections":3/)
  await assert.rejects(operations.drainConnectors(localActor, { id: 'c9' }), {
    code: 'connector-not-found',
  })
  assert.equal((await kept()).length, 2)
})

test('what is not there, or malformed, cuts nothing and leaves no record', async () => {
  const { operations, happened, kept } = rig()
  const cases = [
    [{ id: 'c9' }, 'connector-not-found'],
    [{ tunnel: 'other' }, 'connector-not-found'],
    [{ id: '' }, 'malformed-request'],
    [{}, 'malformed-request'],
    [{ id: 'c1', tunnel: 'web' }, 'malformed-request'],
  ] as const
  for (const [input, code] of cases)
    await assert.rejects(operations.cutConnectors(localActor, input as { id: string }), { code })
  assert.deepEqual(happened, [])
  assert.deepEqual(await kept(), [])
})

function rig(tunnels: readonly OpenTunnel[] = []) {
  return createTestOperations({
    tunnels,
    namedTunnels: [web],
    links: [
      link('l1', 'c1', 0, { streams: 3 }),
      link('l2', 'c1', 1),
      link('l3', 'c2', 0),
      link('l4', 'c3', 0, { tunnelId: 'id-gone' }),
    ],
  })
}

function link(id: string, connectorId: string, connIndex: number, more: Partial<Link> = {}): Link {
  return {
    id,
    connectorId,
    connIndex,
    tunnelId: web.id,
    dialect: 'postern',
    version: '1.0.0',
    arch: 'linux_x64',
    ip: '192.0.2.1',
    sinceMs: 1_000,
    services: [{ hostname: undefined, service: 'tcp://localhost:7870' }],
    streams: 0,
    isReady: true,
    openStream: () => Promise.reject(new Error('not here')),
    end: () => undefined,
    probe: () => () => true,
    drain: () => undefined,
    ...more,
  }
}

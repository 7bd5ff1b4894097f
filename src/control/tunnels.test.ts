import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { localActor } from './change.ts'
import {
  createTestOperations,
  deploySession,
  testSession,
  testTunnel,
} from './operations.fixture.ts'
import type { TunnelsToCut, TunnelSummary } from './protocol.ts'

const ada = testSession('s1', 'ada@example.com')
const time = '"time":"2026-01-01T00:00:00.000Z"'
const ssh = { id: 'r-ssh', name: 'ssh' }

function startRig() {
  const tunnels = [
    testTunnel('t1', ada),
    testTunnel('t2', ada, ssh),
    testTunnel('t3', deploySession, ssh),
    testTunnel('t4'),
  ]
  const rig = createTestOperations({ tunnels })
  const { listTunnels, cutTunnels } = rig.operations
  return {
    ...rig,
    async list(): Promise<readonly TunnelSummary[]> {
      const all: TunnelSummary[] = []
      for await (const tunnel of listTunnels(localActor)) all.push(tunnel)
      return all
    },
    cut: async (which: TunnelsToCut) => (await cutTunnels(localActor, which)).cut,
  }
}

describe('operations on tunnels', () => {
  test('the list says whose each is, from where, since when, and what it has moved', async () => {
    const { list, operations } = startRig()
    const common = { target: 'db.example.com:5432', ip: '192.0.2.1' }
    const opened_at = '1970-01-01T00:00:01.000Z'
    const nobody = { user: null, email: null, session_id: null, service_account_id: null }
    const [first, , third, fourth] = await list()
    assert.deepEqual(first, {
      id: 't1',
      route: 'db',
      route_id: 'r-db',
      namespace: null,
      connector: null,
      upstream: '10.0.0.5:5432',
      ...common,
      user: 'user-of-s1',
      email: 'ada@example.com',
      session_id: 's1',
      service_account_id: null,
      opened_at,
      bytes_up: 3,
      bytes_down: 5,
    })
    assert.deepEqual(third, {
      ...nobody,
      ...common,
      id: 't3',
      route: 'ssh',
      route_id: 'r-ssh',
      service_account_id: 'deploy',
      namespace: null,
      connector: null,
      upstream: '10.0.0.5:5432',
      opened_at,
      bytes_up: 3,
      bytes_down: 5,
    })
    assert.deepEqual(fourth, { ...fourth, ...nobody })
    assert.equal(await operations.countTunnels(localActor), 4)
  })

  test('one is cut by its id, and only once', async () => {
    const { cut, happened, kept } = startRig()
    assert.deepEqual(await cut({ id: 't2' }), ['t2'])
    assert.deepEqual(await kept(), [
      `{${time},"kind":"admin","event":"tunnels cut","tunnels":1,"tunnel-ids":["t2"]}`,
    ])
    assert.deepEqual(happened, ['cut t2 cut-by-operator', 'said tunnels cut'])
    await assert.rejects(cut({ id: 't2' }), {
      code: 'tunnel-not-found',
      message: 'there is no open tunnel "t2"',
    })
    assert.equal((await kept()).length, 1)
  })

  test('those of a session, or of a route, are cut together and leave one entry', async () => {
    const { cut, kept } = startRig()
    assert.deepEqual(await cut({ route_id: 'r-ssh' }), ['t2', 't3'])
    assert.deepEqual(await cut({ session_id: 's1' }), ['t1'])
    assert.deepEqual(await cut({ session_id: 's1' }), [])
    const more = '"kind":"admin","event":"tunnels cut"'
    assert.deepEqual(await kept(), [
      `{${time},${more},"route-id":"r-ssh","tunnels":2,"tunnel-ids":["t2","t3"]}`,
      `{${time},${more},"session-id":"s1","tunnels":1,"tunnel-ids":["t1"]}`,
    ])
  })

  test('what names nothing, or two things, cuts nothing', async () => {
    const { cut, list } = startRig()
    for (const odd of [{}, null, { id: 't1', route_id: 'r-db' }, { sessionId: 's1' }, { id: 7 }]) {
      await assert.rejects(cut(odd as TunnelsToCut), { code: 'malformed-request' })
    }
    assert.equal((await list()).length, 4)
  })

  test('the session of a service account is neither listed nor taken nor recorded', async () => {
    const { cut, list, kept } = startRig()
    assert.deepEqual(await cut({ session_id: deploySession.id }), [])
    assert.doesNotMatch(JSON.stringify([await list(), await kept()]), /c2VjcmV0/)
  })

  test('however many are cut together, the entry stays short', async () => {
    const tunnels = Array.from({ length: 5_000 }, (_, index) => testTunnel(`t${index}`, ada))
    const { operations, kept } = createTestOperations({ tunnels })
    const { cut } = await operations.cutTunnels(localActor, { route_id: 'r-db' })
    assert.equal(cut.length, 5_000)
    const entry = JSON.parse((await kept())[0] ?? '')
    assert.deepEqual([entry.tunnels, entry['tunnel-ids'].length], [5_000, 100])
  })

  test('a list of many lets others have their turn', async () => {
    const tunnels = Array.from({ length: 2_000 }, (_, index) => testTunnel(`t${index}`))
    const { operations } = createTestOperations({ tunnels })
    let [listed, seen] = [0, 0]
    setImmediate(() => (seen = listed))
    for await (const _ of operations.listTunnels(localActor)) listed += 1
    assert.equal(listed, 2_000)
    assert.ok(seen < 2_000 && seen > 0, `${seen}`)
  })
})

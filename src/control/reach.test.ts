import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Role } from '../access/administrators.ts'
import { emptyFile } from '../catalog/catalog.fixture.ts'
import { openCatalog } from '../catalog/catalog.ts'
import { ConfigError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import { nobodyBlocked } from '../identity/blocked-people.fixture.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Json } from '../routes/definition.ts'
import type { KeptEntry } from '../telemetry/audit/read-audit.ts'
import { localActor } from './change.ts'
import {
  createTestOperations,
  testActor,
  testSession,
  testTunnel,
  type TestOperationsOptions,
} from './operations.fixture.ts'
import type { ReachAnswer } from './reach-protocol.ts'

const ada = testSession('s-ada', 'ada@example.com')
const bob = testSession('s-bob', 'bob@example.com')
const forBoth = { allow: { or: [{ email: { in: ['ada@example.com', 'bob@example.com'] } }] } }
const forAda = { allow: { or: [{ email: { is: 'ada@example.com' } }] } }
const db = {
  id: 'db',
  from: 'tcp+https://db.example.com:5432',
  to: 'tcp://10.0.0.1:5432',
  policy: forBoth,
}
const ssh = { from: 'tcp+https://ssh.example.com:22', to: 'tcp://10.0.0.1:22' }

interface RigOptions extends Partial<TestOperationsOptions> {
  readonly role?: Role
}

async function rig(t: TestContext, { role, ...options }: RigOptions = {}) {
  const store = await openSqliteStore(':memory:')
  const clock = createFakeClock()
  const file = {
    ...emptyFile,
    identityProviders: [{ id: 'default' }],
    administrators: { namespaces: [{ name: 'lab' }] },
  }
  const catalog = await openCatalog({ store, clock, logger: silentLogger, file })
  t.after(async () => {
    await catalog[Symbol.asyncDispose]()
    await store.close()
  })
  const { operations } = createTestOperations({
    catalog,
    sessions: [ada, bob],
    tunnels: [testTunnel('t-ada', ada), testTunnel('t-bob', bob)],
    roleOf: () => role ?? { role: 'admin' },
    ...options,
  })
  return { operations, catalog }
}

function inShort({ tunnels, gained, lost }: ReachAnswer) {
  return {
    cut: tunnels.items.map(({ id, ended }) => `${id} ${ended}`),
    gained: gained?.items.map(({ who, route }) => `${who} ${route}`),
    lost: lost.items.map(({ who, route }) => `${who} ${route}`),
  }
}

const dbName = 'db.example.com:5432'

describe('the reach of a change', () => {
  test('a narrower policy cuts the tunnels of those whom it keeps out, and says who loses access', async (t) => {
    const { operations, catalog } = await rig(t)
    await operations.createRoute(localActor, { definition: db })
    const { revision } = catalog.holding()
    const answer = await operations.reach(localActor, {
      changes: [{ kind: 'route', id: 'db', definition: { ...db, policy: forAda } }],
    })
    assert.deepEqual(inShort(answer), {
      cut: ['t-bob policy-changed'],
      gained: [],
      lost: [`bob@example.com ${dbName}`],
    })
    assert.deepEqual(answer.routes, [{ id: 'db', name: dbName, change: 'changed' }])
    assert.deepEqual([answer.tunnels.cut, answer.tunnels.open], [1, 2])
    assert.equal(catalog.holding().revision, revision, 'nothing is changed')
  })

  test('whoever is blocked neither gains nor loses by it', async (t) => {
    const isBlocked = ({ userId }: { userId: string }): boolean => userId === bob.userId
    const { operations } = await rig(t, { blockedPeople: { ...nobodyBlocked, isBlocked } })
    await operations.createRoute(localActor, { definition: db })
    const { lost, judged_on: judgedOn } = await operations.reach(localActor, {
      changes: [{ kind: 'route', id: 'db', definition: null }],
    })
    assert.deepEqual([lost.items.map(({ who }) => who), judgedOn.people], [['ada@example.com'], 1])
  })

  test('a route that goes cuts all of its tunnels, and one that leads elsewhere as well', async (t) => {
    const elsewhere = { ...testTunnel('t-ada', ada), destination: { isReachedBy: () => false } }
    const { operations } = await rig(t, { tunnels: [elsewhere, testTunnel('t-bob', bob)] })
    await operations.createRoute(localActor, { definition: db })
    const reach = async (definition: typeof db | null) =>
      inShort(
        await operations.reach(localActor, { changes: [{ kind: 'route', id: 'db', definition }] }),
      )
    assert.deepEqual((await reach(null)).cut, ['t-ada route-removed', 't-bob route-removed'])
    const moved = await reach({ ...db, to: 'tcp://10.0.0.2:5432' })
    assert.deepEqual(moved, { cut: ['t-ada route-changed'], gained: [], lost: [] })
    const disabled = await operations.reach(localActor, {
      changes: [{ kind: 'route', id: 'db', disabled: true }],
    })
    assert.deepEqual(disabled.routes[0]?.change, 'removed')
    assert.equal(disabled.tunnels.cut, 2)
    assert.equal(disabled.lost.total, 2)
  })

  test('a new route reaches those who may use it, and says when that is everybody', async (t) => {
    const { operations } = await rig(t, { accounts: ['backup'], tunnels: [] })
    const definition = { ...ssh, allow_any_authenticated_user: true }
    const answer = await operations.reach(localActor, { changes: [{ kind: 'route', definition }] })
    assert.deepEqual(inShort(answer), {
      cut: [],
      gained: ['ada', 'bob']
        .map((name) => `${name}@example.com ssh.example.com:22`)
        .concat('backup ssh.example.com:22'),
      lost: [],
    })
    assert.deepEqual(answer.opened_to_everybody, [])
    const open = { ...ssh, allow_public_unauthenticated_access: true }
    const opened = await operations.reach(localActor, {
      changes: [{ kind: 'route', definition: open }],
    })
    assert.deepEqual(opened.opened_to_everybody, ['ssh.example.com:22'])
  })

  test('a named policy reaches every route that uses it', async (t) => {
    const { operations } = await rig(t)
    await operations.createPolicy(localActor, { definition: { name: 'staff', policy: forBoth } })
    const { policy: _, ...bare } = db
    await operations.createRoute(localActor, { definition: { ...bare, policy_names: ['staff'] } })
    const definition = { name: 'staff', policy: forAda }
    const answer = await operations.reach(localActor, {
      changes: [{ kind: 'policy', id: 'staff', definition }],
    })
    assert.deepEqual(inShort(answer), {
      cut: ['t-bob policy-changed'],
      gained: [],
      lost: [`bob@example.com ${dbName}`],
    })
  })

  test('the audit log says who used it last, and from where they come', async (t) => {
    const decision = (user: string, ip: string, time: string, allow = true): KeptEntry => ({
      time,
      kind: 'decision',
      event: 'authorize check',
      user,
      ip,
      'route-id': 'db',
      allow,
      deny: false,
    })
    const asked: number[] = []
    const { operations } = await rig(t, {
      async *auditSince(sinceMs) {
        asked.push(sinceMs)
        await Promise.resolve()
        yield decision(bob.userId, '198.51.100.1', '2026-01-01T00:00:00.000Z', false)
        yield decision('gone', '203.0.113.8', '2025-12-31T00:00:00.000Z')
        yield decision(ada.userId, '203.0.113.7', '2025-12-31T00:00:00.000Z')
        yield decision(bob.userId, '203.0.113.9', '2025-12-30T00:00:00.000Z')
      },
    })
    await operations.createRoute(localActor, { definition: db })
    const and = [{ authenticated_user: true }, { source_ip: '203.0.113.7' }]
    const definition = { ...db, policy: { allow: { and } } }
    const changes = [{ kind: 'route' as const, id: 'db', definition }]
    const answer = await operations.reach(localActor, { changes, days: 2 })
    assert.deepEqual(
      answer.lost.items.map(({ who, last_used }) => [who, last_used]),
      [['bob@example.com', '2025-12-30T00:00:00.000Z']],
    )
    assert.deepEqual(answer.judged_on, { people: 2, decisions: 3, days: 2 })
    assert.ok(
      answer.assumed.includes('1 person who used these routes is signed out now, and not judged'),
    )
    const removed = await operations.reach(localActor, {
      changes: [{ kind: 'route', id: 'db', definition: null }],
    })
    assert.deepEqual(
      removed.lost.items.map(({ who }) => who),
      ['ada@example.com', 'bob@example.com'],
    )
    const clock = createFakeClock()
    assert.deepEqual(asked, [clock.now() - 2 * 86_400_000, clock.now() - 7 * 86_400_000])
  })

  test('it says of what there was more than it looked at, and back to when it did', async (t) => {
    const time = '2025-12-31T00:00:00.000Z'
    const who = { user: 'gone', 'route-id': 'db', allow: true, deny: false }
    const entry: KeptEntry = { time, kind: 'decision', event: 'authorize check', ...who }
    const more = [
      'there are more people and routes than were looked at',
      `there are more decisions than were looked at, which are those since ${time}`,
    ]
    const said = async (accounts: number, decisions: number) => {
      const { operations } = await rig(t, {
        accounts: Array.from({ length: accounts }, (_, at) => `a${at}`),
        async *auditSince() {
          await Promise.resolve()
          for (let left = decisions; left > 0; left -= 1) yield entry
        },
      })
      const { assumed } = await operations.reach(localActor, {
        changes: [{ kind: 'policy', definition: { name: 'staff', policy: [] } }],
      })
      return assumed.filter((it) => it.startsWith('there are more'))
    }
    assert.deepEqual(await said(1, 1), [])
    assert.deepEqual(await said(50_001, 1), more.slice(0, 1))
    assert.deepEqual(await said(1, 200_001), more.slice(1))
  })

  test('without an audit log it says that it looked at sessions only', async (t) => {
    const { operations } = await rig(t)
    const answer = await operations.reach(localActor, {
      changes: [{ kind: 'route', definition: { ...ssh, policy: forAda } }],
    })
    assert.equal(answer.judged_on.decisions, null)
    assert.ok(answer.assumed.includes('there is no audit log to be asked who used what'))
  })

  test('what could not be saved has no reach, but its faults', async (t) => {
    const { operations } = await rig(t)
    const faulty = { ...ssh, policy: { allow: { or: [{ emial: 'x' }] } } }
    await assert.rejects(
      operations.reach(localActor, { changes: [{ kind: 'route', definition: faulty }] }),
      (error: unknown) => error instanceof ConfigError && /emial/.test(error.message),
    )
    const absent = [{ kind: 'route' as const, id: 'absent', disabled: true }]
    await assert.rejects(operations.reach(localActor, { changes: absent }), {
      code: 'route-not-found',
    })
    await assert.rejects(operations.reach(localActor, { changes: [] }), {
      code: 'malformed-request',
    })
  })

  test('it is for who may make the change: those of a namespace in theirs, and no auditor', async (t) => {
    const { operations } = await rig(t, { role: { role: 'admin', namespaces: ['lab'] } })
    const by = testActor(ada)
    const own = { ...ssh, policy: forAda, namespace: 'lab' }
    const answer = await operations.reach(by, { changes: [{ kind: 'route', definition: own }] })
    assert.deepEqual(answer.routes[0]?.change, 'added')
    const foreign = { ...ssh, policy: forAda }
    await assert.rejects(
      operations.reach(by, { changes: [{ kind: 'route', definition: foreign }] }),
      {
        code: 'role-required',
      },
    )
    const { operations: audited } = await rig(t, { role: { role: 'auditor' } })
    assert.throws(() => audited.reach(by, { changes: [{ kind: 'route', definition: own }] }), {
      code: 'role-required',
    })
  })

  test('those of a namespace are told of who uses its routes, and of nobody and nothing else', async (t) => {
    const cleo = { ...testSession('s-cleo', 'cleo@example.com'), groups: ['secret'] }
    const lab = {
      ...db,
      namespace: 'lab',
      policy: { allow: { or: [{ authenticated_user: true }] } },
    }
    const use = (user: string, ip: string, routeId: string): KeptEntry => ({
      time: '2025-12-31T00:00:00.000Z',
      kind: 'decision',
      event: 'authorize check',
      user,
      ip,
      'route-id': routeId,
      allow: true,
      deny: false,
    })
    let role: Role = { role: 'admin', namespaces: ['lab'] }
    const inLab = { id: 'db', name: dbName, namespace: 'lab' }
    const { operations } = await rig(t, {
      sessions: [ada, bob, cleo],
      tunnels: [testTunnel('t-ada', ada, inLab), testTunnel('t-cleo', cleo)],
      async *auditSince() {
        await Promise.resolve()
        yield use(bob.userId, '203.0.113.9', 'db')
        yield use(bob.userId, '198.51.100.1', 'elsewhere')
        yield use(cleo.userId, '203.0.113.9', 'elsewhere')
      },
      roleOf: () => role,
    })
    await operations.createRoute(localActor, { definition: lab })
    const by = testActor(ada)
    const asked = (policy: Json) =>
      operations.reach(by, {
        changes: [{ kind: 'route', id: 'db', definition: { ...lab, policy } }],
      })
    const nobody = { allow: { or: [{ email: { is: 'nobody@example.com' } }] } }
    const closed = await asked(nobody)
    assert.deepEqual(
      closed.lost.items.map(({ who }) => who),
      ['bob@example.com', 'ada@example.com'],
    )
    assert.equal(closed.gained, null)
    assert.deepEqual(
      closed.tunnels.items.map(({ id }) => id),
      ['t-ada'],
    )
    assert.equal(closed.tunnels.open, 1)
    assert.deepEqual(closed.judged_on, { people: 2, decisions: 1, days: 7 })
    // From where somebody went elsewhere is not theirs to ask.
    const near = { allow: { and: [{ authenticated_user: true }, { source_ip: '203.0.113.9' }] } }
    assert.deepEqual(
      (await asked(near)).lost.items.map(({ who }) => who),
      ['ada@example.com'],
    )
    role = { role: 'admin' }
    const whole = await asked(nobody)
    assert.deepEqual([whole.lost.total, whole.judged_on.people, whole.tunnels.open], [3, 3, 2])
  })

  test('a role that goes while the change is judged ends it', async (t) => {
    let role: Role | undefined = { role: 'admin' }
    let losesTo: Role | undefined
    const { operations } = await rig(t, {
      async *auditSince() {
        await Promise.resolve()
        role = losesTo
        yield* []
      },
      roleOf: () => role,
    })
    const definition = { ...ssh, policy: forAda, namespace: 'lab' }
    const ask = () => operations.reach(testActor(ada), { changes: [{ kind: 'route', definition }] })
    await assert.rejects(ask(), { code: 'role-required' })
    role = { role: 'admin' }
    losesTo = { role: 'admin', namespaces: ['lab'] }
    assert.equal((await ask()).gained, null)
    losesTo = { role: 'admin', namespaces: ['other'] }
    await assert.rejects(ask(), { code: 'role-required' })
  })

  test('a role that no longer sees everybody is told nothing that was looked up for it', async (t) => {
    let role: Role = { role: 'admin' }
    const destination = {
      isReachedBy() {
        role = { role: 'admin', namespaces: ['lab'] }
        return false
      },
    }
    const { operations } = await rig(t, {
      tunnels: [{ ...testTunnel('t-ada', ada), destination }],
      roleOf: () => role,
    })
    const own = { ...db, namespace: 'lab' }
    await operations.createRoute(localActor, { definition: own })
    const definition = { ...own, to: 'tcp://10.0.0.2:5432' }
    const changes = [{ kind: 'route' as const, id: 'db', definition }]
    await assert.rejects(operations.reach(testActor(ada), { changes }), {
      code: 'decision-unsettled',
    })
  })

  test('of many who ask at once the last are asked to come again', async (t) => {
    const { operations } = await rig(t)
    const changes = [{ kind: 'route' as const, definition: { ...ssh, policy: forAda } }]
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => operations.reach(localActor, { changes })),
    )
    const refused = results.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 2)
    await operations.reach(localActor, { changes })
  })
})

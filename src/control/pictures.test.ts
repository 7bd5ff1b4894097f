import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Role } from '../access/administrators.ts'
import { createFakeClock } from '../fake-clock.ts'
import { testRoute } from '../gateway/gateway.fixture.ts'
import type { SampleBatch } from '../store/sample-store.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { ForwardState } from '../telemetry/forward/forwarding.ts'
import { localActor } from './change.ts'
import { createTestOperations, testActor, testSession, testTunnel } from './operations.fixture.ts'

const nowMs = Date.UTC(2026, 7, 20, 12, 30, 20)
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const db = { ...testRoute('tcp+https://db.example.com:5432', [1]), id: 'db', name: 'the database' }
const counted = { tunnelsOpen: 2, tunnelsOpened: 3, bytesUp: 10, bytesDown: 20 }
const decided = { allowed: 4, denied: 3, signInNeeded: 2, certificateNeeded: 1 }

function batch(atMs: number, routes: readonly string[] = []): SampleBatch {
  const counts = { ...counted, ...decided }
  const others = { signInsOk: 1, signInsFailed: 2, sessions: 5, connectors: 1 }
  return {
    atMs,
    gateway: { ...counts, ...others },
    routes: routes.map((routeId, index) => ({ ...counts, routeId, bytesUp: index + 1 })),
  }
}

async function rig(
  t: TestContext,
  batches: readonly SampleBatch[],
  { role, forwarding }: { role?: Role; forwarding?: readonly ForwardState[] } = {},
) {
  const { samples, close } = await openSqliteStore(':memory:')
  t.after(close)
  for (const each of batches) await samples.add(each)
  return createTestOperations({
    clock: createFakeClock(nowMs),
    samples,
    routes: [{ ...db, namespace: 'databases' }],
    sessions: [testSession('s1', 'ada@example.com')],
    tunnels: [testTunnel('r1')],
    ...(forwarding && { forwarding }),
    ...(role && { roleOf: () => role }),
  }).operations
}

const activity = {
  tunnels_opened: 3,
  bytes_up: 10,
  bytes_down: 20,
  decisions: { allow: 4, deny: 3, sign_in: 2, client_certificate: 1 },
  sign_ins: { ok: 1, failed: 2 },
}

describe('pictures', () => {
  test('the overview says what is now, and what was in the last hour and day', async (t) => {
    const { overview } = await rig(t, [
      batch(nowMs - 30 * hourMs),
      batch(nowMs - 3 * hourMs, ['db', 'gone']),
      batch(nowMs - minuteMs, ['db']),
    ])
    const answer = await overview(localActor)
    assert.deepEqual(answer.now, {
      tunnels: 1,
      sessions: 1,
      connectors: 0,
      named_tunnels: 0,
      routes: 1,
    })
    assert.equal(answer.at, '2026-08-20T12:30:20.000Z')
    assert.deepEqual(answer.last_hour, activity)
    assert.deepEqual([answer.last_day.tunnels_opened, answer.last_day.bytes_down], [6, 40])
    assert.deepEqual(
      answer.busiest_routes.map(({ route_id, name, bytes_up }) => [route_id, name, bytes_up]),
      [
        ['db', 'the database', 2],
        ['gone', 'gone', 2],
      ],
    )
  })

  test('a destination is failing, behind, or up to date', async (t) => {
    const state = { isFailing: false, lagRecords: 7, lagSeconds: 1, problem: undefined, dropped: 0 }
    const { overview } = await rig(t, [], {
      forwarding: [
        { ...state, name: 'prompt' },
        { ...state, name: 'slow', lagSeconds: 31 },
        { ...state, name: 'broken', isFailing: true, problem: 'no route', dropped: 3 },
      ],
    })
    const { audit_forward: states } = await overview(localActor)
    assert.deepEqual(
      states.map(({ name, state: word, problem }) => [name, word, problem]),
      [
        ['prompt', 'up-to-date', undefined],
        ['slow', 'behind', undefined],
        ['broken', 'failing', 'no route'],
      ],
    )
  })

  test('of what is wrong with the configuration the first twenty problems are said', async () => {
    const reloadProblems = Array.from({ length: 21 }, (_, at) => `postern.yaml:${at + 1}: wrong`)
    const { operations } = createTestOperations({ reloadProblems })
    const { configuration_problems: said } = await operations.overview(localActor)
    assert.deepEqual(said, reloadProblems.slice(0, 20))
  })

  test('of certificates those come first that somebody has to look at', async () => {
    const untilMs = Date.UTC(2026, 8, 1)
    const good = { validity: { untilMs }, error: undefined, nextTryAtMs: untilMs, isLate: false }
    const failed = { error: 'refused', nextTryAtMs: Date.UTC(2026, 7, 21) }
    const { operations } = createTestOperations({
      certificates: [
        { name: 'a.example.com', ...good },
        { name: 'b.example.com', ...failed, validity: undefined, isLate: false },
        { name: 'c.example.com', ...failed, validity: { untilMs }, isLate: true },
      ],
    })
    const { certificates } = await operations.overview(localActor)
    const told = { problem: 'refused', next_try: '2026-08-21T00:00:00.000Z' }
    const until = { valid_until: '2026-09-01T00:00:00.000Z' }
    assert.deepEqual(certificates, [
      { name: 'c.example.com', state: 'late', ...until, ...told },
      { name: 'a.example.com', state: 'held', ...until },
      { name: 'b.example.com', state: 'waiting', ...told },
    ])
  })

  test('of OCSP answers those are said that somebody has to look at, before all else', async () => {
    const held = { validity: { untilMs: Date.UTC(2026, 8, 1) }, nextTryAtMs: Date.UTC(2026, 7, 21) }
    const { operations } = createTestOperations({
      certificates: [
        { name: 'a.example.com', ...held, error: undefined, isLate: false },
        { name: 'b.example.com', ...held, error: 'refused', isLate: true },
      ],
      staples: [
        { name: 'a.example.com', ...held, error: undefined, isLate: false, isRevoked: false },
        { name: 'c.example.com', ...held, error: 'HTTP 500', isLate: true, isRevoked: false },
        { name: 'b.example.com', ...held, error: 'revoked', isLate: true, isRevoked: true },
      ],
    })
    const { certificates } = await operations.overview(localActor)
    assert.deepEqual(
      certificates.map(({ name, state, problem }) => [name, state, problem]),
      [
        ['c.example.com', 'unstapled', 'HTTP 500'],
        ['b.example.com', 'revoked', 'revoked'],
        ['b.example.com', 'late', 'refused'],
        ['a.example.com', 'held', undefined],
      ],
    )
  })

  test('every step of a time has a point, and says whether it was measured', async (t) => {
    const { samples } = await rig(t, [batch(nowMs - 2 * minuteMs), batch(nowMs - 4 * minuteMs)])
    const answer = await samples(localActor, {
      since: '2026-08-20T14:26:10+02:00',
      until: '2026-08-20T12:30:20Z',
      step: '1m',
    })
    assert.equal(answer.since, '2026-08-20T12:26:10.000Z')
    assert.deepEqual(
      answer.points.map(({ at, measured }) => [at.slice(11, 16), measured]),
      [
        ['12:26', true],
        ['12:27', false],
        ['12:28', true],
        ['12:29', false],
      ],
    )
    const { at: _, ...figures } = answer.points[0] ?? assert.fail()
    const stood = { measured: true, tunnels_open: 2, sessions: 5, connectors: 1 }
    assert.deepEqual(figures, { ...activity, ...stood })
    const nothing = answer.points[1] ?? assert.fail()
    assert.equal(nothing.bytes_up + nothing.sign_ins.ok + nothing.sessions, 0)
  })

  test('five minutes are added up, and of what stood the most is shown', async (t) => {
    const { samples } = await rig(t, [batch(nowMs - 6 * minuteMs), batch(nowMs - 9 * minuteMs)])
    const { points, step } = await samples(localActor, {
      since: '2026-08-20T12:20:00Z',
      step: '5m',
    })
    assert.equal(step, '5m')
    assert.deepEqual(
      points.map(({ at, bytes_up, sessions }) => [at.slice(11, 16), bytes_up, sessions]),
      [
        ['12:20', 20, 5],
        ['12:25', 0, 0],
      ],
    )
  })

  test('without a step it is the finest of which there are few, and whose rows are kept', async (t) => {
    const { samples } = await rig(t, [])
    const stepOf = async (sinceMs: number, untilMs = nowMs) => {
      const times = {
        since: new Date(sinceMs).toISOString(),
        until: new Date(untilMs).toISOString(),
      }
      return (await samples(localActor, times)).step
    }
    assert.equal((await samples(localActor, {})).step, '5m')
    assert.equal(await stepOf(nowMs - hourMs), '1m')
    assert.equal(await stepOf(nowMs - 47 * hourMs), '1h')
    assert.equal(await stepOf(nowMs - 80 * hourMs, nowMs - 79 * hourMs), '1h')
    assert.equal(await stepOf(nowMs - 80 * 24 * hourMs), '1d')
  })

  test('of one route there are its points, and the busiest are those of all', async (t) => {
    const { samples } = await rig(t, [batch(nowMs - minuteMs, ['db'])])
    const { points, busiest_routes: busiest } = await samples(localActor, {
      route: 'db',
      step: '1h',
    })
    assert.deepEqual(busiest, [])
    const last = points.at(-1) ?? assert.fail()
    assert.deepEqual([last.bytes_up, last.sessions, last.measured], [1, 0, true])
  })

  test('who administers a namespace sees its routes, and not the whole gateway', async (t) => {
    const role = { role: 'admin', namespaces: ['databases'] } as const
    const { samples, overview } = await rig(t, [], { role })
    const by = testActor(testSession('s1', 'ada@example.com'))
    assert.equal((await samples(by, { route: 'db' })).busiest_routes.length, 0)
    const refused = { code: 'role-required' }
    await assert.rejects(samples(by, {}), refused)
    await assert.rejects(samples(by, { route: 'gone' }), refused)
    await assert.rejects(async () => overview(by), refused)
  })

  test('what makes no sense, or too many points, is refused', async (t) => {
    const { samples } = await rig(t, [])
    const malformed = { code: 'malformed-request' }
    const [since, until] = ['2026-08-01T00:00:00Z', '2026-08-20T00:00:00Z']
    await assert.rejects(samples(localActor, { since, until, step: '1m' }), malformed)
    await assert.rejects(samples(localActor, { since: until, until: since }), malformed)
    await assert.rejects(samples(localActor, { since: 'yesterday' }), malformed)
    await assert.rejects(samples(localActor, { since: '-271821-04-20T00:00:00Z' }), malformed)
    const ages = { since: '0001-01-01T00:00:00Z', until: '9999-12-31T00:00:00Z' }
    await assert.rejects(samples(localActor, ages), malformed)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Session } from '../identity/session.ts'
import { createIdleLimit } from '../net/idle-limit.ts'
import { testCaller, testRoute, testSession } from './access.fixture.ts'
import type { Grant } from './grant.ts'
import { createTunnelRegister, type TunnelEntry } from './tunnel-register.ts'

const route = testRoute('tcp+https://db.example.com:5432', [1])
const other = testRoute('tcp+https://echo.example.com:7', [1])
const alice = testSession('alice', 'alice@example.com')

function entryOf(session: Session | 'nobody' = alice, of = route): TunnelEntry {
  return {
    grant: {
      caller: session === 'nobody' ? testCaller() : testCaller(session),
      route: of,
    } as Grant,
    destination: { isReachedBy: () => true },
    openedAtMs: 0,
    controller: new AbortController(),
    idle: createIdleLimit(0),
    bytes: { up: 0, down: 0 },
    ended: undefined,
    sessionEnded: undefined,
    reasons: [],
    lifeTimer: undefined,
    recheckTimer: undefined,
    rechecked: Promise.resolve(),
  }
}

describe('the register of tunnels', () => {
  test('finds a tunnel by its session, its person and its route, oldest first', () => {
    const register = createTunnelRegister()
    const [first, second] = [entryOf(), entryOf({ ...alice, id: 'elsewhere' }, other)]
    register.add(first)
    register.add(second)
    register.add(entryOf('nobody'))
    assert.equal(register.size, 3)
    assert.deepEqual(register.ofSession('alice'), [first])
    assert.deepEqual([...register.eachOfSession('elsewhere')], [second])
    assert.equal(register.countOfSession('alice'), 1)
    assert.equal(register.countOfUser(alice.userId), 2)
    assert.equal(register.countOfRoute(route.id), 2)
    assert.equal(register.countOfRoute(other.id), 1)
    assert.deepEqual(register.all().slice(0, 2), [first, second])
    assert.ok(register.has(first) && !register.has(entryOf()))
  })

  test('has nothing of somebody who has no tunnel', () => {
    const register = createTunnelRegister()
    register.add(entryOf('nobody'))
    assert.deepEqual(register.ofSession('alice'), [])
    assert.equal(register.countOfUser(alice.userId), 0)
    assert.equal(register.countOfSession('undefined'), 0)
  })

  test('forgets a tunnel that is removed, once, and of several that one alone', () => {
    const register = createTunnelRegister()
    const [first, second] = [entryOf(), entryOf()]
    register.add(first)
    register.add(second)
    register.remove(first)
    register.remove(first)
    assert.deepEqual([register.size, register.has(first)], [1, false])
    assert.deepEqual(register.ofSession('alice'), [second])
    register.remove(second)
    assert.deepEqual(
      [register.countOfSession('alice'), register.countOfUser(alice.userId), register.size],
      [0, 0, 0],
    )
    assert.equal(register.countOfRoute(route.id), 0)
  })

  test('removes a tunnel from where it was opened, whoever its grant names by then', () => {
    const register = createTunnelRegister()
    const entry = entryOf()
    register.add(entry)
    entry.grant = entryOf(testSession('bob', 'bob@example.com'), other).grant
    register.remove(entry)
    assert.equal(register.countOfSession('alice'), 0)
    assert.equal(register.countOfRoute(route.id), 0)
  })

  test('counts a tunnel among those of the route that its grant names now, and of no other', () => {
    const register = createTunnelRegister()
    const entry = entryOf()
    register.add(entry)
    register.followRoute(entry)
    assert.equal(register.countOfRoute(route.id), 1)
    entry.grant = { ...entry.grant, route: other }
    register.followRoute(entry)
    assert.deepEqual([register.countOfRoute(route.id), register.countOfRoute(other.id)], [0, 1])
    register.followRoute(entry)
    assert.equal(register.countOfSession('alice'), 1)
    register.remove(entry)
    assert.equal(register.countOfRoute(other.id), 0)
    register.followRoute(entry)
    assert.equal(register.countOfRoute(other.id), 0, 'one that is gone is counted nowhere')
  })

  test('says when the last tunnel is gone, to everybody who waits, and at once when none is there', async () => {
    const register = createTunnelRegister()
    await register.emptied()
    const [first, second] = [entryOf(), entryOf('nobody')]
    register.add(first)
    register.add(second)
    let told = 0
    const waits = [register.emptied(), register.emptied()].map((it) => it.then(() => (told += 1)))
    register.remove(first)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(told, 0)
    register.remove(second)
    await Promise.all(waits)
    assert.equal(told, 2)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { OpenTunnel } from '../../access/live-tunnels.ts'
import { untilCollected, watchCollected } from '../../collected.fixture.ts'
import type { Role } from '../../access/administrators.ts'
import { testActor, testSession, testTunnel } from '../../control/operations.fixture.ts'
import { AccessError } from '../../errors.ts'
import { createFakeClock } from '../../fake-clock.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { Change } from '../../store/store.ts'
import { changedEvent, tunnelsEvent } from '../wire/events.ts'
import { createEventReaders } from './readers.ts'

const ada = { ...testSession('s-ada', 'ada@example.com'), expiresAtMs: Date.UTC(2027) }
const db = { id: 'r-db', name: 'db', namespace: 'databases' }
const web = { id: 'r-web', name: 'web', namespace: 'sites' }

function openRig(role: Role | undefined = { role: 'admin' }) {
  const clock = createFakeClock()
  const tunnels = new Set<OpenTunnel>()
  const state = {
    role: role as Role | undefined,
    /** Of those who have another one, by their session. */
    roles: new Map<string, Role>(),
    version: 1 as number | undefined,
    /** Whether asking for the role throws, as it does for somebody who is blocked. */
    isRefused: false,
    connectors: '',
    /** What reading a session again comes to, instead of what it is now. */
    reading: undefined as Promise<LiveCaller | undefined> | undefined,
  }
  let onChanges: (changes: readonly Change[]) => void = () => undefined
  let isFollowed = false
  const readers = createEventReaders({
    clock,
    liveTunnels: { open: () => [...tunnels] },
    namedTunnels: { find: () => undefined },
    feed: {
      onChanges(listener) {
        onChanges = listener
        isFollowed = true
        return { [Symbol.dispose]: () => void (isFollowed = false) }
      },
    },
    connectors: () => state.connectors,
    routes: () => 'the same',
    roleOf({ session }) {
      if (state.isRefused) throw new AccessError('person-blocked', 'you are blocked')
      return state.roles.get(session.id) ?? state.role
    },
    session: () =>
      state.reading ??
      Promise.resolve(
        state.version === undefined ? undefined : { session: ada, version: state.version },
      ),
    sessionVersion: () => state.version,
  })
  /** Whoever reads, and what they have read of it. */
  const open = (by = testActor(ada)) => {
    const reader = readers.open(by).getReader()
    const read = async (): Promise<readonly { name: string; data: unknown }[] | undefined> => {
      const { done, value } = await reader.read()
      return done ? undefined : parse(new TextDecoder().decode(value))
    }
    return { reader, read }
  }
  const changed = (kind: Change['kind'], id: string, change: Change['change'] = 'changed') =>
    onChanges([{ revision: 1, kind, id, change }])
  const second = async (): Promise<void> => {
    clock.advance(1_000)
    await turn()
  }
  return { clock, tunnels, state, open, changed, second, isFollowed: () => isFollowed }
}

function parse(text: string): { name: string; data: unknown }[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('event: '))
    .map((event) => {
      const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? []
      return { name, data: JSON.parse(data) as unknown }
    })
}

describe('a reader of events', { timeout: 20_000 }, () => {
  test('is told of tunnels that open, move bytes and close, and of nothing else', async () => {
    const { open, tunnels, second } = openRig()
    tunnels.add(testTunnel('t1', ada, db))
    const { read } = open()
    assert.equal((await read())?.[0]?.name, 'hello')
    const reading = read()
    await second()
    const moving = testTunnel('t2', ada, web)
    tunnels.add(moving)
    await second()
    const opened = tunnelsEvent.parse((await reading)?.[0]?.data)
    assert.deepEqual(
      [opened.opened.map(({ id, namespace }) => [id, namespace]), opened.closed, opened.bytes],
      [[['t2', 'sites']], [], []],
    )
    const next = read()
    Object.assign(moving.bytes, { up: 100, down: 200 })
    await second()
    assert.deepEqual(tunnelsEvent.parse((await next)?.[0]?.data).bytes, [['t2', 100, 200]])
    const last = read()
    tunnels.delete(moving)
    await second()
    assert.deepEqual(tunnelsEvent.parse((await last)?.[0]?.data).closed, ['t2'])
  })

  test('hears which lists have changed, each once a second', async () => {
    const { open, changed, state, second } = openRig()
    const { read } = open()
    await read()
    const reading = read()
    for (const id of ['1', '2', '3']) changed('session', id)
    changed('session', '4', 'kept')
    changed('access-document', 'policy/p')
    changed('access-request', 'r')
    state.connectors = 'one'
    await second()
    assert.deepEqual(changedEvent.parse((await reading)?.[0]?.data).kinds, [
      'sessions',
      'policies',
      'requests',
      'connectors',
    ])
  })

  test('who administers a namespace hears of what is in it alone', async () => {
    const { open, tunnels, changed, second } = openRig({ role: 'admin', namespaces: ['databases'] })
    const { read } = open()
    await read()
    const reading = read()
    tunnels.add(testTunnel('t1', ada, db)).add(testTunnel('t2', ada, web))
    changed('session', '1')
    changed('access-document', 'route/r')
    await second()
    const [lists, live] = (await reading) ?? []
    assert.deepEqual(changedEvent.parse(lists?.data).kinds, ['routes'])
    assert.deepEqual(
      tunnelsEvent.parse(live?.data).opened.map(({ id }) => id),
      ['t1'],
    )
  })

  test('of several who read at once each hears what is theirs', async () => {
    const { open, tunnels, state, changed, second } = openRig()
    const bob = { ...testSession('s-bob', 'bob@example.com'), expiresAtMs: ada.expiresAtMs }
    const carol = { ...testSession('s-carol', 'carol@example.com'), expiresAtMs: ada.expiresAtMs }
    state.roles.set(bob.id, { role: 'admin', namespaces: ['databases'] })
    state.roles.set(carol.id, { role: 'admin', namespaces: ['sites'] })
    const readers = [open(), open(testActor(bob)), open(testActor(carol))]
    await Promise.all(readers.map(({ read }) => read()))
    const heard = Promise.all(readers.map(({ read }) => read()))
    tunnels.add(testTunnel('t1', ada, db)).add(testTunnel('t2', ada, web))
    changed('session', '1')
    await second()
    const opened = (await heard).map((events = []) => {
      const live = events.find(({ name }) => name === 'tunnels')
      return tunnelsEvent.parse(live?.data).opened.map(({ id }) => id)
    })
    assert.deepEqual(opened, [['t1', 't2'], ['t1'], ['t2']])
  })

  test('a tunnel whose route goes to another namespace is gone for one and comes to the other', async () => {
    const { open, tunnels, state, second } = openRig()
    const tunnel = testTunnel('t1', ada, db)
    tunnels.add(tunnel)
    const { read } = open()
    await read()
    Object.assign(tunnel.grant, { route: web })
    const closing = read()
    await second()
    assert.deepEqual(tunnelsEvent.parse((await closing)?.[0]?.data).closed, ['t1'])
    state.role = { role: 'admin', namespaces: ['sites'] }
    const coming = read()
    await second()
    assert.deepEqual(tunnelsEvent.parse((await coming)?.[0]?.data).opened[0]?.route, 'web')
  })

  test('that does not read keeps nothing waiting: it hears that it missed some, and then ends', async () => {
    const { open, tunnels, second } = openRig()
    const slow = open()
    const dead = open()
    await slow.read()
    await dead.read()
    for (let count = 0; count < 5; count += 1) {
      tunnels.add(testTunnel(`t${count}`, ada, db))
      await second()
    }
    // Nothing of it waits, and one word stands for all.
    const reading = slow.read()
    await second()
    assert.deepEqual(
      (await reading)?.map(({ name }) => name),
      ['missed'],
    )
    for (let count = 0; count < 12; count += 1) await second()
    await assert.rejects(dead.read(), { message: 'not read' })
  })

  test('ends in the second in which its session ends, its role goes or its person is refused', async () => {
    const role = openRig()
    const session = openRig()
    const refused = openRig()
    for (const [{ open, second, state, tunnels }, end] of [
      [role, () => (role.state.role = undefined)],
      [refused, () => (refused.state.isRefused = true)],
      [session, () => (session.state.version = undefined)],
    ] as const) {
      const { read } = open()
      await read()
      const reading = read()
      end()
      tunnels.add(testTunnel('t1', ada, db))
      await second()
      assert.equal(await reading, undefined, JSON.stringify(state))
    }
  })

  test('ends when its session has come to its time', async () => {
    const { open, clock, second, tunnels } = openRig()
    const { read } = open(testActor({ ...ada, expiresAtMs: clock.now() + 1_500 }))
    await read()
    const reading = read()
    await second()
    tunnels.add(testTunnel('t1', ada, db))
    await second()
    assert.equal(await reading, undefined)
  })

  test('goes on when its session is another one now, by what that may', async () => {
    const { open, state, second, tunnels } = openRig()
    const { read } = open()
    await read()
    const reading = read()
    state.version = 2
    tunnels.add(testTunnel('t1', ada, db))
    await second()
    await second()
    assert.deepEqual(
      (await reading)?.map(({ name }) => name),
      ['missed'],
    )
  })

  test('ends once, however often its session was read meanwhile, and also where it left', async (t) => {
    const unhandled = t.mock.fn()
    process.on('unhandledRejection', unhandled)
    t.after(() => process.off('unhandledRejection', unhandled))
    for (const leaves of [false, true]) {
      const { open, state, second } = openRig()
      const { reader, read } = open()
      await read()
      const slow = Promise.withResolvers<LiveCaller | undefined>()
      Object.assign(state, { version: 2, reading: slow.promise })
      const reading = read()
      await second()
      await second()
      if (leaves) await reader.cancel()
      slow.reject(new Error('the store is away'))
      assert.equal(await reading, undefined)
      await turn()
    }
    assert.equal(unhandled.mock.callCount(), 0)
  })

  test('is told once in a while that there is nothing to tell', async () => {
    const { open, second } = openRig()
    const { reader, read } = open()
    await read()
    const reading = reader.read()
    for (let count = 0; count < 15; count += 1) await second()
    assert.equal(new TextDecoder().decode((await reading).value), 'event: quiet\ndata: {}\n\n')
  })

  test('leaves nothing of the tunnels behind that it was told of', async () => {
    const { open, tunnels } = openRig()
    const { collected, watch } = watchCollected()
    // Nothing of this function is to hold it.
    const addWatched = (): void => {
      const tunnel = testTunnel('t1', ada, db)
      watch(tunnel)
      tunnels.add(tunnel)
    }
    addWatched()
    const { reader, read } = open()
    await read()
    await reader.cancel()
    tunnels.clear()
    await untilCollected(collected)
  })

  test('comes in as long as there is room, for one person and for all, and leaves room again', async () => {
    const { open, isFollowed } = openRig()
    const own = Array.from({ length: 10 }, () => open())
    assert.throws(() => open(), { code: 'too-many-readers' })
    const bob = testActor(testSession('s-bob', 'bob@example.com'))
    const other = open(bob)
    await own[0]?.read()
    assert.equal(isFollowed(), true)
    for (const { reader } of [...own, other]) await reader.cancel()
    assert.equal(isFollowed(), false)
    open()
    const many = Array.from({ length: 199 }, (_, index) =>
      testActor(testSession(`s-${index}`, 'x@example.com')),
    )
    for (const by of many) open(by)
    assert.throws(() => open(bob), { code: 'too-many-readers' })
  })
})

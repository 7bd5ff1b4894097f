import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { createFakeClock } from '../fake-clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { address, asCookieHeader, callbackOrigin, openIdentity } from './identity.fixture.ts'
import { createSessionUse } from './session-use.ts'

const startMs = Date.UTC(2026, 0, 1)
const minuteMs = 60_000

function startRig() {
  const clock = createFakeClock(startMs)
  const withTunnel = new Set<string>()
  const written: string[] = []
  const warned: string[] = []
  let failure: Error | undefined
  const store = {
    markUsed(ids: readonly string[], atMs: number) {
      if (failure !== undefined) return Promise.reject(failure)
      const many = ids.length > 9 ? [`${ids.length} of them`] : ids
      written.push(`${many.join(' ')} at ${(atMs - startMs) / minuteMs}`)
      return Promise.resolve()
    },
  }
  const log = {
    info: () => undefined,
    warn: (message: string) => void warned.push(message),
    error: () => undefined,
  }
  const use = createSessionUse({
    clock,
    log: { ...log, debug: () => undefined },
    store,
    hasTunnel: (id) => withTunnel.has(id),
  })
  return {
    clock,
    use,
    withTunnel,
    warned,
    /** What was written since it was asked for last. */
    async written() {
      await nextTurn()
      return written.splice(0)
    },
    fail: (error: Error | undefined) => void (failure = error),
    lastUsed: (id: string, lastUsedAtMs?: number) =>
      (use.lastUsedAtMs({ id, issuedAtMs: startMs - 1, lastUsedAtMs }) - startMs) / 1000,
  }
}

test('however often a session is used, it is written once a minute, with others', async () => {
  const { clock, use, written } = startRig()
  for (let second = 0; second < 59; second += 1) {
    for (const id of ['a', 'b']) use.mark(id)
    clock.advance(1000)
  }
  assert.deepEqual(await written(), [])
  clock.advance(1000)
  assert.deepEqual(await written(), ['a b at 0'])
  clock.advance(10 * minuteMs)
  assert.deepEqual(await written(), [])
  assert.equal(clock.pending, 0)
})

test('of many those of one minute are written together, so many at once', async () => {
  const { clock, use, written } = startRig()
  for (let index = 0; index < 1_100; index += 1) use.mark(`s${index}`)
  clock.advance(minuteMs)
  assert.deepEqual(await written(), ['500 of them at 0', '500 of them at 0', '100 of them at 0'])
})

test('an open tunnel is a use, and the last one when it has closed', async () => {
  const { clock, use, withTunnel, written, lastUsed } = startRig()
  use.mark('a')
  withTunnel.add('a')
  clock.advance(minuteMs)
  assert.deepEqual(await written(), ['a at 1'])
  clock.advance(3 * minuteMs)
  assert.deepEqual(await written(), ['a at 4'])
  assert.equal(lastUsed('a'), 240)
  withTunnel.delete('a')
  clock.advance(9 * minuteMs)
  assert.deepEqual(await written(), [])
  assert.equal(clock.pending, 0)
  assert.equal(lastUsed('a'), 240)
})

test('of too many, one with a tunnel goes after one that is used at the same moment', () => {
  const { use, withTunnel } = startRig()
  const [newer, older] = ['newer', 'older'].map((id) => ({ id, issuedAtMs: startMs }))
  withTunnel.add('older')
  use.mark('newer')
  const sessions = [newer, older] as unknown as Parameters<typeof use.beyond>[1]
  assert.deepEqual(
    use.beyond(1, sessions).map(({ id }) => id),
    ['newer'],
  )
})

test('what another gateway has seen later counts, and a sign-in without any use', () => {
  const { use, lastUsed } = startRig()
  use.mark('a')
  assert.equal(lastUsed('a', startMs - 5_000), 0)
  assert.equal(lastUsed('a', startMs + 5_000), 5)
  assert.equal(lastUsed('b'), -0.001)
})

test('a store that fails is tried again, and a session that has ended is not written', async () => {
  const { clock, use, warned, written, fail } = startRig()
  fail(new Error('the disk is full'))
  for (const id of ['a', 'b']) use.mark(id)
  clock.advance(minuteMs)
  assert.deepEqual(await written(), [])
  assert.deepEqual(warned, ['the last use of sessions is not kept'])
  fail(undefined)
  use.forget('b')
  clock.advance(minuteMs)
  assert.deepEqual(await written(), ['a at 0'])
})

test('what was used since the last minute is written at the end, and nothing after it', async () => {
  const { clock, use, written } = startRig()
  use.mark('a')
  await use.close()
  use.mark('b')
  clock.advance(9 * minuteMs)
  assert.deepEqual(await written(), ['a at 0'])
})

test('a session says what it was signed in for and from where, and its last use at any gateway', async (t) => {
  const alice = { id: 'u-a', email: 'alice@example.com', name: 'Alice', groups: [] }
  const idp = await startDevIdp({ people: [alice], asksNothing: true })
  t.after(() => idp.close(0))
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const { identity, clock } = await openIdentity(idp, { store })
  t.after(() => identity.close())
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  const ids: string[] = []
  for (const [carries, client] of [
    ['nothing', 'browser'],
    ['code', 'command-line'],
    ['token', 'command-line'],
  ] as const) {
    const target = { returnTo: 'http://127.0.0.1:1234/', carries }
    const asked = { cookieHeader: undefined, address, provider: 'default' }
    const begun = await identity.signIn.begin({ ...asked, target })
    const { url } = await signInWithForms(begun.location, { email: alice.email }, { stopBefore })
    const cookieHeader = asCookieHeader(begun.cookies)
    const { session } = await identity.signIn.finish({ ...asked, cookieHeader, search: url.search })
    assert.deepEqual([session.client, session.address], [client, address])
    ids.push(session.id)
  }
  const laterMs = clock.now() + 5 * minuteMs
  await store.sessions.markUsed(ids.slice(0, 1), laterMs)
  const times = new Map(
    (await identity.sessions.list()).map(({ id, lastUsedAtMs }) => [id, lastUsedAtMs]),
  )
  assert.deepEqual(
    ids.map((id) => times.get(id)),
    [laterMs, clock.now(), clock.now()],
  )
  await identity.close()
  const stored = await store.sessions.getFacts(ids[1] ?? '')
  assert.equal(stored?.lastUsedAtMs, clock.now() - (clock.now() % minuteMs))
})

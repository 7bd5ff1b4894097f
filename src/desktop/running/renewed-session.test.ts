import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock, type Clock } from '../../clock.ts'
import { followSignIn, startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { echoed, hurriedClock, openDaemonRig } from './daemon.fixture.ts'

const hourMs = 3_600_000

/** What is due within minutes comes in a moment; what is hours away when the clock is moved there. */
function movedClock(): Clock & { move(durationMs: number): void } {
  let aheadMs = 0
  const waiting = new Set<{ readonly dueMs: number; readonly callback: () => void }>()
  const now = (): number => systemClock.now() + aheadMs
  return {
    now,
    schedule(delayMs, callback) {
      if (delayMs < hourMs) return hurriedClock.schedule(delayMs, callback)
      const entry = { dueMs: now() + delayMs, callback }
      waiting.add(entry)
      return { [Symbol.dispose]: () => void waiting.delete(entry) }
    },
    move(durationMs) {
      aheadMs += durationMs
      for (const entry of waiting) {
        if (entry.dueMs > now()) continue
        waiting.delete(entry)
        entry.callback()
      }
    },
  }
}

/** A gateway that says until when its session lasts: `lifeMs` after each sign-in. */
async function startGateway(clock: Clock, renews = true) {
  const answers: Record<string, { status: number; body: string }> = {}
  const gateway = await startFakeGateway({ renews, answers })
  const signedIn = (): string => {
    const end = new Date(clock.now() + 14 * hourMs).toISOString()
    const body = JSON.stringify({ email: 'ada@example.com', session_expires_at: end })
    answers[gatewayPaths.user] = { status: 200, body }
    return end
  }
  return { gateway, signedIn }
}

test('a session in use is renewed by one tab before its end, and its tunnel goes on', async () => {
  const clock = movedClock()
  const { gateway: started, signedIn } = await startGateway(clock)
  await using gateway = started
  let end = ''
  await using rig = await openDaemonRig({
    clock,
    browser(url) {
      end = signedIn()
      return followSignIn(url)
    },
  })
  const { daemon } = rig
  const id = await rig.add(gateway)
  await daemon.up([id])
  const socket = await rig.dial(id)
  await echoed(socket)
  const first = await rig.untilGateway(gateway.origin, (view) => view.session_ends_at === end)
  assert.deepEqual([first.session, rig.opened.length], ['signed-in', 1])

  const renewed = Promise.withResolvers<void>()
  using _ = daemon.onEntry(({ message }) => {
    if (message === `the session at "${gateway.origin}" was renewed`) renewed.resolve()
  })
  clock.move(13.75 * hourMs)
  // Somebody is still there.
  await echoed(socket, 'again')
  await renewed.promise
  const second = await rig.untilGateway(
    gateway.origin,
    (view) => view.session_ends_at === end && end !== first.session_ends_at,
  )
  assert.deepEqual([second.session, second.sign_in_url], ['signed-in', undefined])
  assert.equal(rig.opened.length, 2)
  await echoed(socket, 'and again')
  assert.deepEqual(rig.told, [`the session at "${gateway.origin}" ends in 14 minutes`])
  const said = daemon.logOf(id).map(({ message }) => message)
  assert.ok(said.includes(`renewing the session at "${gateway.origin}"`), said.join('\n'))
  socket.destroy()
})

test('a session is renewed at a button, and stays good meanwhile', async () => {
  const clock = movedClock()
  const { gateway: started, signedIn } = await startGateway(clock)
  await using gateway = started
  signedIn()
  let isAtScreen = true
  await using rig = await openDaemonRig({
    clock,
    browser: (url) => isAtScreen && followSignIn(url),
  })
  const id = await rig.add(gateway)
  await rig.daemon.up([id])
  const socket = await rig.dial(id)
  await echoed(socket)
  await rig.untilGateway(gateway.origin, ({ person }) => person !== undefined)
  isAtScreen = false
  const [link] = rig.daemon.links.all()
  const { url } = (await link?.signIn(true)) ?? {}
  assert.match(url ?? '', /postern_renews/)
  assert.equal(rig.opened.length, 2)
  const view = rig.daemon.view().gateways[0]
  assert.deepEqual([view?.session, view?.sign_in_url], ['signed-in', url])
  assert.equal((await link?.signIn(true))?.url, url, 'a second click is the same renewal')
  assert.equal(rig.daemon.viewOf(id).state, 'connected')
  const end = signedIn()
  await followSignIn(url ?? '')
  const after = await rig.untilGateway(
    gateway.origin,
    ({ session_ends_at: endsAt, sign_in_url: address }) => endsAt === end && address === undefined,
  )
  assert.equal(after.session, 'signed-in')
  await echoed(socket, 'still there')
  assert.equal((await link?.signIn())?.url, undefined, 'nobody is asked who is signed in')
  socket.destroy()
})

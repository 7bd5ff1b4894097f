import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createCutTunnels, keptMs, maxKept, type EndedTunnel } from './cut-tunnels.ts'

function ended(requestId: string, more: Partial<EndedTunnel> = {}): EndedTunnel {
  return { requestId, ended: 'session-revoked', reasons: [], route: { contact: '' }, ...more }
}

test('a cut is told for five minutes, and then forgotten', () => {
  const clock = createFakeClock()
  const cut = createCutTunnels(clock)
  cut.add(ended('a'))
  clock.advance(60_000)
  cut.add(ended('b'))
  clock.advance(keptMs - 60_001)
  assert.equal(cut.find('a')?.code, 'session-revoked')
  clock.advance(1)
  assert.equal(cut.find('a'), undefined)
  assert.equal(cut.find('b')?.requestId, 'b')
  clock.advance(60_000)
  assert.equal(cut.find('b'), undefined)
  assert.equal(clock.pending, 0, 'nothing is left to be forgotten')
})

test('the oldest is forgotten where there are too many', () => {
  const cut = createCutTunnels(createFakeClock())
  for (let i = 0; i <= maxKept; i += 1) cut.add(ended(`t${i}`))
  assert.equal(cut.find('t0'), undefined)
  assert.ok(cut.find('t1'))
  assert.ok(cut.find(`t${maxKept}`))
})

test('an end that is nobody’s doing, or the programs’ own, is not kept', () => {
  const cut = createCutTunnels(createFakeClock())
  for (const end of ['client-closed', 'upstream-closed', 'client-reset', 'upstream-reset'] as const)
    cut.add(ended(end, { ended: end }))
  assert.equal(cut.find('client-closed'), undefined)
  assert.equal(cut.find('upstream-reset'), undefined)
})

test('a policy that changed says its reasons in words, and whom to ask', () => {
  const cut = createCutTunnels(createFakeClock())
  const reasons = ['email-unauthorized']
  const route = { contact: 'dba@example.com' }
  cut.add(ended('a', { ended: 'policy-changed', reasons, route }))
  const reason = cut.find('a')
  assert.deepEqual(reason?.reasons, reasons)
  assert.match(reason.message, /no longer allows it: your email address is not among those/)
  assert.equal(reason.next, 'ask dba@example.com for access, and give the request id')
})

test('the end of access that was given for a while says until when, and by whom', () => {
  const clock = createFakeClock(Date.parse('2026-11-29T15:04:00Z'))
  const cut = createCutTunnels(clock)
  const tell = (untilMs: number, isBreakGlass = false): string | undefined => {
    const access = { id: 'q', untilMs, by: 'alice@example.com', isBreakGlass }
    cut.add(ended('a', { ended: 'access-ended', access }))
    return cut.find('a')?.message
  }
  const now = clock.now()
  assert.equal(tell(now), 'access granted by alice@example.com until 15:04 UTC has ended')
  const early =
    'access granted by alice@example.com until 2026-11-30 15:04 UTC was ended before that'
  assert.equal(tell(now + 86_400_000), early)
  assert.match(tell(now, true) ?? '', /^access taken in an emergency until 15:04 UTC has ended$/)
})

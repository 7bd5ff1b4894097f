import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { testCaller, testRoute, testSession } from './access.fixture.ts'
import { nobodyBlocked } from '../identity/blocked-people.fixture.ts'
import { AccessError } from '../errors.ts'
import { createAskAgain } from './ask-again.ts'
import { createTestAuthorize } from './live-tunnels.fixture.ts'

const from = 'tcp+https://db.example.com:5432'
const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
const alice = testSession('alice', 'alice@example.com')

test('whoever is blocked while their provider is asked about them gets no grant', async () => {
  const clock = createFakeClock(Date.parse('2026-11-29T14:00:00Z'))
  const route = testRoute(from, [1], { allow: { or: [{ email: 'alice@example.com' }] } })
  let isBlocked = false
  const check = (): void => {
    if (isBlocked) throw new AccessError('person-blocked', 'blocked')
  }
  const authorize = createTestAuthorize(clock, undefined, undefined, { ...nobodyBlocked, check })
  const asked = Promise.withResolvers<boolean>()
  const askAgain = createAskAgain({
    clock,
    identity: { askProvider: () => asked.promise, session: () => Promise.resolve(undefined) },
    decide: {
      foreseen: () => ({
        outcome: 'deny',
        allow: { value: false, reasons: ['email-unauthorized'] },
        deny: { value: false, reasons: [] },
        validUntilMs: undefined,
      }),
    },
    matchRoute: () => route,
  })
  const known = testCaller({ ...alice, refreshedAtMs: 0 }, 1)
  const caller = askAgain(known, target, new AbortController().signal)
  isBlocked = true
  asked.resolve(false)
  const request = { requestId: 'r', target, authority: 'db.example.com:5432' }
  const found = await caller
  assert.equal(found.session?.id, alice.id, 'as it was before they were blocked')
  assert.throws(() => authorize(request, found, { route }), { code: 'person-blocked' })
  isBlocked = false
  assert.equal(authorize(request, found, { route }).decision.outcome, 'allow')
})

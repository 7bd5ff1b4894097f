import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { challengeId, challengeLifeMs, createChallenges } from './challenges.ts'

const startMs = Date.UTC(2026, 10, 30)
const byTls = challengeId('tls-alpn-01', 'db.example.com')
const byHttp = challengeId('http-01', 'a-token')
const shown = { text: 'a certificate', privateKey: 'a key' }

test('a challenge goes when it is taken away, and otherwise by itself', () => {
  const clock = createFakeClock(startMs)
  const challenges = createChallenges(clock)
  challenges.put(byTls, shown)
  challenges.put(byHttp, { text: 'a token.a thumbprint', privateKey: undefined })
  clock.advance(challengeLifeMs - 1)
  assert.equal(challenges.isEmpty, false)
  assert.deepEqual(challenges.certificateFor('db.example.com'), {
    cert: 'a certificate',
    key: 'a key',
  })
  assert.equal(challenges.keyAuthorization('a-token'), 'a token.a thumbprint')
  clock.advance(1)
  assert.equal(challenges.isEmpty, true)
  assert.equal(challenges.certificateFor('db.example.com'), undefined)
  assert.equal(challenges.keyAuthorization('a-token'), undefined)
  challenges.put(byTls, shown)
  assert.equal(challenges.isEmpty, false)
  challenges.remove(byTls)
  assert.equal(challenges.isEmpty, true)
})

test('one that was shown before has only what is left, and one of a clock that is ahead no more than its life', () => {
  const clock = createFakeClock(startMs)
  const challenges = createChallenges(clock)
  challenges.put(byTls, shown, startMs - 60_000)
  clock.advance(challengeLifeMs - 60_000)
  assert.equal(challenges.isEmpty, true)
  challenges.put(byTls, shown, clock.now() + 86_400_000)
  clock.advance(challengeLifeMs)
  assert.equal(challenges.isEmpty, true)
})

test('no connection is looked at for a proof that is shown by plain HTTP', () => {
  const challenges = createChallenges(createFakeClock(startMs))
  challenges.put(byHttp, { text: 'a token.a thumbprint', privateKey: undefined })
  assert.equal(challenges.isEmpty, true)
})

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { createCodes, isCodeChallenge } from './codes.ts'

const verifier = 'a-verifier-of-at-least-forty-three-characters'
const challenge = hash('sha256', verifier, 'base64url')

const session = { id: 's-1', expiresAtMs: 9_000 }

async function setUp(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock()
  return { codes: createCodes(store.codes, clock), clock, store }
}

test('a code and its verifier give the session, once', async (t) => {
  const { codes } = await setUp(t)
  const code = await codes.issue(session, challenge)
  assert.match(code, /^9000\.[\w-]{43}$/)
  assert.deepEqual(await codes.redeem(code, verifier), {
    sessionId: 's-1',
    renewedAtMs: undefined,
    endsAtMs: 9_000,
  })
  assert.equal(await codes.redeem(code, verifier), undefined)
})

test('the verifier of RFC 7636 appendix B fits its challenge', async (t) => {
  const { codes } = await setUp(t)
  const code = await codes.issue(session, 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  const redeemed = await codes.redeem(code, 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
  assert.equal(redeemed?.sessionId, 's-1')
})

test('a code that renews says since when, and no other can be made one', async (t) => {
  const { codes, clock } = await setUp(t)
  const signedInAtMs = clock.now()
  const code = await codes.issue(session, challenge, true)
  clock.advance(30_000)
  assert.deepEqual(await codes.redeem(code, verifier), {
    sessionId: 's-1',
    renewedAtMs: signedInAtMs,
    endsAtMs: Infinity,
  })
  const plain = await codes.issue(session, challenge)
  assert.equal(await codes.redeem(`renewal.${plain}`, verifier), undefined)
  const renewing = await codes.issue(session, challenge, true)
  assert.equal(await codes.redeem(renewing.slice('renewal.'.length), verifier), undefined)
})

test('a code of an earlier release, which says no end, is good as long as its session', async (t) => {
  const { codes, clock, store } = await setUp(t)
  const former = 'x'.repeat(43)
  const expiresAtMs = clock.now() + 1
  const record = { sessionId: 's-1', challenge, expiresAtMs }
  await store.codes.add({ ...record, hash: hash('sha256', former, 'base64url') })
  assert.deepEqual(await codes.redeem(former, verifier), {
    sessionId: 's-1',
    renewedAtMs: undefined,
    endsAtMs: Infinity,
  })
})

test('a wrong verifier spends the code', async (t) => {
  const { codes } = await setUp(t)
  for (const wrong of [`${verifier}x`, '', challenge]) {
    const code = await codes.issue(session, challenge)
    assert.equal(await codes.redeem(code, wrong), undefined)
    assert.equal(await codes.redeem(code, verifier), undefined)
  }
})

test('a code is good for less than a minute', async (t) => {
  const { codes, clock } = await setUp(t)
  const [early, late] = [
    await codes.issue(session, challenge),
    await codes.issue({ ...session, id: 's-2' }, challenge),
  ]
  clock.advance(59_999)
  assert.equal((await codes.redeem(early, verifier))?.sessionId, 's-1')
  clock.advance(1)
  assert.equal(await codes.redeem(late, verifier), undefined)
})

test('only an S256 challenge is taken, and an unknown code is nobody', async (t) => {
  const { codes } = await setUp(t)
  for (const wrong of ['', 'plain', `${challenge}=`, `${challenge}x`]) {
    assert.equal(isCodeChallenge(wrong), false)
    await assert.rejects(codes.issue(session, wrong), RangeError)
  }
  assert.equal(await codes.redeem('never-issued', verifier), undefined)
})

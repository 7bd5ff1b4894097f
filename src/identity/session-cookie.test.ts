import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findCookie, parseCookies } from './cookies.ts'
import { seal } from './sealed.ts'
import { createSessionCookie } from './session-cookie.ts'
import type { Session } from './session.ts'
import { threadMs } from '../thread-time.fixture.ts'

const key = new Uint8Array(32).fill(3)
const cookie = createSessionCookie('gate', key)
const session = { id: 'the-session-id', issuedAtMs: 5_000, expiresAtMs: 3_605_500 } as Session

const pairOf = (setCookie: string): string => setCookie.split(';')[0] ?? ''

test('the cookie names the session to us and nothing to its bearer', async () => {
  const setCookie = await cookie.issue(session)
  assert.match(
    setCookie,
    /^__Host-gate=\S+; Path=\/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax$/,
  )
  assert.ok(!Buffer.from(setCookie, 'base64url').includes('the-session-id'))
  const read = await cookie.read(`a=1; ${pairOf(setCookie)}; b=2`)
  assert.deepEqual(read, { sessionId: 'the-session-id', endsAtMs: 3_605_500 })
})

test('a cookie that was changed, cut, or made with another key is nobody', async () => {
  const value = pairOf(await cookie.issue(session)).slice('__Host-gate='.length)
  const otherKey = await seal(new Uint8Array(32).fill(4), { sid: session.id })
  await fc.assert(
    fc.asyncProperty(fc.nat(value.length - 1), async (at) => {
      const changed = value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)
      // The last character of a part may hold bits that say nothing.
      if (bytesOf(changed) === bytesOf(value)) return
      assert.equal(await cookie.read(`__Host-gate=${changed}`), undefined)
    }),
    { numRuns: 150 },
  )
  for (const wrong of ['', 'x', value.slice(0, -4), otherKey, 'a'.repeat(5000)]) {
    assert.equal(await cookie.read(`__Host-gate=${wrong}`), undefined)
  }
  assert.equal(await cookie.read(undefined), undefined)
})

function bytesOf(sealed: string): string {
  const parts = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'))
  return parts.join('.')
}

test('a cookie of a former key is read, and none is made by one', async () => {
  const former = new Uint8Array(32).fill(9)
  const after = createSessionCookie('gate', key, [new Uint8Array(32).fill(8), former])
  const old = await createSessionCookie('gate', former).issue(session)
  const read = { sessionId: 'the-session-id', endsAtMs: 3_605_500 }
  assert.deepEqual(await after.read(pairOf(old)), read)
  assert.deepEqual(await cookie.read(pairOf(await after.issue(session))), read)
  assert.equal(await cookie.read(pairOf(old)), undefined)
})

test('a cookie of an earlier release has no end; one that names no session is nobody', async () => {
  const readOf = async (payload: Parameters<typeof seal>[1]) =>
    cookie.read(`__Host-gate=${await seal(key, payload)}`)
  assert.deepEqual(await readOf({ sid: 's' }), { sessionId: 's', endsAtMs: undefined })
  assert.deepEqual(await readOf({ sid: 's', end: 'x' }), { sessionId: 's', endsAtMs: undefined })
  for (const sid of [undefined, 7, null]) assert.equal(await readOf({ sid, end: 1 }), undefined)
})

test('clearing makes a browser forget it at once', () => {
  assert.match(cookie.clear(), /^__Host-gate=; Path=\/; Max-Age=0;/)
})

test('a cookie header is read whatever it holds', () => {
  assert.deepEqual(parseCookies('a=1; b="2" ;c=x=y;; d;=e'), [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
    { name: 'c', value: 'x=y' },
  ])
  for (const [header, value] of [
    ['__Host-a=1', '1'],
    ['b=2; __Host-a=1; __Host-b=3', '1'],
    ['a=1', undefined],
    ['_pomerium=1; __host-a=1; __Secure-a=1', undefined],
    ['__Host-a=1; __Host-a=1', undefined],
    ['__Host-a=1; b=2; __Host-a=2; __Host-a=3', undefined],
    // To a browser these have no prefix: any sibling host may set them.
    ...['\u00a0', '\u2000', '\ufeff', '\v'].map(
      (blank) => [`${blank}__Host-a=1`, undefined] as const,
    ),
    [' \t__Host-a=1', '1'],
  ] as const)
    assert.equal(findCookie(header, 'a'), value, header)
  fc.assert(fc.property(fc.string(), (text) => void parseCookies(text)))
})

test('a cookie field full of blanks takes no time', () => {
  const blanks = ' '.repeat(64 * 1024)
  const startedMs = threadMs()
  assert.deepEqual(parseCookies(`a=b${blanks}c; d${blanks}=${blanks}e${blanks}`), [
    { name: 'a', value: `b${blanks}c` },
    { name: 'd', value: 'e' },
  ])
  // A fraction of one; 4 s where each blank is looked at once for each one after it.
  assert.ok(threadMs() - startedMs < 500)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { signUrl, verifySignedUrl } from './signed-url.ts'

const key = new Uint8Array(32).fill(5)
const nowMs = 1_700_000_000_000
const url = new URL(
  'https://auth.example.com/.pomerium/sign_in?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A1&x=ä+b%20c',
)
const invalid = { name: 'AccessError', code: 'url-signature-invalid' }

test('a signed URL carries the names of the reference and verifies, also from its text', () => {
  const signed = signUrl(url, key, nowMs)
  assert.equal(signed.searchParams.get('pomerium_issued'), '1700000000')
  assert.equal(signed.searchParams.get('pomerium_expiry'), '1700000300')
  verifySignedUrl(new URL(signed.href), key, nowMs)
})

test('it is good for five minutes, with a minute for clocks that differ', () => {
  const signed = signUrl(url, key, nowMs)
  verifySignedUrl(signed, key, nowMs + 360_000)
  verifySignedUrl(signed, key, nowMs - 60_000)
  for (const offMs of [361_000, -61_000]) {
    assert.throws(() => verifySignedUrl(signed, key, nowMs + offMs), { code: 'url-expired' })
  }
})

test('no character can be changed, nothing added, repeated or left out', () => {
  const signed = signUrl(url, key, nowMs)
  const { href } = signed
  fc.assert(
    fc.property(fc.nat(href.length - 1), fc.constantFrom('a', 'Z', '0', '&'), (at, char) => {
      const changed = URL.parse(href.slice(0, at) + char + href.slice(at + 1))
      // Base64url may end in bits that say nothing, and `%3a` is the same as `%3A`.
      if (!changed || at === href.length - 1 || readingOf(changed) === readingOf(signed)) return
      assert.throws(() => verifySignedUrl(changed, key, nowMs), invalid)
    }),
    { numRuns: 300 },
  )
  for (const change of [
    (u: URL) => u.searchParams.append('pomerium_expiry', '9999999999'),
    (u: URL) => u.searchParams.append('pomerium_redirect_uri', 'http://127.0.0.1:2'),
    (u: URL) => u.searchParams.delete('x'),
    (u: URL) => u.searchParams.delete('pomerium_signature'),
    (u: URL) => (u.host = 'other.example.com'),
    (u: URL) => (u.pathname = '/other'),
  ]) {
    const changed = new URL(href)
    change(changed)
    assert.throws(() => verifySignedUrl(changed, key, nowMs), invalid, changed.href)
  }
})

function readingOf({ origin, pathname, searchParams }: URL): string {
  return JSON.stringify([origin, pathname, ...searchParams])
}

test('an unsigned URL, and one signed with another key, are refused', () => {
  assert.throws(() => verifySignedUrl(url, key, nowMs), invalid)
  const signed = signUrl(url, new Uint8Array(32).fill(6), nowMs)
  assert.throws(() => verifySignedUrl(signed, key, nowMs), invalid)
})

test('whoever is refused is told why, and to start again', () => {
  const signed = signUrl(url, key, nowMs)
  const hint = 'start again where you came from'
  assert.throws(() => verifySignedUrl(url, key, nowMs), {
    ...invalid,
    message: 'this sign-in link was not made by this gateway',
    hint,
  })
  assert.throws(() => verifySignedUrl(signed, key, nowMs + 361_000), {
    name: 'AccessError',
    code: 'url-expired',
    message: 'this sign-in link is older than 5 minutes',
    hint,
  })
})

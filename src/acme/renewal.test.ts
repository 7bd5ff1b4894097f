import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificateAuthority } from '../net/certificate.ts'
import {
  countRevocation,
  lateAtMs,
  renewalDueMs,
  replacedFromMs,
  retryAfterMs,
  validityOf,
  type Revocations,
} from './renewal.ts'

const dayMs = 86_400_000

test('a certificate is renewed with two fifths of its life left, and late with a third', () => {
  const validity = { fromMs: 0, untilMs: 90 * dayMs }
  assert.equal(renewalDueMs(validity), 54 * dayMs)
  assert.equal(lateAtMs(validity), 60 * dayMs)
})

test('the life is that of the leaf', async () => {
  const authority = await createCertificateAuthority()
  const notBefore = new Date('2026-03-01T00:00:00Z')
  const notAfter = new Date('2026-03-07T00:00:00Z')
  const { cert } = await authority.issue(['a.example.com'], { notBefore, notAfter })
  const validity = { fromMs: notBefore.getTime(), untilMs: notAfter.getTime() }
  assert.deepEqual(validityOf(`${cert}${authority.cert}`), validity)
  assert.equal(validityOf('none'), undefined)
})

test('waits grow with failures in a row, and no further than six hours', () => {
  const minutes = [1, 2, 3, 8, 100].map((failures) => retryAfterMs(failures) / 60_000)
  assert.deepEqual(minutes, [1, 5, 15, 360, 360])
})

test('one after the other is revoked: five more are asked for in a week', () => {
  let last: Revocations | undefined
  let askedAtMs = 0
  let asked = 0
  for (; askedAtMs < 7 * dayMs; asked += 1) {
    last = countRevocation(last, askedAtMs)
    askedAtMs = replacedFromMs(last)
  }
  assert.equal(asked, 1 + 5)
  assert.equal(countRevocation(last, (last?.atMs ?? 0) + 7 * dayMs).count, 1)
})

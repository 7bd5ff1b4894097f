import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDays, parseExpiry } from './expiry.ts'

const nowMs = Date.UTC(2026, 0, 1)
const at = (text: string): string | undefined | null => parseExpiry(text, nowMs)?.toISOString()

test('an expiry is a duration from now, days included, a date, or a moment', () => {
  assert.equal(at('90d'), '2026-04-01T00:00:00.000Z')
  assert.equal(at('1h30m'), '2026-01-01T01:30:00.000Z')
  assert.equal(at('2027-03-01'), '2027-03-01T00:00:00.000Z')
  assert.equal(at('2027-03-01T09:00:00+01:00'), '2027-03-01T08:00:00.000Z')
  assert.equal(parseExpiry('never', nowMs), null)
})

test('what is none of these is none', () => {
  for (const text of ['', '90', 'd', '1.5d', '-1d', '2027-02-30', 'tomorrow', '9999999d', '90 d']) {
    assert.equal(parseExpiry(text, nowMs), undefined, text)
  }
})

test('days are a duration', () => {
  assert.equal(parseDays('7d'), 604_800_000)
  assert.equal(parseDays('12h'), 43_200_000)
  assert.equal(parseDays('7days'), undefined)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatBytes,
  formatDuration,
  formatMoment,
  formatNumberOf,
} from '../../src/web/ui/format.ts'
import { formatDate } from '../../src/web/ui/date-format.ts'
import { sentence } from '../../src/web/ui/sentence.ts'

test('bytes are shown with three figures and a unit', () => {
  const shown = [0, 1, 1023, 1024, 1536, 102_400, 1_048_064, 1_048_576, 5e12].map(formatBytes)
  assert.deepEqual(shown, [
    '0 B',
    '1 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '100 KiB',
    '1.0 MiB',
    '1.0 MiB',
    '4.5 TiB',
  ])
})

test('a duration has two units at most, and is never more than has passed', () => {
  const minute = 60_000
  const shown = [-5, 999, 59_999, minute, 59.9 * minute, 60 * minute, 185 * minute, 1_500 * minute]
  assert.deepEqual(shown.map(formatDuration), [
    '0 s',
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '3 h 5 min',
    '1 d 1 h',
  ])
})

test('a moment of today is a time, another one has its day, and its year where that is another', () => {
  const now = new Date(2026, 5, 15, 12)
  assert.doesNotMatch(formatMoment(new Date(2026, 5, 15, 9, 30), now), /15|2026/)
  assert.match(formatMoment(new Date(2026, 5, 14, 9, 30), now), /14/)
  assert.doesNotMatch(formatMoment(new Date(2026, 5, 14, 9, 30), now), /2026/)
  assert.match(formatMoment(new Date(2025, 5, 14, 9, 30), now), /2025/)
})

test('a moment reads as the browser writes it, and one that is none is said to be that', () => {
  const at = new Date(2026, 5, 15, 9, 30, 7)
  assert.equal(formatDate('time', at), at.toLocaleTimeString(undefined, { timeStyle: 'medium' }))
  const full = { dateStyle: 'full', timeStyle: 'long' } as const
  assert.equal(formatDate('full', at), at.toLocaleString(undefined, full))
  assert.equal(
    formatDate('shortTime', at),
    at.toLocaleTimeString(undefined, { timeStyle: 'short' }),
  )
  const day = { day: 'numeric', month: 'short' } as const
  assert.equal(formatDate('dayAlone', at), at.toLocaleDateString(undefined, day))
  const weekday = { weekday: 'short', ...day } as const
  assert.equal(formatDate('weekday', at), at.toLocaleDateString(undefined, weekday))
  const time = { hour: '2-digit', minute: '2-digit' } as const
  assert.equal(
    formatDate('weekdayAndTime', at),
    at.toLocaleString(undefined, { ...weekday, ...time }),
  )
  assert.equal(formatMoment(new Date('soon')), 'Invalid Date')
})

test('one is one, and others are many', () => {
  assert.equal(formatNumberOf(1, 'session'), '1 session')
  assert.match(formatNumberOf(10_000, 'session'), /^10.?000 sessions$/)
  assert.equal(formatNumberOf(2, 'person', 'people'), '2 people')
})

test('what the gateway says becomes a sentence, once', () => {
  assert.equal(sentence('the gateway does not answer'), 'The gateway does not answer.')
  assert.equal(sentence('Try again?'), 'Try again?')
})

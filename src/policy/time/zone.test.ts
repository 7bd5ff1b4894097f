import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dayMs, nextChangeMs, parseZone, type WallWindow, type Zone } from './zone.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

// Moments at which the clocks of a zone jump, with one plain zone.
const jumps = [
  ['UTC', '2026-03-04T12:00:00Z'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['America/St_Johns', '2026-11-01T04:30:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Asia/Kathmandu', '2026-01-01T00:00:00Z'],
] as const

function zoneOf(name: string): Zone {
  return parseZone(name) ?? assert.fail(`no zone ${name}`)
}

/** Day of the week (1 January 1970 is 0) and minute of the day, read from another formatter. */
function slowWall(format: Intl.DateTimeFormat, atMs: number): { day: number; minute: number } {
  const [date = '', time = ''] = format.format(atMs).split(' ')
  const [hours, minutes] = time.split(':').map(Number)
  const day = Math.floor(Date.parse(`${date}T00:00:00Z`) / dayMs)
  return { day: ((day % 7) + 7) % 7, minute: (hours ?? 0) * 60 + (minutes ?? 0) }
}

function slowFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
}

/** Looks at every step after a moment until the answer is another one. */
function scan(
  holds: (atMs: number) => boolean,
  nowMs: number,
  stepMs: number,
  steps: number,
): number | undefined {
  const now = holds(nowMs)
  const firstMs = (Math.floor(nowMs / stepMs) + 1) * stepMs
  for (let step = 0; step < steps; step += 1) {
    if (holds(firstMs + step * stepMs) !== now) return firstMs + step * stepMs
  }
  return undefined
}

const jump = fc.constantFrom(...jumps)

test('walls show what another formatter shows', () => {
  const moment = fc.integer({ min: dayMs, max: Date.UTC(2040, 0) })
  fc.assert(
    fc.property(jump, moment, ([name], atMs) => {
      const format = new Intl.DateTimeFormat('sv-SE', {
        timeZone: name,
        dateStyle: 'short',
        timeStyle: 'medium',
      })
      const shown = new Date(zoneOf(name).wallMs(atMs)).toISOString()
      assert.equal(shown.slice(0, 19).replace('T', ' '), format.format(atMs))
      assert.equal(zoneOf(name).wallMs(atMs) % 1000, atMs % 1000)
    }),
    { numRuns: 200 },
  )
})

test('a window of hours changes next when a slow scan says so', () => {
  const near = fc.integer({ min: -30 * 60, max: 3 * 60 })
  const minute = fc.integer({ min: 0, max: 24 * 60 - 1 })
  fc.assert(
    fc.property(jump, near, minute, minute, ([name, moment], aheadMinutes, start, end) => {
      fc.pre(start !== end)
      const isOpen = (at: number): boolean =>
        start < end ? start <= at && at < end : start <= at || at < end
      const window: WallWindow = {
        boundariesMs: [start * minuteMs, end * minuteMs],
        holds: (wallMs) => isOpen(Math.floor((wallMs % dayMs) / minuteMs)),
      }
      const nowMs = Date.parse(moment) + aheadMinutes * minuteMs + 1234
      const format = slowFormat(name)
      const expected = scan(
        (atMs) => isOpen(slowWall(format, atMs).minute),
        nowMs,
        minuteMs,
        3 * 24 * 60,
      )
      assert.equal(nextChangeMs(zoneOf(name), window, nowMs), expected)
    }),
    { numRuns: 80 },
  )
})

test('days of the week change next when a slow scan says so', () => {
  const days = fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 6 })
  const near = fc.integer({ min: -7 * 24, max: 24 })
  fc.assert(
    fc.property(jump, near, days, ([name, moment], aheadHours, days) => {
      const window: WallWindow = {
        boundariesMs: [0],
        holds: (wallMs) => days.includes(Math.floor(wallMs / dayMs) % 7),
      }
      const nowMs = Date.parse(moment) + aheadHours * hourMs
      const format = slowFormat(name)
      const expected = scan(
        (atMs) => days.includes(slowWall(format, atMs).day),
        nowMs,
        15 * minuteMs,
        15 * 24 * 4,
      )
      assert.equal(nextChangeMs(zoneOf(name), window, nowMs), expected)
    }),
    { numRuns: 80 },
  )
})

test('a change is on the millisecond and strictly later', () => {
  const window: WallWindow = {
    boundariesMs: [5, 7],
    holds: (wallMs) => wallMs % dayMs >= 5 && wallMs % dayMs < 7,
  }
  const utc = zoneOf('UTC')
  assert.equal(nextChangeMs(utc, window, 0), 5)
  assert.equal(nextChangeMs(utc, window, 4), 5)
  assert.equal(nextChangeMs(utc, window, 5), 7)
  assert.equal(nextChangeMs(utc, window, 7), dayMs + 5)
})

test('what always holds never changes', () => {
  const always = { boundariesMs: [0], holds: () => true }
  assert.equal(nextChangeMs(zoneOf('Europe/Berlin'), always, 0), undefined)
})

test('zones are IANA names and offsets', () => {
  for (const name of ['UTC', 'Europe/Berlin', '+05:30']) assert.ok(parseZone(name), name)
  for (const name of ['', 'Local', 'Berlin', 'Europe/Berlin ', 'GMT+1']) {
    assert.equal(parseZone(name), undefined, name)
  }
})

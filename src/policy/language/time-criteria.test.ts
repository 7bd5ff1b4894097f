import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, criterionProblems, decide, verdict } from './policy.suite.ts'
import type { Verdict } from '../decision.ts'

/** What a criterion says at a moment, and until which moment that holds. */
function at(moment: string, criterion: unknown): { allow: Verdict; until: string | undefined } {
  const document = { allow: { or: [criterion] } }
  const { allow, validUntilMs } = decide(document, { nowMs: Date.parse(moment) })
  const until = validUntilMs === undefined ? undefined : new Date(validUntilMs).toISOString()
  return { allow, until }
}

test('date holds from after on until just before before', () => {
  const criterion = { date: { after: '2026-03-01T09:00:00+01:00', before: '2026-04-01' } }
  const outside = verdict(false, 'date-unauthorized')
  assert.deepEqual(at('2026-03-01T07:59:59.999Z', criterion), {
    allow: outside,
    until: '2026-03-01T08:00:00.000Z',
  })
  assert.deepEqual(at('2026-03-01T08:00:00Z', criterion), {
    allow: verdict(true, 'date-ok'),
    until: '2026-04-01T00:00:00.000Z',
  })
  assert.equal(at('2026-03-31T23:59:59.999Z', criterion).allow.value, true)
  assert.deepEqual(at('2026-04-01T00:00:00Z', criterion), { allow: outside, until: undefined })
})

test('date needs only one end', () => {
  assert.equal(at('2026-03-01T00:00:00Z', { date: { after: '2026-03-01' } }).allow.value, true)
  assert.equal(at('2026-03-01T00:00:00Z', { date: { before: '2026-03-01' } }).allow.value, false)
  assert.equal(at('2026-03-01T00:00:00Z', { date: { after: '2026-03-01' } }).until, undefined)
})

test('date refuses what would never hold or mean another moment on each machine', () => {
  const expected = 'must be a date or a moment such as "2026-03-01T09:00:00Z", not'
  assert.deepEqual(criterionProblems({ date: { after: '2026-03-01T09:00:00', before: 2026 } }), [
    `date.after: ${expected} "2026-03-01T09:00:00"`,
    `date.before: ${expected} a number`,
  ])
  assert.deepEqual(criterionProblems({ date: { after: '2026-03-01', before: '2026-03-01' } }), [
    'date: would never hold: "after" is not before "before"',
  ])
  assert.deepEqual(criterionProblems({ date: {} }), ['date: must have "after", "before" or both'])
  assert.deepEqual(criterionProblems({ date: { aftr: 'x' } }), [
    'date.aftr: unknown key "aftr", expected "after" or "before" (did you mean "after"?)',
  ])
  assert.deepEqual(criterionProblems({ date: '2026-03-01' }), [
    'date: must be an object with "after" or "before", not a string',
  ])
})

test('day_of_week knows days, lists and ranges, over the weekend too', () => {
  const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const daysOf = (data: unknown): string =>
    week
      .filter(
        (_, index) => at(`2026-03-0${index + 2}T12:00:00Z`, { day_of_week: data }).allow.value,
      )
      .join()
  assert.equal(daysOf('mon,wed'), 'mon,wed')
  assert.equal(daysOf('mon-fri'), 'mon,tue,wed,thu,fri')
  assert.equal(daysOf('fri-mon'), 'mon,fri,sat,sun')
  assert.equal(daysOf('Sunday'), 'sun')
  assert.equal(daysOf(' SAT , Tuesday - wed '), 'tue,wed,sat')
  assert.equal(daysOf('tue-tue'), 'tue')
  assert.equal(daysOf('*'), week.join())
  assert.equal(daysOf({ days: 'thu' }), 'thu')
})

test('day_of_week turns at midnight, in UTC or in its own zone', () => {
  const friday = { day_of_week: 'fri' }
  assert.deepEqual(at('2026-03-05T23:59:59.999Z', friday), {
    allow: verdict(false, 'day-of-week-unauthorized'),
    until: '2026-03-06T00:00:00.000Z',
  })
  assert.deepEqual(at('2026-03-06T12:00:00Z', friday), {
    allow: verdict(true, 'day-of-week-ok'),
    until: '2026-03-07T00:00:00.000Z',
  })
  const tokyo = { day_of_week: { days: 'fri', timezone: 'Asia/Tokyo' } }
  assert.equal(at('2026-03-05T14:00:00Z', tokyo).until, '2026-03-05T15:00:00.000Z')
  assert.equal(at('2026-03-05T15:00:00Z', tokyo).allow.value, true)
  assert.equal(at('2026-03-05T15:00:00Z', { day_of_week: '*' }).until, undefined)
})

test('a day that a zone skipped does not hide the next one', () => {
  // Samoa went from Thursday, 29 December 2011 to Saturday, 31 December.
  const fridays = { day_of_week: { days: 'fri', timezone: 'Pacific/Apia' } }
  assert.equal(at('2011-12-25T00:00:00Z', fridays).until, '2012-01-05T10:00:00.000Z')
})

test('day_of_week refuses what is no day', () => {
  const expected = 'must be a day of the week such as "mon" or "monday", not'
  assert.deepEqual(criterionProblems({ day_of_week: 'mon,tuseday' }), [
    `day_of_week: ${expected} "tuseday" (did you mean "tuesday"?)`,
  ])
  assert.deepEqual(criterionProblems({ day_of_week: '' }), [`day_of_week: ${expected} ""`])
  assert.deepEqual(criterionProblems({ day_of_week: 'mon-wed-fri' }), [
    'day_of_week: must be one day or two with a "-", not "mon-wed-fri"',
  ])
  assert.deepEqual(criterionProblems({ day_of_week: ['mon'] }), [
    'day_of_week: must be days such as "mon-fri", not a list',
  ])
  assert.deepEqual(criterionProblems({ day_of_week: { days: 'mon-', timezone: 'Moon/Sea' } }), [
    `day_of_week.days: ${expected} ""`,
    'day_of_week.timezone: must be a time zone such as "Europe/Berlin" or "UTC", not "Moon/Sea"',
  ])
})

test('time_of_day holds each day between its ends, by the clocks of its zone', () => {
  const office = { time_of_day: { timezone: 'Europe/Berlin', after: '9 AM', before: '17:30' } }
  assert.deepEqual(at('2026-03-04T07:59:59.999Z', office), {
    allow: verdict(false, 'time-of-day-unauthorized'),
    until: '2026-03-04T08:00:00.000Z',
  })
  assert.deepEqual(at('2026-03-04T08:00:00Z', office), {
    allow: verdict(true, 'time-of-day-ok'),
    until: '2026-03-04T16:30:00.000Z',
  })
  assert.equal(at('2026-03-04T16:30:00Z', office).until, '2026-03-05T08:00:00.000Z')
  // The clocks go forward on 29 March: nine o'clock comes an hour earlier in UTC.
  assert.equal(at('2026-03-28T17:00:00Z', office).until, '2026-03-29T07:00:00.000Z')
})

test('time_of_day runs over midnight when after is the later one', () => {
  const night = { time_of_day: { timezone: 'UTC', after: '10 PM', before: '2:20:00' } }
  assert.equal(at('2026-03-04T23:00:00Z', night).until, '2026-03-05T02:20:00.000Z')
  assert.equal(at('2026-03-05T01:00:00Z', night).allow.value, true)
  assert.equal(at('2026-03-05T02:20:00Z', night).allow.value, false)
})

test('time_of_day needs only one end, and ends at midnight', () => {
  const evening = { time_of_day: { timezone: 'UTC', after: '18:00' } }
  assert.equal(at('2026-03-04T20:00:00Z', evening).until, '2026-03-05T00:00:00.000Z')
  const morning = { time_of_day: { timezone: 'UTC', before: '06:00' } }
  assert.equal(at('2026-03-04T00:00:00Z', morning).allow.value, true)
  const whole = { time_of_day: { timezone: 'UTC', before: '23:59:59.999999999' } }
  assert.deepEqual(at('2026-03-04T23:59:59.999Z', whole), {
    allow: verdict(true, 'time-of-day-ok'),
    until: undefined,
  })
})

test('an hour that clocks skip has no window, and one they show twice has it twice', () => {
  const gap = { time_of_day: { timezone: 'Europe/Berlin', after: '02:15', before: '02:45' } }
  assert.equal(at('2026-03-28T12:00:00Z', gap).until, '2026-03-30T00:15:00.000Z')
  assert.equal(at('2026-10-25T00:45:00Z', gap).until, '2026-10-25T01:15:00.000Z')
  // Midnight itself was skipped in São Paulo: the window begins when the clocks jump into it.
  const late = { time_of_day: { timezone: 'America/Sao_Paulo', after: '00:30', before: '05:00' } }
  assert.equal(at('2018-11-03T12:00:00Z', late).until, '2018-11-04T03:00:00.000Z')
})

test('time_of_day refuses what has no zone, no times or no length', () => {
  const expected = 'must be a time of day such as "17:30" or "5:30 PM", not'
  assert.deepEqual(criterionProblems({ time_of_day: { after: '24:00', before: 930 } }), [
    'time_of_day.timezone: must be a time zone such as "Europe/Berlin" or "UTC", not nothing',
    `time_of_day.after: ${expected} "24:00"`,
    `time_of_day.before: ${expected} a number`,
  ])
  assert.deepEqual(criterionProblems({ time_of_day: { timezone: 'UTC' } }), [
    'time_of_day: must have "after", "before" or both',
  ])
  for (const window of [{ after: '9:00', before: '9 AM' }, { before: '00:00' }]) {
    assert.deepEqual(criterionProblems({ time_of_day: { timezone: 'UTC', ...window } }), [
      'time_of_day: would never hold: it ends when it begins',
    ])
  }
})

test('one end of a window may be absent, and the other is its only one', () => {
  const nowMs = Date.UTC(2026, 2, 4, 12)
  const holds = (criterion: unknown): boolean => ask(criterion, { nowMs }).value
  assert.equal(holds({ date: { before: '2026-03-05' } }), true)
  assert.equal(holds({ date: { before: '2026-03-04' } }), false)
  assert.equal(holds({ date: { after: '2026-03-04' } }), true)
  assert.equal(holds({ date: { after: '2026-03-05' } }), false)
  const of = (window: object) => holds({ time_of_day: { timezone: 'UTC', ...window } })
  assert.deepEqual([of({ after: '12:00' }), of({ after: '12:00:00.001' })], [true, false])
  assert.deepEqual([of({ before: '12:00' }), of({ before: '12:00:00.001' })], [false, true])
  assert.deepEqual(
    [of({ after: '12:00', before: '9:00' }), of({ after: '13:00', before: '12:00' })],
    [true, false],
  )
})

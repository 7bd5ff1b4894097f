import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMoment, parseTimeOfDay } from './texts.ts'

const hourMs = 3_600_000

test('a date alone is its first moment in UTC', () => {
  assert.equal(parseMoment('2024-02-29'), Date.UTC(2024, 1, 29))
})

test('a moment has an offset, and fractions down to the millisecond', () => {
  assert.equal(parseMoment('2020-01-02T16:20:00Z'), Date.UTC(2020, 0, 2, 16, 20))
  assert.equal(parseMoment('2020-01-02t16:20z'), Date.UTC(2020, 0, 2, 16, 20))
  assert.equal(parseMoment('2020-01-02T16:20:00-05:30'), Date.UTC(2020, 0, 2, 21, 50))
  assert.equal(parseMoment('2020-01-02T16:20:00.5Z'), Date.UTC(2020, 0, 2, 16, 20, 0, 500))
  assert.equal(parseMoment('2020-01-02T16:20:00.123999Z'), Date.UTC(2020, 0, 2, 16, 20, 0, 123))
})

test('every moment that Date writes is read as that moment', () => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
  fc.assert(fc.property(date, (date) => parseMoment(date.toISOString()) === date.getTime()))
})

test('dates that do not exist, and times without an offset, are no moments', () => {
  for (const text of [
    '',
    '2023-02-29',
    '2024-02-30T00:00:00Z',
    '2024-13-01',
    '2024-1-1',
    '2024-01-01T10:00:00',
    '2024-01-01T25:00:00Z',
    '2024-01-01 10:00Z',
    '01/02/2024',
    '2024-01-01Z',
    ' 2024-01-01',
    '2024-01-01T10:00:61Z',
    '2024-01-01T10:00:00+0100',
    '2024-01-01T10:00:00.Z',
    '1709164800',
  ]) {
    assert.equal(parseMoment(text), undefined, text)
  }
})

test('times of day have every form that Pomerium takes', () => {
  const afternoonMs = 15 * hourMs + 4 * 60_000
  for (const text of ['3:04 PM', '3:04PM', '15:04', '15:04:00', '15:04:00.000', '3:04 pm']) {
    assert.equal(parseTimeOfDay(text), afternoonMs, text)
  }
  assert.equal(parseTimeOfDay('3 PM'), 15 * hourMs)
  assert.equal(parseTimeOfDay('3PM'), 15 * hourMs)
  assert.equal(parseTimeOfDay('2:20:00'), 2 * hourMs + 20 * 60_000)
  assert.equal(parseTimeOfDay('12 AM'), 0)
  assert.equal(parseTimeOfDay('12:30 PM'), 12.5 * hourMs)
  assert.equal(parseTimeOfDay('15:04:05.035'), afternoonMs + 5035)
  assert.equal(parseTimeOfDay('23:59:59.999999999'), 24 * hourMs)
})

test('every time of day is read as itself in both clocks', () => {
  fc.assert(
    fc.property(fc.nat(23), fc.nat(59), (hour, minute) => {
      const minutes = String(minute).padStart(2, '0')
      const expectedMs = hour * hourMs + minute * 60_000
      assert.equal(parseTimeOfDay(`${hour}:${minutes}`), expectedMs)
      const half = `${((hour + 11) % 12) + 1}:${minutes} ${hour < 12 ? 'AM' : 'PM'}`
      assert.equal(parseTimeOfDay(half), expectedMs)
    }),
  )
})

test('what is no time of day is none', () => {
  for (const text of [
    '',
    '24:00',
    '9',
    '9:5',
    '9:60',
    '0 AM',
    '13 PM',
    '9:00:60',
    '9  AM',
    '-1:00',
    '9:00 XM',
    '9:00:00 AM',
    '09.30',
    '9:00Z',
    '9:00:00.',
    '9:00:00.0000000001',
    '٩:٠٠',
  ]) {
    assert.equal(parseTimeOfDay(text), undefined, text)
  }
})

test('a moment is read to its end, from its beginning, with whatever it leaves out', () => {
  assert.equal(parseMoment('2020-01-02T16:20Z'), Date.UTC(2020, 0, 2, 16, 20))
  assert.equal(parseMoment('2020-01-02T16:20:30Z'), Date.UTC(2020, 0, 2, 16, 20, 30))
  assert.equal(parseMoment('2020-01-02T16:20:30.05Z'), Date.UTC(2020, 0, 2, 16, 20, 30, 50))
  for (const text of ['x2020-01-02', '2020-01-02x', '2020-01-02T16:20:30.05Zx'])
    assert.equal(parseMoment(text), undefined, text)
})

test('a time of day of twelve hours is read to its end, and from its beginning', () => {
  assert.equal(parseTimeOfDay('9 AM'), 9 * hourMs)
  assert.equal(parseTimeOfDay('12 PM'), 12 * hourMs)
  for (const text of ['9 AMx', 'x9 AM', '109 AM', '9:60 AM', '0 PM'])
    assert.equal(parseTimeOfDay(text), undefined, text)
})

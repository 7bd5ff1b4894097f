import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { durationHint, formatDuration, parseDuration, sayDuration, systemClock } from './clock.ts'

describe('a duration', () => {
  test('is read as Go reads it', () => {
    const read = {
      '15m': 900_000,
      '1h30m': 5_400_000,
      '1.5s': 1500,
      '.5s': 500,
      '1.s': 1000,
      '250ms': 250,
      '1us': 0.001,
      '1\u00b5s': 0.001,
      '1\u03bcs': 0.001,
      '0': 0,
      '0s': 0,
    }
    for (const [text, ms] of Object.entries(read)) assert.equal(parseDuration(text), ms, text)
  })

  test('in other words than those of Go is told in these', () => {
    const meant = {
      '14d': 'write 336h',
      '2 weeks': 'write 336h',
      '1d 12h': 'write 36h',
      '90 min': 'write 1h30m',
      '1H': 'write 1h',
      '15m ': 'write 15m',
      '1.5 hours': 'write 1h30m',
      '900': 'add a unit, such as 900s or 900m',
    }
    for (const [text, hint] of Object.entries(meant)) assert.equal(durationHint(text), hint, text)
    const unclear = [
      '',
      '15m',
      '0',
      'soon',
      '1 month',
      '1d or so',
      '0.1 s',
      '-1d',
      '9'.repeat(400) + 'd',
    ]
    for (const text of unclear) assert.equal(durationHint(text), undefined, text)
  })

  test('needs a unit, a sense and an end', () => {
    const refused = [
      '',
      '1',
      '-1s',
      '1e3s',
      '1h 2m',
      '1H',
      '1.5.5s',
      's',
      '.s',
      '1d',
      '15m ',
      ' 15m',
    ]
    for (const text of [...refused, '300000000h', '9'.repeat(400) + 'h']) {
      assert.equal(parseDuration(text), undefined, text)
    }
  })

  test('is the sum of its parts, in whatever order', () => {
    const part = fc.tuple(fc.nat(10_000), fc.constantFrom('ms', 's', 'm', 'h'))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const texts = parts.map(([amount, unit]) => `${amount}${unit}`)
        const sum = texts.reduce((total, text) => total + (parseDuration(text) ?? Number.NaN), 0)
        assert.equal(parseDuration(texts.join('')), sum)
      }),
    )
  })

  test('of any other text is undefined or a number of at least 0', () => {
    const noise = fc.string({
      unit: fc.constantFrom('1', '9', '.', 's', 'm', 'h', 'u', 'n', '-', ' '),
    })
    fc.assert(
      fc.property(noise, (text) => {
        const ms = parseDuration(text)
        assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0))
      }),
    )
  })

  test('is shown short, and rounded up to the next unit where it rounds to it', () => {
    const shown: readonly (readonly [number, string])[] = [
      [0, '0ms'],
      [350, '350ms'],
      [999.4, '999ms'],
      [999.6, '1s'],
      [4200, '4.2s'],
      [59_940, '59.9s'],
      [59_960, '1m'],
      [900_000, '15m'],
      [5_400_000, '1h30m'],
      [3_599_999, '1h'],
    ]
    for (const [ms, text] of shown) assert.equal(formatDuration(ms), text)
  })

  test('is said in words, with nothing left out', () => {
    const said: readonly (readonly [number, string])[] = [
      [0, '0 seconds'],
      [1_000, '1 second'],
      [1_800_000, '30 minutes'],
      [5_400_000, '1 hour 30 minutes'],
      [86_400_000, '1 day'],
      [7 * 86_400_000 + 61_000, '7 days 1 minute 1 second'],
    ]
    for (const [ms, text] of said) assert.equal(sayDuration(ms), text)
  })

  test('of whole seconds is shown as what it parses from', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
        assert.equal(parseDuration(formatDuration(seconds * 1000)), seconds * 1000)
      }),
    )
  })
})

describe('the system clock', () => {
  test('calls back once after a delay', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    let calls = 0
    systemClock.schedule(1000, () => (calls += 1))
    context.mock.timers.tick(999)
    assert.equal(calls, 0)
    context.mock.timers.tick(10_000)
    assert.equal(calls, 1)
  })

  test('waits through a delay that is longer than a timer can be', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    const delayMs = 3 * 2_147_483_647
    let calls = 0
    systemClock.schedule(delayMs, () => (calls += 1))
    for (let step = 0; step < 3; step += 1) {
      assert.equal(calls, 0)
      context.mock.timers.tick(2_147_483_647)
    }
    assert.equal(calls, 1)
  })

  test('does not call back what was disposed', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    let calls = 0
    systemClock.schedule(1000, () => (calls += 1))[Symbol.dispose]()
    context.mock.timers.tick(2000)
    assert.equal(calls, 0)
  })
})

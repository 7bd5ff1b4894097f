import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../crash/random.ts'
import { leastPoints, trendOf, type Point } from './trend.ts'

const count = 30
const alpha = 0.001
const seriesOf = (value: (at: number) => number): Point[] =>
  Array.from({ length: count }, (_, at) => ({ at, value: value(at) }))

test('the figures of a series are those that one works out by hand', () => {
  // Ten values of which each is larger than the last: 45 rises, of variance 125.
  const rising = trendOf(Array.from({ length: 10 }, (_, at) => ({ at: at * 2, value: at * 3 })))
  assert.equal(rising.slope, 1.5)
  assert.equal(rising.growth, 27)
  assert.ok(Math.abs(rising.p - 4.15e-5) < 1e-7, String(rising.p))
  // 1 1 2 2 3 3 4 4: 24 rises of 28 pairs, and four pairs that are equal: variance (1176 - 4 · 18) / 18.
  const stepping = trendOf(
    Array.from({ length: 8 }, (_, at) => ({ at, value: Math.floor(at / 2) })),
  )
  const z = 23 / Math.sqrt((1176 - 72) / 18)
  assert.ok(Math.abs(z - 2.9369) < 1e-4)
  assert.ok(Math.abs(stepping.p - 0.001657) < 1e-5, String(stepping.p))
})

test('nothing that stays as it is rises', () => {
  const { slope, growth, p } = trendOf(seriesOf(() => 7))
  assert.deepEqual([slope, growth, p.toFixed(6)], [0, 0, '0.500000'])
  const falling = trendOf(seriesOf((at) => -at))
  assert.ok(falling.p > 0.999 && falling.slope === -1)
})

test('noise and what comes and goes are seldom taken for a rise', () => {
  const random = createRandom(1)
  const rounds = 300
  let found = 0
  for (let round = 0; round < rounds; round += 1) {
    // A collection now and then, and a burst once in a while.
    const series = seriesOf(
      () => random.share() * 100 + (random.share() < 0.1 ? random.share() * 1_000 : 0),
    )
    if (trendOf(series).p < alpha) found += 1
  }
  // None or one of them is to be expected.
  assert.ok(found <= 3, `${found} of ${rounds}`)
  assert.ok(trendOf(seriesOf((at) => at % 5)).p > alpha)
})

test('a small leak in much noise is found, and how large it is', () => {
  const random = createRandom(2)
  let missed = 0
  for (let round = 0; round < 200; round += 1) {
    // It grows by half as much again as the noise is high, in all.
    const { p, growth } = trendOf(seriesOf((at) => random.share() * 100 + (at / (count - 1)) * 150))
    if (p >= alpha) missed += 1
    assert.ok(growth > 80 && growth < 220, String(growth))
  }
  assert.ok(missed <= 2, `${missed} of 200 were missed`)
})

test('one wild value changes next to nothing', () => {
  const calm = seriesOf((at) => at)
  const wild = calm.map((point) => (point.at === 12 ? { ...point, value: 1e9 } : point))
  assert.ok(Math.abs(trendOf(wild).slope - 1) < 0.1)
  assert.ok(trendOf(wild).p < alpha)
})

test('too few points are refused', () => {
  assert.throws(() => trendOf(seriesOf((at) => at).slice(0, leastPoints - 1)), RangeError)
})

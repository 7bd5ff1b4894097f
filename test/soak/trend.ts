/** One look: at which moment, and what was seen. */
export interface Point {
  readonly at: number
  readonly value: number
}

export interface Trend {
  /** Sen's slope: the median of the slopes between any two points, per unit of `at`. */
  readonly slope: number
  /** What that makes from the first to the last point. */
  readonly growth: number
  /** How probable so steady a rise is where there is none: Mann-Kendall, one-sided. */
  readonly p: number
}

/** Fewer points prove nothing: even a rise without exception is a matter of chance then. */
export const leastPoints = 8

/**
 * Whether values rise in time, by the test of Mann and Kendall, and how fast, by Sen's slope. Both look at the order of values
 * and at medians alone: neither asks how noise is distributed, and a few wild values change little.
 *
 * The test takes each value for independent of those before it. Where one is not, it finds a rise too easily, never too hard.
 *
 * @throws RangeError of fewer points than `leastPoints`
 * @see Gilbert, "Statistical Methods for Environmental Pollution Monitoring" (1987), 16.4 and 17.3
 */
export function trendOf(points: readonly Point[]): Trend {
  if (points.length < leastPoints) {
    throw new RangeError(`${points.length} points are too few for a trend: ${leastPoints} or more`)
  }
  const slopes: number[] = []
  let rises = 0
  for (const [index, early] of points.entries()) {
    for (const late of points.slice(index + 1)) {
      slopes.push((late.value - early.value) / (late.at - early.at))
      rises += Math.sign(late.value - early.value)
    }
  }
  const deviation = Math.sqrt(varianceOf(points.map(({ value }) => value)))
  // Whole numbers are looked at as if they were any: by half the way between two of them.
  const z = deviation === 0 ? 0 : (rises - Math.sign(rises)) / deviation
  const slope = medianOf(slopes)
  const length = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0)
  return { slope, growth: slope * length, p: upperTail(z) }
}

/** Of the count of rises less falls where there is no trend; values that are equal make it smaller. */
function varianceOf(values: readonly number[]): number {
  const term = (n: number): number => n * (n - 1) * (2 * n + 5)
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const ties = [...counts.values()].reduce((sum, count) => sum + term(count), 0)
  return (term(values.length) - ties) / 18
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [below, above] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0]
  return (below + above) / 2
}

/**
 * The share of a normal distribution beyond `z`, within 7.5e-8.
 *
 * @see Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.17
 */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z)
  const t = 1 / (1 + 0.2316419 * z)
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series
}

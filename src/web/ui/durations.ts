const minute = 60
const hour = 60 * minute
const day = 24 * hour

const usual: readonly number[] = [
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
]

/** What to choose from, in seconds, where `most` was asked for: that, and usual ones that are shorter. */
export function durationsUpTo(most: number): readonly number[] {
  return [...usual.filter((seconds) => seconds < most), most]
}

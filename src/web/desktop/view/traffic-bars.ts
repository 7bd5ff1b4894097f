import type { Bytes, TrafficSample } from '../../../desktop/wire/view.ts'

/** Seconds that are shown. */
export const shownSeconds = 60

/** One second of the picture; `up` and `down` are parts of the highest, from 0 to 1. */
export interface Bar extends Bytes {
  /** From 0, the oldest, to `shownSeconds - 1`. */
  readonly at: number
}

export interface Picture {
  readonly bars: readonly Bar[]
  /** Bytes of the highest second, both ways. */
  readonly peak: number
  readonly total: Bytes
}

/** The last minute up to a second; seconds without bytes have no bar. */
export function pictureOf(samples: readonly TrafficSample[], nowSecond: number): Picture {
  const first = nowSecond - shownSeconds + 1
  const shown = samples.filter(({ second }) => second >= first && second <= nowSecond)
  const peak = Math.max(0, ...shown.map(({ up, down }) => up + down))
  return {
    bars: shown
      .filter(({ up, down }) => up + down > 0)
      .map(({ second, up, down }) => ({ at: second - first, up: up / peak, down: down / peak })),
    peak,
    total: {
      up: shown.reduce((sum, { up }) => sum + up, 0),
      down: shown.reduce((sum, { down }) => sum + down, 0),
    },
  }
}

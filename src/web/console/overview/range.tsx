import { SegmentedControl } from '@mantine/core'
import '@mantine/core/styles/FloatingIndicator.css'
import '@mantine/core/styles/SegmentedControl.css'
import type { ReactNode } from 'react'
import { useSearchState } from '../../ui/search-state.ts'

const hourMs = 3_600_000

/** How far back the pictures go. */
export const ranges = {
  '1h': { label: '1 hour', ms: hourMs },
  '24h': { label: '24 hours', ms: 24 * hourMs },
  '7d': { label: '7 days', ms: 7 * 24 * hourMs },
  '30d': { label: '30 days', ms: 30 * 24 * hourMs },
} as const
export type Range = keyof typeof ranges

/** The range that the address names. */
export function useRange(): readonly [Range, (range: Range) => void] {
  const [word, setWord] = useSearchState('range')
  return [Object.hasOwn(ranges, word) ? (word as Range) : '24h', setWord]
}

export interface RangePickerProps {
  readonly range: Range
  readonly choose: (range: Range) => void
}

export function RangePicker({ range, choose }: RangePickerProps): ReactNode {
  return (
    <SegmentedControl
      className="range"
      aria-label="How far back"
      size="sm"
      value={range}
      onChange={choose}
      data={Object.entries(ranges).map(([value, { label }]) => ({ value: value as Range, label }))}
    />
  )
}

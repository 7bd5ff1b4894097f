import type { ReactNode } from 'react'

/** A column of a list. */
export interface Column<T> {
  readonly id: string
  readonly title: string
  /** A track of a CSS grid: `minmax(10rem, 2fr)`. */
  readonly width: string
  readonly cell: (row: T) => ReactNode
  /** Figures stand at the end of their column. */
  readonly align?: 'end'
  /** What the list may be sorted by; absent where the gateway gives the order. */
  readonly sortBy?: (row: T) => string | number
}

export interface Sorting {
  readonly column: string
  readonly isDescending: boolean
}

/** The rows in an order that somebody asked for; equal ones stay as they came. */
export function sortRows<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  sorting: Sorting | undefined,
): readonly T[] {
  const sortBy = columns.find(({ id }) => id === sorting?.column)?.sortBy
  if (sortBy === undefined || sorting === undefined) return rows
  const sign = sorting.isDescending ? -1 : 1
  return rows.toSorted((one, other) => sign * compare(sortBy(one), sortBy(other)))
}

const words = new Intl.Collator(undefined, { numeric: true })

function compare(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return words.compare(String(one), String(other))
}

/** First up, then down, then as they came. */
export function nextSorting(column: string, now: Sorting | undefined): Sorting | undefined {
  if (now?.column !== column) return { column, isDescending: false }
  return now.isDescending ? undefined : { column, isDescending: true }
}

import { defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useState, type CSSProperties, type ReactNode } from 'react'
import { nextSorting, sortRows, type Column, type Sorting } from './columns.ts'
import './data-list.css'
import { RowContext } from './row-controls.tsx'
import { useRowKeys } from './use-row-keys.ts'
import { useTopOf } from './use-top-of.ts'

export interface DataListProps<T> {
  /** What it lists, for screen readers: `Tunnels`. */
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  /** How many there are where more can be fetched than `rows` has; undefined where nobody has counted. */
  readonly total?: number | undefined
  /** Fetches more rows; absent when these are all. Called as often as the end is near. */
  readonly more?: (() => void) | undefined
  /** Opens a row, by Enter on it. */
  readonly onOpen?: (row: T) => void
  readonly sorting?: Sorting
}

/** Heights before a row has been measured, in pixels: a line; a card where there is no room for columns. */
const lineHeight = 44
const cardHeight = 190
/** As in data-list.css: 58 rem. */
const cardsBelow = 928
/** Rows beyond the screen that are there already. */
const overscan = 8

/**
 * A list of any length: only what is on the screen is in the document, and the whole is told to screen
 * readers by its counts. The arrow keys, Page Up, Page Down, Home and End go from row to row, Tab into the row's own
 * controls. On a narrow screen each row is a card.
 */
export function DataList<T>(props: DataListProps<T>): ReactNode {
  const { label, columns, keyOf, total, more, onOpen } = props
  const [sorting, setSorting] = useState(props.sorting)
  const rows = useMemo(() => sortRows(props.rows, columns, sorting), [props.rows, columns, sorting])
  const [body, bodyTop] = useTopOf()
  const keys = useRowKeys({
    rows,
    keyOf,
    onOpen,
    bring: (index) => virtualizer.scrollToIndex(index),
  })
  const virtualizer = useWindowVirtualizer<HTMLDivElement>({
    count: rows.length,
    estimateSize: () => (isNarrow(body.current) ? cardHeight : lineHeight),
    getItemKey: (index) => keyAt(rows, keyOf, index),
    scrollMargin: bodyTop,
    overscan,
    // The row that has the keyboard stays, wherever the page is.
    rangeExtractor: (range) =>
      [...new Set([...defaultRangeExtractor(range), keys.activeIndex])].sort((a, b) => a - b),
    useFlushSync: false,
  })
  const items = virtualizer.getVirtualItems()
  const lastIndex = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (lastIndex >= rows.length - overscan) more?.()
  }, [lastIndex, rows.length, more])

  const style = { '--columns': columns.map(({ width }) => width).join(' ') } as CSSProperties
  return (
    <div
      className="data-list"
      role="grid"
      aria-label={label}
      aria-rowcount={countRows(rows.length, total, more)}
      aria-colcount={columns.length}
      style={style}
      onKeyDown={keys.onKeyDown}
      onFocus={keys.onFocus}
    >
      <div role="rowgroup" className="data-list-head">
        <div role="row" aria-rowindex={1} className="data-list-row">
          {columns.map((column) => (
            <ColumnHead key={column.id} column={column} sorting={sorting} sort={setSorting} />
          ))}
        </div>
      </div>
      <div
        ref={body}
        role="rowgroup"
        className="data-list-body"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {items.map(({ index, key, start }) => {
          const row = rows[index]
          if (row === undefined) return null
          const isActive = index === keys.activeIndex
          return (
            <div
              key={key}
              ref={virtualizer.measureElement}
              role="row"
              data-index={index}
              aria-rowindex={index + 2}
              tabIndex={isActive ? 0 : -1}
              className="data-list-row"
              style={{ transform: `translateY(${start - bodyTop}px)` }}
            >
              <RowContext value={isActive}>
                {columns.map(({ id, title, align, cell }) => (
                  <div key={id} role="gridcell" data-title={title} data-align={align}>
                    <div>{cell(row)}</div>
                  </div>
                ))}
              </RowContext>
            </div>
          )
        })}
      </div>
    </div>
  )
}

interface ColumnHeadProps<T> {
  readonly column: Column<T>
  readonly sorting: Sorting | undefined
  readonly sort: (next: Sorting | undefined) => void
}

function ColumnHead<T>({ column, sorting, sort }: ColumnHeadProps<T>): ReactNode {
  const { id, title, align, sortBy } = column
  const way = sorting?.column === id ? (sorting.isDescending ? 'descending' : 'ascending') : 'none'
  return (
    <div role="columnheader" data-align={align} {...(sortBy !== undefined && { 'aria-sort': way })}>
      {sortBy === undefined ? (
        title
      ) : (
        <button type="button" onClick={() => sort(nextSorting(id, sorting))}>
          {title}
          <span aria-hidden> {arrows[way]}</span>
        </button>
      )}
    </div>
  )
}

function isNarrow(body: HTMLElement | null): boolean {
  return (body?.clientWidth ?? Infinity) < cardsBelow
}

const arrows = { ascending: '↑', descending: '↓', none: '↕' } as const

/** With the row of the columns' names; -1 says that nobody knows (ARIA 1.2, aria-rowcount). */
function countRows(here: number, total: number | undefined, more: unknown): number {
  if (total !== undefined) return total + 1
  return more === undefined ? here + 1 : -1
}

function keyAt<T>(rows: readonly T[], keyOf: (row: T) => string, index: number): string {
  const row = rows[index]
  return row === undefined ? String(index) : keyOf(row)
}

import {
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
  type KeyboardEvent,
} from 'react'

export interface RowKeysOptions<T> {
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  readonly onOpen: ((row: T) => void) | undefined
  /** Brings a row onto the screen. */
  readonly bring: (index: number) => void
}

export interface RowKeys {
  /** The row that Tab leads to. */
  readonly activeIndex: number
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void
  readonly onFocus: (event: FocusEvent<HTMLElement>) => void
}

/** Rows by which Page Up and Page Down go. */
const pageRows = 10

/** The keyboard in a list: one row is active, and stays it wherever it goes while the rows change. */
export function useRowKeys<T>({ rows, keyOf, onOpen, bring }: RowKeysOptions<T>): RowKeys {
  const [activeKey, setActiveKey] = useState<string>()
  const moved = useRef<HTMLElement>(undefined)
  const lastIndex = useRef(0)
  const activeIndex = useMemo(() => {
    const index = rows.findIndex((row) => keyOf(row) === activeKey)
    // Of a row that has gone, the one that stands in its place.
    return index === -1 ? Math.max(Math.min(lastIndex.current, rows.length - 1), 0) : index
  }, [rows, keyOf, activeKey])
  useLayoutEffect(() => {
    lastIndex.current = activeIndex
  }, [activeIndex])

  // After the row is there: it may have been far beyond the screen.
  useLayoutEffect(() => {
    const list = moved.current
    moved.current = undefined
    list
      ?.querySelector<HTMLElement>(`[data-index="${activeIndex}"]`)
      ?.focus({ preventScroll: true })
  }, [activeIndex])

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const target = event.target as HTMLElement
    if (isTyping(target) || event.altKey || event.ctrlKey || event.metaKey) return
    const index = indexOf(target)
    if (index === undefined) return
    if (event.key === 'Enter' && target.dataset['index'] !== undefined) {
      const row = rows[index]
      if (row !== undefined) onOpen?.(row)
      return
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = Math.min(Math.max(index + step, 0), rows.length - 1)
    const row = rows[next]
    if (row === undefined || next === activeIndex) return
    moved.current = event.currentTarget
    bring(next)
    setActiveKey(keyOf(row))
  }
  const onFocus = ({ target }: FocusEvent<HTMLElement>): void => {
    const row = rows[indexOf(target) ?? -1]
    if (row !== undefined) setActiveKey(keyOf(row))
  }
  return { activeIndex, onKeyDown, onFocus }
}

const steps: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -pageRows,
  PageDown: pageRows,
  Home: -Infinity,
  End: Infinity,
}

function indexOf(element: HTMLElement): number | undefined {
  const index = element.closest<HTMLElement>('[data-index]')?.dataset['index']
  return index === undefined ? undefined : Number(index)
}

function isTyping(element: HTMLElement): boolean {
  return element.matches('input, textarea, select, [contenteditable]')
}

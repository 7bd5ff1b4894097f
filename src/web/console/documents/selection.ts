import { useMemo, useState } from 'react'

/** A row that may be among those changed at once. */
export interface Selectable {
  readonly id: string
  /** Null for what is in the file, which is changed there. */
  readonly revision: number | null
}

export interface Selection<T extends Selectable> {
  /** Those that are chosen and still there. */
  readonly chosen: readonly T[]
  readonly has: (id: string) => boolean
  readonly toggle: (id: string) => void
  readonly set: (ids: readonly string[]) => void
}

/** Rows that somebody has ticked. */
export function useSelection<T extends Selectable>(rows: readonly T[]): Selection<T> {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const chosen = useMemo(() => rows.filter(({ id }) => ids.has(id)), [rows, ids])
  return {
    chosen,
    has: (id) => ids.has(id),
    toggle: (id) =>
      setIds((now) => new Set(now.has(id) ? [...now].filter((one) => one !== id) : [...now, id])),
    set: (given) => setIds(new Set(given)),
  }
}

import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { Query } from '../../ui/api.ts'
import { useSearchWords } from '../search-state.ts'
import './documents.css'

/** While somebody types, in milliseconds. */
const searchAfterMs = 250

/** What a list is narrowed by. */
export interface Filters {
  readonly q: string
  readonly source: string
  readonly state: string
  readonly tag: string
}

export interface FiltersOfList {
  readonly filters: Filters
  readonly set: (filters: Filters) => void
  /** As the API takes it, a moment after somebody has stopped typing. */
  readonly query: Query
  readonly isNarrowed: boolean
}

/** They are kept in the page's address: whoever opens a row and comes back finds the same rows. */
export function useFilters(): FiltersOfList {
  const [words, change] = useSearchWords()
  const wordOf = (name: keyof Filters): string => words.get(name) ?? ''
  const filters: Filters = {
    q: wordOf('q'),
    source: wordOf('source'),
    state: wordOf('state'),
    tag: wordOf('tag'),
  }
  const { q, tag, ...chosen } = filters
  const [typed] = useDebouncedValue(`${q.trim()}\n${tag.trim()}`, searchAfterMs)
  const [settledQ = '', settledTag = ''] = typed.split('\n')
  return {
    filters,
    set: (next) => change({ ...next }),
    query: { ...chosen, q: settledQ, tag: settledTag },
    isNarrowed: Object.values(filters).some((value) => value !== ''),
  }
}

export interface DocumentFiltersProps {
  readonly label: string
  readonly placeholder: string
  readonly of: FiltersOfList
}

/** Finds some of many. */
export function DocumentFilters({ label, placeholder, of }: DocumentFiltersProps): ReactNode {
  const { filters, set } = of
  return (
    <div className="filters" role="search">
      <TextInput
        type="search"
        label={label}
        placeholder={placeholder}
        value={filters.q}
        maxLength={200}
        onChange={(event) => set({ ...filters, q: event.currentTarget.value })}
      />
      <NativeSelect
        label="Kept"
        value={filters.source}
        data={[
          { value: '', label: 'anywhere' },
          { value: 'store', label: 'in the store' },
          { value: 'file', label: 'in the file' },
        ]}
        onChange={(event) => set({ ...filters, source: event.currentTarget.value })}
      />
      <NativeSelect
        label="State"
        value={filters.state}
        data={[
          { value: '', label: 'any' },
          { value: 'in-use', label: 'in use' },
          { value: 'disabled', label: 'disabled' },
          { value: 'problem', label: 'not in use' },
        ]}
        onChange={(event) => set({ ...filters, state: event.currentTarget.value })}
      />
      <TextInput
        label="Tag"
        value={filters.tag}
        maxLength={64}
        onChange={(event) => set({ ...filters, tag: event.currentTarget.value })}
      />
    </div>
  )
}

import { NativeSelect } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Query } from '../../ui/api.ts'
import { SearchField } from '../../ui/search-field.tsx'
import { useSearchWords } from '../../ui/search-state.ts'
import './documents.css'

/**
 * Characters of a tag, as the gateway has it.
 *
 * @limit none: the page says so before the gateway does
 */
const maxTagLength = 64

/** What a list is narrowed by. */
export interface Filters {
  readonly q: string
  readonly source: string
  readonly state: string
  readonly tag: string
}

export interface FiltersOfList {
  readonly filters: Filters
  readonly set: (filters: Partial<Filters>) => void
  /** As the API takes it. */
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
  return {
    filters,
    set: (next) => change({ ...next }),
    query: { ...filters },
    isNarrowed: Object.values(filters).some((value) => value !== ''),
  }
}

export interface DocumentFiltersProps {
  readonly label: string
  /** What is looked through. */
  readonly description: string
  readonly of: FiltersOfList
}

/** Finds some of many. */
export function DocumentFilters({ label, description, of }: DocumentFiltersProps): ReactNode {
  const { filters, set } = of
  return (
    <div className="filters" role="search">
      <SearchField
        mb={0}
        label={label}
        description={description}
        value={filters.q}
        search={(q) => set({ q })}
      />
      <NativeSelect
        label="Kept"
        value={filters.source}
        data={[
          { value: '', label: 'anywhere' },
          { value: 'store', label: 'in the store' },
          { value: 'file', label: 'in the file' },
        ]}
        onChange={(event) => set({ source: event.currentTarget.value })}
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
        onChange={(event) => set({ state: event.currentTarget.value })}
      />
      <SearchField
        mb={0}
        label="Tag"
        maxLength={maxTagLength}
        value={filters.tag}
        search={(tag) => set({ tag })}
      />
    </div>
  )
}

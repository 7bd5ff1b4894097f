import {
  keepPreviousData,
  useInfiniteQuery,
  type InfiniteData,
  type UseInfiniteQueryResult,
} from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import type { Page } from '../../console/wire/common.ts'
import { get, type ApiFault, type Query } from '../ui/api.ts'

/** Rows that are asked for at a time. */
const rowsPerPage = 200

export interface Rows<T> {
  readonly query: UseInfiniteQueryResult<InfiniteData<Page<T>>, ApiFault>
  readonly rows: readonly T[]
  /** How many there are, where the gateway has counted. */
  readonly total: number | undefined
  /** Asks for the next page; undefined at the end. */
  readonly more: (() => void) | undefined
}

/**
 * A list of the API, of which the beginning is asked for, and more of it as somebody reads on. `kind` is what
 * the list is of: a change that is told of it asks for the list again.
 */
export function usePages<T>(kind: string, path: string, query: Query = {}): Rows<T> {
  const pages = useInfiniteQuery<
    Page<T>,
    ApiFault,
    InfiniteData<Page<T>>,
    readonly unknown[],
    string
  >({
    queryKey: [kind, path, query],
    queryFn: ({ pageParam, signal }) =>
      get(path, { query: { limit: rowsPerPage, ...query, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    // What was found stays while something else is looked for.
    placeholderData: keepPreviousData,
  })
  const { data, fetchNextPage, hasNextPage, isFetching, isError } = pages
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data])
  const more = useCallback(() => {
    if (!isFetching && !isError) void fetchNextPage()
  }, [fetchNextPage, isFetching, isError])
  return { query: pages, rows, total: data?.pages[0]?.total, more: hasNextPage ? more : undefined }
}

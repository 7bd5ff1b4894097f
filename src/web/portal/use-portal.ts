import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useEffect } from 'react'
import { fetchView, type FetchedView } from './fetch-view.ts'

/** What may be used changes with the configuration, the clock and the person's groups. */
const refetchEveryMs = 60_000
/** Longest timer of a browser, in milliseconds. */
const maxTimerMs = 2_147_483_647

/** What the portal shows, asked for again every minute, when its tab is looked at, and at the session's end. */
export function usePortal(): UseQueryResult<FetchedView> {
  const query = useQuery({
    queryKey: ['portal'],
    queryFn: ({ signal }) => fetchView(signal),
    refetchInterval: refetchEveryMs,
    refetchOnWindowFocus: 'always',
    retry: 1,
  })
  const { data, refetch } = query
  const endsAtMs = data?.person?.sessionEndsAtMs
  const clockAheadMs = data?.clockAheadMs ?? 0
  useEffect(() => {
    if (endsAtMs === undefined) return undefined
    const inMs = endsAtMs - clockAheadMs - Date.now()
    const timer = setTimeout(() => void refetch(), Math.min(Math.max(inMs, 1_000), maxTimerMs))
    return () => clearTimeout(timer)
  }, [endsAtMs, clockAheadMs, refetch])
  return query
}

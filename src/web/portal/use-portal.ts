import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { PortalView } from '../../console/portal-view.ts'

/** As in `src/console/portal.ts`. */
const viewPath = '/.postern/api/v1/portal'

/** What may be used changes with the configuration, the clock and the person's groups. */
const refetchEveryMs = 60_000
/** Somebody waits for an answer. */
const whileWaitingMs = 10_000
/** Longest timer of a browser, in milliseconds. */
const maxTimerMs = 2_147_483_647

/** The view, and how far the gateway's clock is ahead of this machine's, in milliseconds. */
export interface FetchedView extends PortalView {
  readonly clockAheadMs: number
}

/**
 * What the portal shows, asked for again every minute, more often while somebody waits for an answer,
 * when its tab is looked at, and when the session or access for a while ends.
 */
export function usePortal(): UseQueryResult<FetchedView> {
  const query = useQuery({
    queryKey: ['portal'],
    queryFn: ({ signal }) => fetchView(signal),
    refetchInterval: ({ state }) => (isWaiting(state.data) ? whileWaitingMs : refetchEveryMs),
    refetchOnWindowFocus: 'always',
    retry: 1,
  })
  const { data, refetch } = query
  const endsAtMs = data && firstEnd(data)
  const clockAheadMs = data?.clockAheadMs ?? 0
  useEffect(() => {
    if (endsAtMs === undefined) return undefined
    const inMs = endsAtMs - clockAheadMs - Date.now()
    const timer = setTimeout(() => void refetch(), Math.min(Math.max(inMs, 1_000), maxTimerMs))
    return () => clearTimeout(timer)
  }, [endsAtMs, clockAheadMs, refetch])
  return query
}

function isWaiting(view: PortalView | undefined): boolean {
  return view?.routes.some(({ access }) => access !== null && access.pending !== null) === true
}

/** When the first thing ends that is shown: the session, or access for a while. */
function firstEnd({ person, routes }: PortalView): number | undefined {
  const ends = routes.flatMap(({ access }) => access?.grant?.untilMs ?? [])
  if (person !== null) ends.push(person.sessionEndsAtMs)
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** Asks the gateway what this browser's person may see. Rejects when it does not answer. */
async function fetchView(signal: AbortSignal): Promise<FetchedView> {
  const response = await fetch(viewPath, { signal, headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`)
  const view = (await response.json()) as PortalView
  return { ...view, clockAheadMs: view.nowMs - Date.now() }
}

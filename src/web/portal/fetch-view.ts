import type { PortalView } from '../../console/portal-view.ts'

/** As in `src/console/portal.ts`. */
const viewPath = '/.postern/api/v1/portal'

/** The view, and how far the gateway's clock is ahead of this machine's, in milliseconds. */
export interface FetchedView extends PortalView {
  readonly clockAheadMs: number
}

/** Asks the gateway what this browser's person may see. Rejects when it does not answer. */
export async function fetchView(signal: AbortSignal): Promise<FetchedView> {
  const response = await fetch(viewPath, { signal, headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`)
  const view = (await response.json()) as PortalView
  return { ...view, clockAheadMs: view.nowMs - Date.now() }
}

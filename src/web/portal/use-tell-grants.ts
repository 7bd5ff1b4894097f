import { useEffect, useRef } from 'react'
import type { PortalRoute } from '../../console/portal-view.ts'
import { useAnnounce } from '../ui/announce.tsx'

/** Says to people who do not see the page that they were given what they wait for. */
export function useTellGrants(routes: readonly PortalRoute[]): void {
  const announce = useAnnounce()
  const waiting = useRef<ReadonlySet<string>>(new Set())
  useEffect(() => {
    for (const { name, access } of routes) {
      const id = access?.grant?.id
      if (id !== undefined && waiting.current.has(id)) announce(`You may use ${name} now`)
    }
    waiting.current = new Set(routes.flatMap(({ access }) => access?.pending?.id ?? []))
  }, [routes, announce])
}

import { useCallback, useEffect, useRef, useState } from 'react'
import type { TunnelsAnswer } from '../../../console/wire/tunnels.ts'
import { ApiFault, get } from '../../ui/api.ts'
import { onTunnels } from '../events.ts'
import { createTunnelBook } from './tunnel-book.ts'
import type { Tunnel } from './tunnel.ts'

/** As the gateway answers at most. */
const perPage = 500
/** Most that are shown; there are filters of the gateway's own for more. */
const maxTunnels = 10_000

export interface LiveTunnels {
  /** Undefined before the first list has come. */
  readonly tunnels: readonly Tunnel[] | undefined
  /** How many there are, where they are not all here. */
  readonly total: number
  readonly fault: ApiFault | undefined
  /** When what is shown was true. */
  readonly atMs: number
  readonly reload: () => void
}

/** The tunnels that are open, once a second; as they were, while it is paused. */
export function useLiveTunnels(isPaused: boolean): LiveTunnels {
  const [book] = useState(createTunnelBook)
  const [shown, setShown] = useState<Pick<LiveTunnels, 'tunnels' | 'total' | 'atMs'>>(nothing)
  const [fault, setFault] = useState<ApiFault>()
  const loading = useRef<AbortController>(undefined)
  const total = useRef(0)
  const isThere = useRef(false)
  const paused = useRef(isPaused)

  const show = useCallback(() => {
    // Before the first list it would be taken for an empty one.
    if (paused.current || !isThere.current) return
    const tunnels = book.tunnels()
    setShown({ tunnels, total: Math.max(total.current, tunnels.length), atMs: Date.now() })
  }, [book])

  const reload = useCallback(() => {
    loading.current?.abort()
    const controller = new AbortController()
    loading.current = controller
    book.beginList()
    void fetchAll(controller.signal).then(
      (list) => {
        book.endList(list.tunnels)
        total.current = list.total > list.tunnels.length ? list.total : 0
        isThere.current = true
        setFault(undefined)
        show()
      },
      (error: unknown) => {
        if (error instanceof ApiFault) setFault(error)
      },
    )
  }, [book, show])

  useEffect(() => {
    const stop = onTunnels((news) => {
      if (news === 'anything') return reload()
      book.apply(news)
      show()
    })
    reload()
    return () => {
      stop()
      loading.current?.abort()
    }
  }, [book, reload, show])

  useEffect(() => {
    paused.current = isPaused
    if (!isPaused) show()
  }, [isPaused, show])

  return { ...shown, fault, reload }
}

const nothing = { tunnels: undefined, total: 0, atMs: 0 }

async function fetchAll(
  signal: AbortSignal,
): Promise<{ readonly tunnels: readonly Tunnel[]; readonly total: number }> {
  const tunnels: Tunnel[] = []
  let cursor: string | undefined
  for (;;) {
    const query = { limit: perPage, cursor }
    const page: TunnelsAnswer = await get('/tunnels', { query, signal })
    tunnels.push(...page.items)
    if (page.next_cursor === null || tunnels.length >= maxTunnels)
      return { tunnels, total: page.total ?? tunnels.length }
    cursor = page.next_cursor
  }
}

import { Button, Group, Text } from '@mantine/core'
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react'
import { useAnnounce } from '../../ui/announce.tsx'
import { addressOf } from '../../ui/api.ts'
import { formatBytes, formatCount, formatMoment, formatNumberOf } from '../../ui/format.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Empty } from '../../ui/states.tsx'
import { useIsFollowing } from '../events.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { useSearchState } from '../../ui/search-state.ts'
import { TunnelList } from './tunnel-list.tsx'
import { fits, type Tunnel } from './tunnel.ts'
import { useLiveTunnels } from './use-live-tunnels.ts'

/** What is open now, as it changes. */
export default function TunnelsView(): ReactNode {
  const [q, setQ] = useSearchState('q')
  const [isPaused, setPaused] = useState(false)
  const { tunnels, total, fault, atMs, reload } = useLiveTunnels(isPaused)
  const announce = useAnnounce()
  const pause = (): void => {
    setPaused(!isPaused)
    announce(isPaused ? 'The list changes by itself again' : 'The list stays as it is now')
  }
  return (
    <>
      <PageHead
        title="Tunnels"
        lead="Every connection that is open through the gateway now."
        actions={
          <>
            <Button component="a" variant="default" href={addressOf('/tunnels.csv', { q })}>
              Export as CSV
            </Button>
            <Button variant="default" aria-pressed={isPaused} onClick={pause}>
              {isPaused ? 'Go on' : 'Pause'}
            </Button>
          </>
        }
      />
      <SearchField
        label="Find tunnels"
        description="Person, route, host, address or connector"
        value={q}
        search={setQ}
      />
      <QueryView
        what="the tunnels"
        query={{
          data: tunnels,
          error: fault ?? null,
          isError: fault !== undefined,
          dataUpdatedAt: atMs,
          refetch: reload,
        }}
      >
        {(open) => (
          <Found tunnels={open} total={total} wanted={q} pausedAtMs={isPaused ? atMs : undefined} />
        )}
      </QueryView>
    </>
  )
}

interface FoundProps {
  readonly tunnels: readonly Tunnel[]
  readonly total: number
  readonly wanted: string
  /** Undefined while it changes by itself. */
  readonly pausedAtMs: number | undefined
}

function Found({ tunnels, total, wanted, pausedAtMs }: FoundProps): ReactNode {
  const isFollowing = useIsFollowing()
  const open = useDeferredValue(tunnels)
  const found = useMemo(
    () => (wanted === '' ? open : open.filter((tunnel) => fits(tunnel, wanted))),
    [open, wanted],
  )
  if (tunnels.length === 0)
    return (
      <Empty title="No tunnel is open.">
        One appears here as soon as somebody’s program connects.
      </Empty>
    )
  const moved = open.reduce((sum, { bytes_up, bytes_down }) => sum + bytes_up + bytes_down, 0)
  return (
    <>
      <Group className="count" gap="md">
        <span>
          {wanted === ''
            ? formatNumberOf(total, 'tunnel')
            : `${formatCount(found.length)} of ${formatNumberOf(total, 'tunnel')}`}
        </span>
        <span>{formatBytes(moved)} so far</span>
        {pausedAtMs === undefined ? (
          <span className={isFollowing ? 'live' : undefined}>
            {isFollowing ? 'live' : 'not live: asked for again now and then'}
          </span>
        ) : (
          <span>as of {formatMoment(new Date(pausedAtMs))}</span>
        )}
      </Group>
      {total > tunnels.length && (
        <Text mb="xs">Only the oldest {formatCount(tunnels.length)} are shown.</Text>
      )}
      {found.length === 0 ? (
        <Empty title={`No tunnel fits “${wanted}”.`} />
      ) : (
        <TunnelList tunnels={found} />
      )}
    </>
  )
}

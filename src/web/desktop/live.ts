import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { ConnectionDetail, Fault } from '../../desktop/wire/calls.ts'
import type {
  ConnectionView,
  DaemonEvent,
  DaemonView,
  GatewayView,
} from '../../desktop/wire/view.ts'
import { withChange, withLog, withSample } from './daemon-state.ts'
import { followEvents, type StreamEnd } from './event-stream.ts'
import { send } from './send.ts'

/** How it stands between this page and the daemon. */
export type Link = 'starting' | 'live' | 'lost' | 'refused'

export interface Live {
  readonly link: Link
  /** As it was last heard of. */
  readonly daemon: DaemonView | undefined
  /** Why this browser may not ask, while it may not, or not so often. */
  readonly refusal?: Fault
}

let live: Live = { link: 'starting', daemon: undefined }
const listeners = new Set<() => void>()

function set(next: Live): void {
  live = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useLive(): Live {
  return useSyncExternalStore(subscribe, () => live)
}

/** The daemon, for what is shown only once it was heard of. */
export function useDaemon(): DaemonView {
  const { daemon } = useLive()
  if (daemon === undefined) throw new Error('nothing was heard of the daemon yet')
  return daemon
}

/** The daemon as it was last heard of, for what happens now. */
export function daemonNow(): DaemonView | undefined {
  return live.daemon
}

export function useConnection(id: string): ConnectionView | undefined {
  return useDaemon().connections.find((connection) => connection.id === id)
}

export function useGateway(origin: string | undefined): GatewayView | undefined {
  return useDaemon().gateways.find((gateway) => gateway.origin === origin)
}

/** Names the detail of a connection among what was asked for. */
export function detailKey(id: string): readonly [string, string] {
  return ['connection', id]
}

/** Follows what happens at the daemon for as long as the page is shown. */
export function useFollowing(): void {
  const client = useQueryClient()
  useEffect(() => {
    const stream = followEvents(
      (signal) =>
        send('/api/events', { method: 'GET', headers: { accept: 'application/x-ndjson' }, signal }),
      {
        heard: (event) => hear(client, event),
        ended: (why) => set(afterEnd(why)),
      },
    )
    const hurry = (): void => {
      if (document.visibilityState === 'visible') stream.hurry()
    }
    document.addEventListener('visibilitychange', hurry)
    return () => {
      document.removeEventListener('visibilitychange', hurry)
      stream.close()
    }
  }, [client])
}

/** One that asks too much is asked to wait, and goes on then as one that has lost the daemon. */
function afterEnd(why: StreamEnd): Live {
  const { daemon } = live
  if (why === 'lost') return { daemon, link: 'lost' }
  return { daemon, link: why.code.startsWith('too-many-') ? 'lost' : 'refused', refusal: why }
}

function hear(client: QueryClient, event: DaemonEvent): void {
  switch (event.kind) {
    case 'state':
      // What happened meanwhile nobody told.
      void client.invalidateQueries()
      set({ link: 'live', daemon: event.state })
      return
    case 'changed':
      if (live.daemon !== undefined) set({ link: 'live', daemon: withChange(live.daemon, event) })
      for (const { id } of event.connections) changeDetail(client, id, event)
      return
    case 'log':
      for (const id of new Set(event.entries.map(({ connection }) => connection)))
        update(client, id, (detail) => withLog(detail, event.entries))
      return
    case 'traffic':
      for (const [id, sample] of Object.entries(event.samples))
        update(client, id, (detail) => withSample(detail, sample))
      return
    case 'beat':
      return
  }
}

/** Commands follow from settings and the address; the rest is told by events. */
function changeDetail(
  client: QueryClient,
  id: string,
  { connections }: Extract<DaemonEvent, { kind: 'changed' }>,
): void {
  const now = connections.find((connection) => connection.id === id)
  const known = client.getQueryData<ConnectionDetail>(detailKey(id))?.connection
  if (now === undefined || known === undefined) return
  const isSame =
    known.address === now.address && JSON.stringify(known.settings) === JSON.stringify(now.settings)
  update(client, id, (detail) => ({ ...detail, connection: now }))
  if (!isSame) void client.invalidateQueries({ queryKey: detailKey(id) })
}

function update(
  client: QueryClient,
  id: string,
  change: (detail: ConnectionDetail) => ConnectionDetail,
): void {
  client.setQueryData<ConnectionDetail>(detailKey(id), (detail) => detail && change(detail))
}

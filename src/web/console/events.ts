import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { ChangedEvent, TunnelsEvent } from '../../console/wire/events.ts'
import { addressOf } from '../ui/api.ts'
import { followStream, lookEveryMs } from './event-stream.ts'

/** What is told of tunnels: that they have changed, or that nobody knows what was missed. */
export type TunnelNews = TunnelsEvent | 'anything'

type Listener = (news: TunnelNews) => void

const tunnelListeners = new Set<Listener>()
const followListeners = new Set<() => void>()
let isFollowing = false

/** Hears what happens to tunnels for as long as this page is shown, from when the stream is there. */
export function onTunnels(listener: Listener): () => void {
  tunnelListeners.add(listener)
  return () => tunnelListeners.delete(listener)
}

/** Asks for the list of tunnels again, where somebody has changed it: nobody may tell of that. */
export function reloadTunnels(): void {
  tell('anything')
}

/** Whether what happens is told as it happens; lists are asked for now and then otherwise. */
export function useIsFollowing(): boolean {
  return useSyncExternalStore(subscribe, () => isFollowing)
}

function subscribe(listener: () => void): () => void {
  followListeners.add(listener)
  return () => followListeners.delete(listener)
}

/** Follows what happens at the gateway: lists that have changed are asked for again. */
export function useEvents(): void {
  const client = useQueryClient()
  useEffect(() => {
    const stream = followStream(() => new EventSource(addressOf('/events')), Date.now, {
      begun(isAgain) {
        setFollowing(true)
        // What this page has asked for since it was loaded is new enough.
        if (isAgain) refetchAll(client)
        else tell('anything')
      },
      heard(name, data) {
        if (name === 'missed') refetchAll(client)
        else if (name === 'tunnels') tell(JSON.parse(data) as TunnelsEvent)
        else
          for (const kind of (JSON.parse(data) as ChangedEvent).kinds)
            void client.invalidateQueries({ queryKey: [kind] })
      },
      ended() {
        setFollowing(false)
        // The stream ends with the session and with the role.
        void client.invalidateQueries({ queryKey: ['me'] })
      },
      waiting: () => refetchAll(client),
    })
    const timer = setInterval(() => stream.look(), lookEveryMs)
    return () => {
      clearInterval(timer)
      stream.close()
      setFollowing(false)
    }
  }, [client])
}

function tell(news: TunnelNews): void {
  for (const listener of tunnelListeners) listener(news)
}

function refetchAll(client: QueryClient): void {
  tell('anything')
  void client.invalidateQueries({ predicate: ({ queryKey: [kind] }) => kind !== 'me' })
}

function setFollowing(next: boolean): void {
  if (next === isFollowing) return
  isFollowing = next
  for (const listener of followListeners) listener()
}

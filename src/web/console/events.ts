import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { ChangedEvent, TunnelsEvent } from '../../console/wire/events.ts'
import { addressOf } from '../ui/api.ts'

/** What is told of tunnels: that they have changed, or that nobody knows what was missed. */
export type TunnelNews = TunnelsEvent | 'anything'

type Listener = (news: TunnelNews) => void

const tunnelListeners = new Set<Listener>()
const followListeners = new Set<() => void>()
let isFollowing = false

/** A stream that was ended for good is begun again after this, in milliseconds: a session may have been renewed. */
const againAfterMs = 5_000
/** How often lists are asked for again while there is no stream: in such steps. */
const stepsToRefetch = 3

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
    let source = follow(client, true)
    let steps = 0
    const timer = setInterval(() => {
      if (source.readyState === EventSource.OPEN) steps = 0
      else if (++steps % stepsToRefetch === 0) refetchAll(client)
      if (source.readyState === EventSource.CLOSED) source = follow(client, false)
    }, againAfterMs)
    return () => {
      clearInterval(timer)
      source.close()
      setFollowing(false)
    }
  }, [client])
}

function follow(client: QueryClient, isFirst: boolean): EventSource {
  const source = new EventSource(addressOf('/events'))
  let isFresh = isFirst
  source.addEventListener('hello', () => {
    setFollowing(true)
    // What this page has asked for since it was loaded is new enough.
    if (isFresh) tell('anything')
    else refetchAll(client)
    isFresh = false
  })
  source.addEventListener('missed', () => refetchAll(client))
  source.addEventListener('changed', (event: MessageEvent<string>) => {
    const { kinds } = JSON.parse(event.data) as ChangedEvent
    for (const kind of kinds) void client.invalidateQueries({ queryKey: [kind] })
  })
  source.addEventListener('tunnels', (event: MessageEvent<string>) =>
    tell(JSON.parse(event.data) as TunnelsEvent),
  )
  source.addEventListener('error', () => {
    setFollowing(false)
    // The stream ends with the session and with the role.
    void client.invalidateQueries({ queryKey: ['me'] })
  })
  return source
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

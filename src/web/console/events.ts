import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { ChangedEvent, TunnelsEvent } from '../../console/wire/events.ts'
import { addressOf } from './api.ts'

/** What is told of tunnels: that they have changed, or that nobody knows what was missed. */
export type TunnelNews = TunnelsEvent | 'anything'

type Listener = (news: TunnelNews) => void

const listeners = new Set<Listener>()
/** A stream that was ended for good is begun again after this, in milliseconds: a session may have been renewed. */
const againAfterMs = 5_000

/** Hears what happens to tunnels for as long as this page is shown, from when the stream is there. */
export function onTunnels(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Follows what happens at the gateway: lists that have changed are asked for again. */
export function useEvents(): void {
  const client = useQueryClient()
  useEffect(() => {
    let source = follow(client, true)
    const timer = setInterval(() => {
      if (source.readyState === EventSource.CLOSED) source = follow(client, false)
    }, againAfterMs)
    return () => {
      clearInterval(timer)
      source.close()
    }
  }, [client])
}

function follow(client: QueryClient, isFirst: boolean): EventSource {
  const source = new EventSource(addressOf('/events'))
  const tell = (news: TunnelNews): void => {
    for (const listener of listeners) listener(news)
  }
  // The first one, one after the network was gone, and one to whom this page was too slow.
  const anything = (): void => {
    tell('anything')
    void client.invalidateQueries({ predicate: ({ queryKey: [kind] }) => kind !== 'me' })
  }
  let isFresh = isFirst
  source.addEventListener('hello', () => {
    // What this page has asked for since it was loaded is new enough.
    if (isFresh) tell('anything')
    else anything()
    isFresh = false
  })
  source.addEventListener('missed', anything)
  source.addEventListener('changed', (event: MessageEvent<string>) => {
    const { kinds } = JSON.parse(event.data) as ChangedEvent
    for (const kind of kinds) void client.invalidateQueries({ queryKey: [kind] })
  })
  source.addEventListener('tunnels', (event: MessageEvent<string>) =>
    tell(JSON.parse(event.data) as TunnelsEvent),
  )
  return source
}

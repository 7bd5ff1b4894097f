import { useSyncExternalStore } from 'react'

/** How it stands between this page and the gateway, judged by the last answer. */
export type Connection =
  | 'answering'
  /** Nobody answered. */
  | 'silent'
  /** The session has ended. */
  | 'signed-out'

let state: Connection = 'answering'
const listeners = new Set<() => void>()

/** An answer has come. */
export function reportAnswer(status: number): void {
  change(status === 401 ? 'signed-out' : 'answering')
}

/** None has. */
export function reportSilence(): void {
  change('silent')
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => state)
}

function change(next: Connection): void {
  if (next === state) return
  state = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

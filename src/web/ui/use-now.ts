import { useSyncExternalStore } from 'react'

const everyMs = 1_000

let nowMs = Date.now()
let timer: number | undefined
const listeners = new Set<() => void>()

/** This machine's clock, once a second, for everybody who counts on: one timer for all of them. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs)
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) nowMs = Date.now()
  listeners.add(listener)
  timer ??= window.setInterval(tick, everyMs)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    window.clearInterval(timer)
    timer = undefined
  }
}

function tick(): void {
  nowMs = Date.now()
  for (const listener of listeners) listener()
}

import type { Clock } from './clock.ts'

/** Waits, and no longer than until a signal aborts; never rejects. */
export function pause(waitMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const due = clock.schedule(waitMs, resolve)
  const onAbort = (): void => resolve()
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) resolve()
  return promise.finally(() => {
    due[Symbol.dispose]()
    signal.removeEventListener('abort', onAbort)
  })
}

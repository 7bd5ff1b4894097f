import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

/** Has whoever waits for the next turn of the event loop wait for `turn` instead, until it is disposed of. */
export function replaceTurns(turn: () => Promise<void>): Disposable {
  const own = timers.setImmediate
  const set = (next: typeof own): void => {
    timers.setImmediate = next
    // What has imported it by name has the new one from here on.
    syncBuiltinESMExports()
  }
  set(turn as typeof own)
  return { [Symbol.dispose]: () => set(own) }
}

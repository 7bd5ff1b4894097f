import type { Clock } from '../clock.ts'
import { PeerError } from '../errors.ts'

/**
 * Names that are remembered at once: more than 1,500 a second, each for as long as it could be used again.
 *
 * @limit grants that a connector has taken within their life of some 90 s: it takes no more until then
 */
const maxRemembered = 150_000

/** Remembers names for as long as somebody could come with them again. */
export interface UsedOnce {
  /**
   * Whether a name was not used before; from now on it was.
   *
   * @throws PeerError `busy` when no more can be remembered
   */
  take(name: string, untilMs: number): boolean
}

export function createUsedOnce(clock: Clock): UsedOnce {
  /** In the order in which they came, which is nearly that in which they go. */
  const untilMsOf = new Map<string, number>()

  function forget(): void {
    const nowMs = clock.now()
    for (const [name, untilMs] of untilMsOf) {
      if (untilMs > nowMs) return
      untilMsOf.delete(name)
    }
  }

  return {
    take(name, untilMs) {
      forget()
      if (untilMsOf.has(name)) return false
      if (untilMsOf.size >= maxRemembered) {
        throw new PeerError('busy', 'more grants came than can be remembered')
      }
      untilMsOf.set(name, untilMs)
      return true
    },
  }
}

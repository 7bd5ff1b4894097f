import type { Clock } from '../clock.ts'
import type { TunnelCredential } from '../tunnel/tunnel-credential.ts'

/**
 * How long a connector whose credential is refused all at once waits for another one, in milliseconds: whoever
 * rotates it has the new one only after the gateway has forgotten the former, and writes it to a file then.
 *
 * @limit time for another token to be written when a running connector's has been rotated: it ends
 */
const replacementMs = 5_000

/** The credential of now, and whether a refused one has been replaced. */
export interface CurrentCredential {
  readonly now: TunnelCredential
  replace(next: TunnelCredential): void
  /** Whether there is another one than `refused`, which is waited for; false once `signal` is aborted. */
  isReplaced(refused: TunnelCredential | undefined, signal: AbortSignal): Promise<boolean>
}

export function createCurrentCredential(first: TunnelCredential, clock: Clock): CurrentCredential {
  let now = first
  const waiting = new Set<() => void>()
  return {
    get now() {
      return now
    },
    replace(next) {
      now = next
      for (const resolve of waiting) resolve()
    },
    async isReplaced(refused, signal) {
      if (now === refused && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        using _ = clock.schedule(replacementMs, resolve)
        const onAbort = (): void => resolve()
        waiting.add(resolve)
        signal.addEventListener('abort', onAbort)
        await promise
        signal.removeEventListener('abort', onAbort)
        waiting.delete(resolve)
      }
      return now !== refused && !signal.aborted
    },
  }
}

import type { Clock } from '../clock.ts'

export interface SecondTry<Value> {
  /** Begins one attempt, which lets go of everything when its signal is aborted. */
  readonly begin: (signal: AbortSignal) => Promise<Value>
  /** Lets go of what a second success would leave behind. */
  readonly discard: (value: Value) => void
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/**
 * A connection that a network change has left hanging would be waited for as long as its timeouts allow,
 * while a new one would be there at once.
 *
 * @limit time for a connection to the gateway, TLS included, before a second one is tried beside it: the
 * first to stand is used
 */
export const secondTryAfterMs = 5_000

/**
 * Makes an attempt, and when it has not come to anything in time, another one beside it. Takes the first
 * that succeeds and aborts the other; rejects when one fails and no other is under way.
 */
export function withSecondTry<Value>({
  begin,
  discard,
  clock,
  signal,
}: SecondTry<Value>): Promise<Value> {
  const running = new Set<AbortController>()
  let isOver = false
  return new Promise((resolve, reject) => {
    const second = clock.schedule(secondTryAfterMs, start)

    function finish(): void {
      isOver = true
      second[Symbol.dispose]()
      for (const other of running) other.abort(new Error('another connection stands'))
    }

    function start(): void {
      const attempt = new AbortController()
      running.add(attempt)
      const either = AbortSignal.any([attempt.signal, ...(signal === undefined ? [] : [signal])])
      begin(either).then(
        (value) => {
          if (isOver) return discard(value)
          running.delete(attempt)
          finish()
          resolve(value)
        },
        (error: unknown) => {
          running.delete(attempt)
          if (isOver || running.size > 0) return
          finish()
          reject(error)
        },
      )
    }

    start()
  })
}

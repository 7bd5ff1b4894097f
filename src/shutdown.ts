/** Everything long-lived ends the same way: stop accepting, drain, then destroy. Idempotent. */
export interface Closable {
  /** Resolves when everything is released; `graceMs` is how long to wait for work under way. */
  close(graceMs: number): Promise<void>
}

/** `setTimeout` fires at once beyond it. */
const longestDelayMs = 2 ** 31 - 1

/** Waits for something, and no longer than `limitMs`. */
export async function within(limitMs: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>(
    (resolve) => (timer = setTimeout(resolve, Math.min(limitMs, longestDelayMs))),
  )
  await Promise.race([done, limit])
  clearTimeout(timer)
}

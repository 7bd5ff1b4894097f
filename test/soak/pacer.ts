/** Does something again and again, and stops when it is told to. */
export interface Pacer {
  /** Resolves once nothing is under way; rejects with what has failed. */
  pause(): Promise<void>
  resume(): void
}

/** Begins an act every so many milliseconds, and no further one while `atOnce` are under way. */
export function startPacer(
  everyMs: number,
  act: () => Promise<void>,
  atOnce = 1,
): Pacer & Disposable {
  const running = new Set<Promise<void>>()
  let fault: Error | undefined
  let isPaused = false
  const timer = setInterval(() => {
    if (isPaused || running.size >= atOnce) return
    const one = act()
      .catch((error: Error) => void (fault ??= error))
      .finally(() => running.delete(one))
    running.add(one)
  }, everyMs)
  return {
    async pause() {
      isPaused = true
      await Promise.all(running)
      if (fault !== undefined) throw fault
    },
    resume: () => void (isPaused = false),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

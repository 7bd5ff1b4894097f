/** How long a tunnel may be without a byte. It may change while the tunnel is open. */
export interface IdleLimit {
  /** Whether it was met: the watcher has been called back. */
  readonly isMet: boolean
  /** Calls back after so long without `touch`; one watcher at a time. */
  watch(onIdle: () => void): void
  /** A byte has passed. */
  touch(): void
  /** Another limit, in milliseconds, 0 for none; silence is counted from now on. */
  change(timeoutMs: number): void
  /** Calls back no more. */
  stop(): void
}

/** Makes a limit in milliseconds; 0 for none. */
export function createIdleLimit(timeoutMs: number): IdleLimit {
  let currentMs = timeoutMs
  let onIdle: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  let isMet = false
  const meet = (): void => {
    isMet = true
    onIdle?.()
  }
  const arm = (): void => {
    clearTimeout(timer)
    timer = onIdle !== undefined && currentMs > 0 ? setTimeout(meet, currentMs) : undefined
  }
  return {
    get isMet() {
      return isMet
    },
    watch(callback) {
      onIdle = callback
      arm()
    },
    touch: () => void timer?.refresh(),
    change(nextMs) {
      if (nextMs === currentMs) return
      currentMs = nextMs
      arm()
    },
    stop() {
      onIdle = undefined
      arm()
    },
  }
}

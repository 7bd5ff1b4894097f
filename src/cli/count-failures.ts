import { systemClock, type Clock } from '../clock.ts'
import type { Logger } from '../log.ts'

export interface CountedFailures {
  readonly error: Logger['error']
  /** Says what was counted and not said yet. */
  flush(): void
}

const windowMs = 60_000
/**
 * A program that connects again at once fails thousands of times a minute.
 *
 * @limit lines a minute about failed connections to a local port, of each kind: one line counts the
 * rest
 */
const maxLinesPerMinute = 5

interface Window {
  failures: number
  readonly message: string
  readonly end: Disposable
}

/** Passes errors on; of one kind, by its `code`, only the first few a minute, and then their number. */
export function countFailures(
  { error: say }: Pick<Logger, 'error'>,
  clock: Clock = systemClock,
): CountedFailures {
  const windows = new Map<string, Window>()
  const close = (kind: string): void => {
    const window = windows.get(kind)
    windows.delete(kind)
    window?.end[Symbol.dispose]()
    const leftOut = (window?.failures ?? 0) - maxLinesPerMinute
    if (window === undefined || leftOut <= 0) return
    say(`${leftOut} more connections failed: ${window.message}`, { code: kind, failures: leftOut })
  }
  return {
    error(message, fields = {}) {
      const kind = typeof fields['code'] === 'string' ? fields['code'] : message
      const end = windows.get(kind)?.end ?? clock.schedule(windowMs, () => close(kind))
      const failures = (windows.get(kind)?.failures ?? 0) + 1
      windows.set(kind, { failures, message, end })
      if (failures <= maxLinesPerMinute) say(message, fields)
    },
    flush() {
      for (const kind of windows.keys()) close(kind)
    },
  }
}

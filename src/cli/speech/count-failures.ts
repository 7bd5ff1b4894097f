import { systemClock, type Clock } from '../../clock.ts'
import type { LogFields, Logger } from '../../log.ts'

type Levels = Pick<Logger, 'error' | 'warn'>

export interface CountedFailures extends Levels {
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
  readonly level: keyof Levels
  readonly message: string
  readonly closing: Disposable
}

/** Passes errors and warnings on; of one kind, by its `code`, only the first few a minute, and then their number. */
export function countFailures(log: Levels, clock: Clock = systemClock): CountedFailures {
  const windows = new Map<string, Window>()
  const close = (kind: string): void => {
    const window = windows.get(kind)
    windows.delete(kind)
    window?.closing[Symbol.dispose]()
    const leftOut = (window?.failures ?? 0) - maxLinesPerMinute
    if (window === undefined || leftOut <= 0) return
    const sentence = `${leftOut} more connections failed: ${window.message}`
    log[window.level](sentence, { code: kind, failures: leftOut })
  }
  const count = (level: keyof Levels, message: string, fields: LogFields): void => {
    const kind = typeof fields['code'] === 'string' ? fields['code'] : message
    const closing = windows.get(kind)?.closing ?? clock.schedule(windowMs, () => close(kind))
    const failures = (windows.get(kind)?.failures ?? 0) + 1
    windows.set(kind, { failures, level, message, closing })
    if (failures <= maxLinesPerMinute) log[level](message, fields)
  }
  return {
    error: (message, fields = {}) => count('error', message, fields),
    warn: (message, fields = {}) => count('warn', message, fields),
    flush() {
      for (const kind of windows.keys()) close(kind)
    },
  }
}

import type { Clock } from '../clock.ts'
import { createLog } from './log.ts'
import type { Log } from './log.ts'

/** Stands at 2026-08-20T10:00:02Z. */
export const fixedClock: Clock = {
  now: () => Date.UTC(2026, 7, 20, 10, 0, 2),
  schedule: () => ({ [Symbol.dispose]: () => undefined }),
}

/** A log that keeps its lines. */
export function collectLog(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const log = createLog({ sink: { write: (line) => void lines.push(line) }, clock: fixedClock })
  return { log, lines }
}

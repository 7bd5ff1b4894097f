import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'

/** Where connections are reported that were closed without an answer. */
export interface RefusedConnections {
  report(why: string, ip: string): void
}

const windowMs = 60_000
/**
 * @limit log lines a minute about connections refused for their PROXY header: one line counts
 * the rest
 */
const maxLinesPerWindow = 10

/** Logs a line for each, and for those beyond ten in a minute one line with their number: scans are long. */
export function createRefusedConnections(logger: Logger, clock: Clock): RefusedConnections {
  let lines = 0
  let leftOut = 0
  const endWindow = (): void => {
    if (leftOut > 0) logger.warn('more connections refused', { connections: leftOut })
    lines = 0
    leftOut = 0
  }
  return {
    report(why, ip) {
      if (lines === 0) clock.schedule(windowMs, endWindow)
      if (lines >= maxLinesPerWindow) leftOut += 1
      else {
        lines += 1
        logger.warn('connection refused', { ip, why })
      }
    },
  }
}

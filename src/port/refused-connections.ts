import type { Clock } from '../clock.ts'
import { createLineLimit } from '../line-limit.ts'
import type { Logger } from '../log.ts'

/** Where connections are reported that were closed without an answer. */
export interface RefusedConnections {
  report(why: string, ip: string): void
}

/**
 * @limit log lines a minute about connections refused for their PROXY header: one line counts
 * the rest
 */
const maxLinesPerMinute = 10

/** Logs a line for each, and for those beyond ten in a minute one line with their number: scans are long. */
export function createRefusedConnections(logger: Logger, clock: Clock): RefusedConnections {
  const limit = createLineLimit(clock, maxLinesPerMinute, (connections) =>
    logger.warn('more connections refused', { connections }),
  )
  return {
    report(why, ip) {
      if (limit.admits()) logger.warn('connection refused', { ip, why })
    },
  }
}

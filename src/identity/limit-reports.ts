import { addressKey } from '../address.ts'
import type { Clock } from '../clock.ts'
import { createLineLimit } from '../line-limit.ts'
import type { Logger } from '../log.ts'
import { createRateLimit, type LimitedCode, type LimitedError } from './rate-limit.ts'

/** Where it is reported that a limit was reached. */
export interface LimitReports {
  /** Counts an error that is about to be thrown, and logs it once for each limit, address and minute. */
  reported(error: LimitedError, address: string): LimitedError
}

const windowMs = 60_000
/** @limit none: addresses at a limit that are remembered for their log line */
const maxAddresses = 1000
/** @limit log lines a minute about addresses that have reached a limit: one line counts the rest */
const maxLinesPerMinute = 20

export function createLimitReports(
  log: Logger,
  clock: Clock,
  limited: (code: LimitedCode) => void,
): LimitReports {
  const told = createRateLimit({ maxEvents: 1, windowMs, maxKeys: maxAddresses, clock })
  const lines = createLineLimit(clock, maxLinesPerMinute, (addresses) =>
    log.warn('more addresses at a limit', { addresses }),
  )
  return {
    reported(error, address) {
      const { limit } = error
      limited(limit)
      const ip = addressKey(address)
      const key = `${limit} ${ip}`
      if (!told.isReached(key)) {
        told.count(key)
        if (lines.admits()) log.warn('limit reached', { limit, ip })
      }
      return error
    },
  }
}

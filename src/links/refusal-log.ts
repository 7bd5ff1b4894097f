import type { Clock } from '../clock.ts'
import { createLineLimit } from '../line-limit.ts'
import type { Logger } from '../log.ts'

/** @limit none: refused connectors whose line in the log is remembered; the oldest are forgotten */
const maxRemembered = 1_000
/** @limit log lines a minute about refused connectors: one line counts the rest */
const maxLinesPerMinute = 20

/** Who asked to be registered, by its own words. */
export interface RefusedConnector {
  readonly tunnelId: string
  readonly connectorId: string
  readonly connIndex: number
  /** Undefined where it has not said it yet. */
  readonly version?: string | undefined
  readonly ip: string
}

/** One line for each connector that is refused, and one for each other cause: it may ask again for ever. */
export interface RefusalLog {
  refused(connector: RefusedConnector, code: string, hint: string): void
  /** It is registered: what comes next is news again. */
  admitted(connector: Pick<RefusedConnector, 'tunnelId' | 'connectorId'>): void
}

export function createRefusalLog(clock: Clock, logger: Logger): RefusalLog {
  const told = new Map<string, string>()
  const limit = createLineLimit(clock, maxLinesPerMinute, (connectors) =>
    logger.warn('more connectors refused', { connectors }),
  )
  return {
    refused({ tunnelId, connectorId, connIndex, version, ip }, code, hint) {
      const key = keyOf({ tunnelId, connectorId })
      if (told.get(key) === code) return
      told.delete(key)
      told.set(key, code)
      const [oldest] = told.keys()
      if (told.size > maxRemembered && oldest !== undefined) told.delete(oldest)
      if (!limit.admits()) return
      logger.warn('connector refused', {
        'tunnel-id': shorten(tunnelId),
        'connector-id': shorten(connectorId),
        'conn-index': connIndex,
        ...(version !== undefined && { version: shorten(version) }),
        ip,
        why: code,
        hint,
      })
    },
    admitted: (connector) => void told.delete(keyOf(connector)),
  }
}

function keyOf({ tunnelId, connectorId }: Pick<RefusedConnector, 'tunnelId' | 'connectorId'>) {
  return `${shorten(tunnelId)} ${shorten(connectorId)}`
}

/** Nobody knows who wrote it. */
function shorten(text: string): string {
  return text.slice(0, 64)
}

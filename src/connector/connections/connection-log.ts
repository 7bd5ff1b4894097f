import { AppError, messageOf, systemCode } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { printable } from '../../terminal-text.ts'
import type { LiveConnection } from './slot.ts'

/** Says what becomes of the connections: one line for each change, however often it is tried. */
export interface ConnectionLog {
  registered(live: LiveConnection): void
  notice(message: string): void
  lost(live: LiveConnection, why: Error | undefined): void
  draining(live: LiveConnection): void
  failed(connIndex: number, error: unknown): void
}

export function createConnectionLog(log: Logger): ConnectionLog {
  /** What hinders each connection now; the same thing hinders mostly all of them. */
  const troubles = new Map<number, string>()
  /** The same notice comes on each connection. */
  const noticed = new Set<string>()

  return {
    registered({ connIndex, connectionId, location, ip }) {
      troubles.delete(connIndex)
      const fields = { connIndex, connection: connectionId, ip, location }
      const words = Object.entries(fields).map(
        ([name, value]) => `${name}=${printable(String(value))}`,
      )
      log.info(`Registered tunnel connection ${words.join(' ')}`, fields)
    },
    notice(message) {
      const text = printable(message)
      if (noticed.has(text) || noticed.size >= maxNotices) return
      noticed.add(text)
      log.warn(text)
    },
    lost({ connIndex }, why) {
      const reason = why === undefined ? 'the gateway has ended it' : messageOf(why)
      log.warn(`lost connection connIndex=${connIndex}: ${reason}; connecting again`, { connIndex })
    },
    draining({ connIndex }) {
      const message = `the gateway wants connection connIndex=${connIndex} replaced; connecting again`
      log.info(message, { connIndex })
    },
    failed(connIndex, error) {
      const trouble = kindOf(error)
      const isKnown = [...troubles.values()].includes(trouble)
      troubles.set(connIndex, trouble)
      if (isKnown) return
      const hint = error instanceof AppError ? error.hint : undefined
      const code = error instanceof AppError ? error.code : 'internal'
      log.warn(`cannot connect: ${messageOf(error)}; trying again`, { connIndex, code, hint })
    },
  }
}

/**
 * More than anybody reads; a gateway may send any number.
 *
 * @limit different notices of gateways that a connector logs: further ones are left out
 */
const maxNotices = 100

/** What tells one trouble from another: the addresses in a message change with each attempt. */
function kindOf(error: unknown): string {
  if (!(error instanceof AppError)) return messageOf(error)
  const beneath = deepest(error)
  return `${error.code} ${systemCode(beneath) ?? ''}`
}

function deepest(error: Error): Error {
  const { cause } = error
  if (cause instanceof AggregateError) return (cause.errors as Error[])[0] ?? cause
  return cause instanceof Error ? deepest(cause) : error
}

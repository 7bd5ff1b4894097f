import type { LogEntry } from '../wire/view.ts'

/**
 * Entries that are kept of one connection, and of all.
 *
 * @limit lines of a connection's log that the daemon keeps: the oldest go
 */
const maxEntriesOfOne = 500
/** @limit lines of all connections' logs that the daemon keeps: the oldest of the longest log go */
const maxEntries = 20_000

export type NewEntry = Omit<LogEntry, 'number' | 'at'>

/** What happened to connections, as far back as there is room. */
export interface ConnectionLog {
  add(entry: NewEntry): void
  /** Oldest first. */
  of(connection: string): readonly LogEntry[]
  /** Of all connections, oldest first. */
  all(): readonly LogEntry[]
  forget(connection: string): void
}

export function createConnectionLog(
  now: () => number,
  onEntry: (entry: LogEntry) => void = () => undefined,
): ConnectionLog {
  const logs = new Map<string, LogEntry[]>()
  let [next, count] = [1, 0]

  function longest(): LogEntry[] | undefined {
    let found: LogEntry[] | undefined
    for (const log of logs.values()) if (log.length > (found?.length ?? 0)) found = log
    return found
  }

  return {
    add(entry) {
      const whole = { ...entry, number: next, at: new Date(now()).toISOString() }
      next += 1
      const log = logs.get(entry.connection) ?? []
      logs.set(entry.connection, log)
      log.push(whole)
      count += 1
      const tooLong =
        log.length > maxEntriesOfOne ? log : count > maxEntries ? longest() : undefined
      if (tooLong?.shift() !== undefined) count -= 1
      onEntry(whole)
    },
    of: (connection) => [...(logs.get(connection) ?? [])],
    all: () => [...logs.values()].flat().sort((one, other) => one.number - other.number),
    forget(connection) {
      count -= logs.get(connection)?.length ?? 0
      logs.delete(connection)
    },
  }
}

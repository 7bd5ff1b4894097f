import type { ConnectionDetail } from '../../desktop/wire/calls.ts'
import type { ChangedEvent, DaemonView, LogEntry, TrafficSample } from '../../desktop/wire/view.ts'

/** Lines of one connection's log that the page keeps. */
const maxLogLines = 2_000
/** Seconds of traffic that the page keeps. */
const maxTrafficSeconds = 120

/** The daemon after a change; what has not changed stays the same object. */
export function withChange(state: DaemonView, event: ChangedEvent): DaemonView {
  const { connections, removed, gateways, proxies, notices } = event
  const changed = new Map(connections.map((connection) => [connection.id, connection]))
  const gone = new Set(removed)
  const kept = state.connections
    .filter(({ id }) => !gone.has(id) || changed.has(id))
    .map((connection) => {
      const now = changed.get(connection.id) ?? connection
      changed.delete(connection.id)
      return now
    })
  return {
    ...state,
    connections:
      connections.length + removed.length === 0
        ? state.connections
        : [...kept, ...changed.values()],
    ...(gateways && { gateways }),
    ...(proxies && { proxies }),
    ...(notices && { notices }),
  }
}

/** A connection's detail with further lines of its log; those that it has already count once. */
export function withLog(detail: ConnectionDetail, entries: readonly LogEntry[]): ConnectionDetail {
  const last = detail.log.at(-1)?.number ?? -1
  const added = entries.filter(
    ({ connection, number }) => connection === detail.connection.id && number > last,
  )
  if (added.length === 0) return detail
  return { ...detail, log: [...detail.log, ...added].slice(-maxLogLines) }
}

/** A connection's detail with the bytes of another second. */
export function withSample(detail: ConnectionDetail, sample: TrafficSample): ConnectionDetail {
  const others = detail.traffic.filter(({ second }) => second !== sample.second)
  return { ...detail, traffic: [...others, sample].slice(-maxTrafficSeconds) }
}

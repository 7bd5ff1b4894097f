import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeptEntry } from '../telemetry/audit/read-audit.ts'

/** What the audit log says of who used what. */
export interface PastUse {
  /** How many decisions that let somebody in were read. */
  readonly decisions: number
  /** Where there were more than are read: back to when they were, RFC 3339. */
  readonly cutAt: string | undefined
  /** How many of them were of one route. */
  decisionsOn(routeId: string): number
  /** Where somebody came from last, to one route or to any: by user id or a service account's id. */
  ipOf(id: string, routeId?: string): string | undefined
  /** When somebody was last let in on a route, RFC 3339. */
  lastUse(id: string, routeId: string): string | undefined
  /** Everybody who was let in, by route. */
  users(routeId: string): readonly string[]
}

/**
 * So many decisions are read: about a week of a busy gateway.
 *
 * @limit decisions of the audit log that the reach of a change looks at, the newest: it says back to when
 */
const maxDecisions = 200_000

/**
 * Longest that the log is read, in milliseconds: refusals of strangers may fill most of it.
 *
 * @limit time for which the reach of a change reads the audit log, the newest first: it says back to when
 */
const maxReadMs = 5_000

/** Lines of other kinds and refusals are passed over, and others get their turn in between. */
const linesPerTurn = 500

/** Reads who was let in where, of entries that come newest first; `now` is a clock in milliseconds. */
export async function readPastUse(
  entries: AsyncIterable<KeptEntry>,
  now: () => number = () => performance.now(),
): Promise<PastUse> {
  const ips = new Map<string, string>()
  const uses = new Map<string, Map<string, Use>>()
  const counts = new Map<string, number>()
  let decisions = 0
  let lines = 0
  let cutAt: string | undefined
  const endMs = now() + maxReadMs
  for await (const entry of entries) {
    if ((lines += 1) % linesPerTurn === 0) await nextTurn()
    if (decisions >= maxDecisions || now() > endMs) {
      cutAt = entry.time
      break
    }
    const use = useIn(entry)
    if (use === undefined) continue
    decisions += 1
    if (use.ip !== undefined && !ips.has(use.id)) ips.set(use.id, use.ip)
    counts.set(use.routeId, (counts.get(use.routeId) ?? 0) + 1)
    const ofRoute = uses.get(use.routeId) ?? new Map<string, Use>()
    uses.set(use.routeId, ofRoute)
    if (!ofRoute.has(use.id)) ofRoute.set(use.id, use)
  }
  return {
    decisions,
    cutAt,
    decisionsOn: (routeId) => counts.get(routeId) ?? 0,
    ipOf: (id, routeId) => (routeId === undefined ? ips.get(id) : uses.get(routeId)?.get(id)?.ip),
    lastUse: (id, routeId) => uses.get(routeId)?.get(id)?.time,
    users: (routeId) => [...(uses.get(routeId)?.keys() ?? [])],
  }
}

/** For where no audit log can be read. */
export const noPastUse: PastUse = {
  decisions: 0,
  cutAt: undefined,
  decisionsOn: () => 0,
  ipOf: () => undefined,
  lastUse: () => undefined,
  users: () => [],
}

interface Use {
  readonly id: string
  readonly routeId: string
  readonly ip: string | undefined
  readonly time: string
}

function useIn(entry: KeptEntry): Use | undefined {
  if (entry.kind !== 'decision' || entry['allow'] !== true || entry['deny'] === true)
    return undefined
  const id = textOf(entry['user']) ?? textOf(entry['service-account-id'])
  const routeId = textOf(entry['route-id'])
  if (id === undefined || routeId === undefined) return undefined
  return { id, routeId, ip: textOf(entry['ip']), time: entry.time }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

import { printable } from '../terminal-text.ts'

// The tunnels of a session, as its own client asks for them: `GET gatewayPaths.tunnels` with the session's token answers
// `{tunnels, open, is_truncated}`, the oldest first. They are those of the gateway process that answers: several behind one
// address know nothing of each other's. A gateway that does not know the path answers 404.

/** An open tunnel, as whose it is sees it. Moments are RFC 3339. */
export interface OwnTunnel {
  /** The request that opened it, as in the gateway's log. */
  readonly id: string
  /** The name of its route. */
  readonly route: string
  /** What was asked for: `host:port`. */
  readonly target: string
  /** The client's address, as the gateway sees it. */
  readonly ip: string
  readonly openedAt: string
  /** Bytes so far, from the client to the service and back. */
  readonly bytesUp: number
  readonly bytesDown: number
  /** When it ends at the latest, or is decided again, as it stands now; undefined where nothing ends it by time. */
  readonly until: string | undefined
}

export interface OwnTunnels {
  readonly tunnels: readonly OwnTunnel[]
  /** How many there are, named or not. */
  readonly open: number
  /** Whether there are more than are named. */
  readonly isTruncated: boolean
}

/** @limit open tunnels that a gateway names to their own session: how many there are is said */
export const maxOwnTunnels = 500

/** The answer, as a value of JSON. */
export function ownTunnelsToJson({ tunnels, open, isTruncated }: OwnTunnels): object {
  return { tunnels: tunnels.map(ownTunnelToJson), open, is_truncated: isTruncated }
}

export function ownTunnelToJson(tunnel: OwnTunnel): object {
  const { id, route, target, ip, openedAt, bytesUp, bytesDown, until } = tunnel
  return {
    id,
    route,
    target,
    ip,
    opened_at: openedAt,
    bytes_up: bytesUp,
    bytes_down: bytesDown,
    until: until ?? null,
  }
}

/** Reads an answer, whose texts can be shown then; undefined for anything else. No more are taken than an answer may have. */
export function decodeOwnTunnels(body: string): OwnTunnels | undefined {
  const { tunnels: list, open, is_truncated: isTruncated } = fieldsOf(parse(body))
  if (!Array.isArray(list)) return undefined
  const tunnels = list.slice(0, maxOwnTunnels).map(decodeOne)
  if (!tunnels.every((one) => one !== undefined)) return undefined
  const count = Math.max(list.length, countOf(open) ?? 0)
  return { tunnels, open: count, isTruncated: isTruncated === true || count > tunnels.length }
}

function decodeOne(value: unknown): OwnTunnel | undefined {
  const fields = fieldsOf(value)
  const text = (name: string): string => printable(fields[name])
  const [bytesUp, bytesDown] = [countOf(fields['bytes_up']), countOf(fields['bytes_down'])]
  const openedAt = momentOf(fields['opened_at'])
  if (bytesUp === undefined || bytesDown === undefined || openedAt === undefined) return undefined
  return {
    id: text('id'),
    route: text('route'),
    target: text('target'),
    ip: text('ip'),
    openedAt,
    bytesUp,
    bytesDown,
    until: momentOf(fields['until']),
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined
}

function momentOf(value: unknown): string | undefined {
  const text = printable(value)
  return Number.isNaN(Date.parse(text)) ? undefined : text
}

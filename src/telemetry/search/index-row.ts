import type { KeptEntry } from '../audit/read-audit.ts'
import { auditOutcome, type AuditOutcome } from './outcome.ts'

/** Where to find a record, and what it is found by. */
export interface IndexRow {
  readonly series: string
  readonly seq: number
  readonly atMs: number
  readonly kind: string
  readonly event: string
  /** In lower case. */
  readonly email: string | undefined
  readonly userId: string | undefined
  readonly actor: string | undefined
  readonly ip: string | undefined
  readonly route: string | undefined
  readonly routeId: string | undefined
  readonly requestId: string | undefined
  readonly outcome: AuditOutcome | undefined
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

/**
 * Longest of what a record is found by, in UTF-16 units.
 *
 * @limit a name or address by which an audit record is found: only its beginning is looked at
 */
const maxFieldLength = 400

export function indexRow(
  entry: KeptEntry,
  place: Pick<IndexRow, 'series' | 'seq' | 'file' | 'offset' | 'bytes'>,
): IndexRow {
  const text = (...names: readonly string[]): string | undefined => {
    const found = names.map((name) => firstOf(entry[name])).find((it) => it !== undefined)
    return found?.slice(0, maxFieldLength)
  }
  // A block has whom an administrator named, by either.
  const named = text('who')
  const isAddress = named?.includes('@') === true
  return {
    ...place,
    atMs: Date.parse(entry.time) || 0,
    // Somebody may have written to the file: nothing of it is what it should be.
    kind: text('kind') ?? '',
    event: text('event') ?? '',
    email: (text('email', 'emails') ?? (isAddress ? named : undefined))?.toLowerCase(),
    userId: text('user', 'service-account-id', 'user-ids') ?? (isAddress ? undefined : named),
    actor: text('by-email')?.toLowerCase() ?? text('by-user', 'by-service-account-id'),
    ip: text('ip'),
    route: text('route', 'route-name'),
    routeId: text('route-id'),
    requestId: text('request-id'),
    outcome: auditOutcome(entry),
  }
}

/** Sessions that are ended together are nearly always of one person: the first of several stands for them. */
function firstOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' && first !== '' ? first : undefined
}

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
    const found = names.map((name) => entry[name]).find((it) => typeof it === 'string' && it !== '')
    return typeof found === 'string' ? found.slice(0, maxFieldLength) : undefined
  }
  return {
    ...place,
    atMs: Date.parse(entry.time) || 0,
    // Somebody may have written to the file: nothing of it is what it should be.
    kind: text('kind') ?? '',
    event: text('event') ?? '',
    email: text('email')?.toLowerCase(),
    userId: text('user', 'service-account-id'),
    actor: text('by-email')?.toLowerCase() ?? text('by-user', 'by-service-account-id'),
    ip: text('ip'),
    route: text('route'),
    routeId: text('route-id'),
    requestId: text('request-id'),
    outcome: auditOutcome(entry),
  }
}

import type { AuditKind, AuditOutcome, AuditSeries } from '../../../console/wire/audit.ts'

/** What each kind of record is of. */
export const kinds: Readonly<Record<AuditKind, string>> = {
  'sign-in': 'Sign-ins',
  session: 'Sessions',
  decision: 'Decisions',
  tunnel: 'Tunnels',
  cut: 'Cuts',
  grant: 'Grants',
  admin: 'Admin changes',
  audit: 'The audit log itself',
}

export const outcomes: Readonly<Record<AuditOutcome, string>> = {
  allowed: 'Allowed',
  refused: 'Refused',
  failed: 'Failed',
  cut: 'Cut',
}

/** Each is a chain of its own. */
export const series: Readonly<Record<AuditSeries, string>> = {
  people: 'what people and administrators did',
  decisions: 'what was decided',
  strangers: 'what strangers caused',
}

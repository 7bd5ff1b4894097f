import type { Denial } from '../../access/denial.ts'

export const startMs = Date.parse('2026-11-29T14:00:00Z')

/** Why somebody was refused; tests change what they are about. */
export function denialOf(change: Partial<Denial> = {}): Denial {
  return {
    id: 'a-1',
    atMs: startMs,
    userId: 'u-alice',
    email: 'alice@example.com',
    routeId: 'db',
    routeName: 'db',
    namespace: undefined,
    contact: '',
    target: 'db.example.com:5432',
    ip: '192.0.2.1',
    message: 'no',
    next: 'ask',
    reasons: ['email-unauthorized'],
    advice: [],
    trace: { outcome: 'deny', rules: [], hasMore: false },
    ...change,
  }
}

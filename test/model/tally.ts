import type { Ended } from '../../src/telemetry/ended.ts'
import type { Kind } from './changes.ts'

/** What has happened in all sequences so far. */
export interface Tally {
  readonly kinds: Map<Kind, { done: number; cut: number; left: number }>
  readonly causes: Map<Ended, number>
  opened: number
  /** Bytes that were compared. */
  bytes: number
}

export function createTally(): Tally {
  return { kinds: new Map(), causes: new Map(), opened: 0, bytes: 0 }
}

/** Adds what another run has counted. */
export function mergeTally(total: Tally, { kinds, causes, opened, bytes }: Tally): void {
  for (const [kind, { done, cut, left }] of kinds) {
    const sum = total.kinds.get(kind) ?? { done: 0, cut: 0, left: 0 }
    total.kinds.set(kind, { done: sum.done + done, cut: sum.cut + cut, left: sum.left + left })
  }
  for (const [cause, count] of causes)
    total.causes.set(cause, (total.causes.get(cause) ?? 0) + count)
  total.opened += opened
  total.bytes += bytes
}

/** What has happened, a line for each kind. */
export function describeTally({ kinds, causes, opened, bytes }: Tally): string {
  const lines = [...kinds].map(
    ([kind, { done, cut, left }]) => `${kind}: ${done} times, cut ${cut} tunnels and left ${left}`,
  )
  const ends = [...causes].map(([cause, count]) => `ended by ${cause}: ${count}`)
  return [`${opened} tunnels were opened, and carried ${bytes} bytes`, ...lines, ...ends].join('\n')
}

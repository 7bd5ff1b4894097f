import type { Kind } from './changes.ts'
import type { Phase } from './opening.ts'

/** What has happened in all interleavings so far. */
export interface RaceTally {
  races: number
  steps: number
  opened: number
  /** How tunnels came out: the code of a refusal, the cause of an ending, `open` or `closed`. */
  readonly outcomes: Map<string, number>
  /** How often a change was told to the gateway while a tunnel was that far. */
  readonly met: ReadonlyMap<string, number>
  meet(kind: Kind, phase: Phase): void
  metBy(kind: Kind, phase: Phase): number
}

export function createRaceTally(): RaceTally {
  const met = new Map<string, number>()
  const metBy = (kind: Kind, phase: Phase): number => met.get(keyOf(kind, phase)) ?? 0
  return {
    races: 0,
    steps: 0,
    opened: 0,
    outcomes: new Map(),
    met,
    meet: (kind, phase) => void met.set(keyOf(kind, phase), metBy(kind, phase) + 1),
    metBy,
  }
}

const keyOf = (kind: Kind, phase: Phase): string => `${kind} / ${phase}`

/** What has happened, a line for each way in which tunnels came out, and for each change and phase. */
export function describeRaceTally({ races, steps, opened, outcomes, met }: RaceTally): string {
  const sorted = (counts: ReadonlyMap<string, number>): readonly string[] =>
    [...counts].map(([what, count]) => `${what}: ${count}`).sort()
  return [
    `${races} interleavings of ${steps} steps, in which ${opened} tunnels were opened`,
    ...sorted(outcomes),
    ...sorted(met),
  ].join('\n')
}

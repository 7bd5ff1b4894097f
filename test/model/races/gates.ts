import type { Random } from '../random.ts'

/** What somebody can wait for in an interleaving: all that the parts wait for outside of themselves. */
export type Wait =
  | 'asks for a tunnel'
  | 'the store reads'
  | 'the provider answers'
  | 'the upstream opens'
  | 'the client closes'
  | 'the relay ends'
  | 'the feed tells'
  | 'a turn passes'

interface Gate {
  readonly wait: Wait
  readonly who: string
  readonly open: () => void
}

/** Where everybody waits until it is their turn, one at a time and in the order that a seed gives. */
export interface Gates {
  /** Resolves when it is the turn of this one. */
  pass(wait: Wait, who: string): Promise<void>
  /** How many wait; for this, and of these. */
  waiting(wait?: Wait, who?: string): number
  /** Lets one through, and answers it once all that follows at once has happened; undefined when nobody waits. */
  step(): Promise<string | undefined>
}

export function createGates(random: Random): Gates {
  const gates: Gate[] = []
  return {
    pass: (wait, who) => new Promise((open) => void gates.push({ wait, who, open })),
    waiting(wait, who) {
      let count = 0
      for (const gate of gates)
        if ((wait ?? gate.wait) === gate.wait && (who ?? gate.who) === gate.who) count += 1
      return count
    },
    async step() {
      if (gates.length === 0) await settled()
      if (gates.length === 0) return undefined
      const [gate] = gates.splice(random.below(gates.length), 1)
      gate?.open()
      await settled()
      return gate && `${gate.who}: ${gate.wait}`
    },
  }
}

/** Resolves when nothing is left to do that waits for nobody: a tick comes after every promise that is resolved. */
export const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

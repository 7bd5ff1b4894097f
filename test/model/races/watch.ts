import type { Change } from './changes.ts'
import type { Scene } from './scene.ts'

/** Knows which changes the gateway has to have acted on. */
export interface Watch {
  changeOf(onTold: () => void): Change
  /** Compares what is open with what has been answered. */
  look(scene: Scene): void
}

export function createWatch(): Watch {
  const answered = new Set<number>()
  const soon = new Set<number>()
  return {
    changeOf: (onTold) => ({
      onTold,
      atOnce: (change) => void answered.add(change),
      soon: (change) => void soon.add(change),
      answered: (change) => void answered.add(change),
    }),
    look({ gates, openings, gateway }) {
      // Nothing but what is read holds up a decision.
      if (gates.waiting('the store reads') === 0) {
        for (const change of soon) answered.add(change)
        soon.clear()
      }
      for (const { phase, forbiddenBy, id, against } of openings) {
        if (phase === 'open' && forbiddenBy !== undefined && answered.has(forbiddenBy))
          throw new Error(`${id} is open after a change that forbids it: ${[...against].join()}`)
      }
      const [error] = gateway.errors
      if (error !== undefined) throw new Error(`the gateway logs an error: ${error}`)
    },
  }
}

import type { Random } from './random.ts'

/** When the gateway is killed. Times are in milliseconds. */
export type Moment =
  /** After such a share of what its start takes, or a bit later. */
  | { readonly at: 'start'; readonly share: number }
  /** So long after work for it began. */
  | { readonly at: 'work'; readonly afterMs: number }
  /** In the very step in which the answer to so many changes is here. */
  | { readonly at: 'answer'; readonly count: number }
  /** So long after so many changes were asked for: in the middle of the last. */
  | { readonly at: 'change'; readonly count: number; readonly afterMs: number }

const workMs = 1_200
/** Changes of a round before the one that counts. */
const maxChanges = 24
/** How long a change takes. */
const changeMs = 12

/** One in six in the start, one in four at any time, the others where something is being changed. */
export function drawMoment(random: Random): Moment {
  const share = random.share()
  if (share < 1 / 6) return { at: 'start', share: 1.1 * random.share() }
  if (share < 5 / 12) return { at: 'work', afterMs: random.below(workMs) }
  const count = 1 + random.below(maxChanges)
  if (share < 2 / 3) return { at: 'answer', count }
  return { at: 'change', count, afterMs: random.share() * changeMs }
}

/** What tells of the changes of a round, and kills at its moment. */
export interface Watch {
  asked(): void
  answered(): void
}

/** Calls `kill` at a moment of the work, once. */
export function watchFor(moment: Exclude<Moment, { at: 'start' }>, kill: () => void): Watch {
  let asked = 0
  let answered = 0
  if (moment.at === 'work') setTimeout(kill, moment.afterMs)
  return {
    asked() {
      asked += 1
      if (moment.at === 'change' && asked === moment.count) setTimeout(kill, moment.afterMs)
    },
    answered() {
      answered += 1
      if (moment.at === 'answer' && answered === moment.count) kill()
    },
  }
}

import type { Peer } from '../e2e/peers.ts'
import type { Scope } from '../e2e/scope.ts'
import type { Stage, StageSetup } from './stage.ts'
import type { Terms, Transfer, Way, WayName } from './transfer.ts'

/** What a fault has under way, and what it may ask for. */
export interface Trial {
  readonly stage: Stage
  /** One by every way of the stage. */
  readonly transfers: readonly Transfer[]
  /** One more, judged with the others. */
  start(way: Way, terms: Terms): Promise<Transfer>
  /** Whether it is tried beside other tests, in little time. */
  readonly isShort: boolean
}

/** What a fault has counted, for the table: `100 reloads` is `{ reloads: 100 }`. */
export type Counted = Readonly<Record<string, number>>

/** Something that goes wrong while transfers run. */
export interface Fault {
  /** As `--only` has it. */
  readonly name: string
  /** What is done, for docs/reliability.md. */
  readonly done: string
  /** What has to hold, there. */
  readonly holds: string
  /** Whether it is quick enough for `npm test`. */
  readonly isShort?: boolean
  /** Programs without which it cannot be tried. */
  readonly needs?: readonly Peer[]
  /** Further words on why it cannot be tried here; undefined where it can. */
  cannotBeTried?(): string | undefined
  /** A gateway of its own; without, it has one in common with others, and leaves it as it was. */
  setUp?(scope: Scope): StageSetup | Promise<StageSetup>
  /** What has to become of the transfers by a way that are under way as it begins. */
  terms(way: WayName): Terms
  /** Does it, and undoes it: afterwards new transfers come out whole. Rejects where something did not hold. */
  run(trial: Trial): Promise<Counted>
}

/** The terms of what must not notice it. */
export const untouched = (): Terms => ({ expected: 'whole' })
/** The terms of what it ends. */
export const broken = (): Terms => ({ expected: 'reported' })

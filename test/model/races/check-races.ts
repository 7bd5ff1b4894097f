import { messageOf } from '../../../src/errors.ts'
import type { Gates } from './gates.ts'
import { runRace, type Race, type Turns } from './race.ts'
import { createRaceTally, type RaceTally } from './race-tally.ts'
import { replaceTurns } from './turns.ts'

/** Which interleavings. */
export interface Races {
  readonly seed: number
  /** The first. */
  readonly from?: number
  readonly count: number
}

/** Interleavings after which the event loop gets its turn. */
const perTurn = 1_000

/** Runs them; rejects with the first that fails, and the command that runs it again. */
export async function checkRaces({ seed, from = 0, count }: Races): Promise<RaceTally> {
  const tally = createRaceTally()
  await withTurns(async (turns) => {
    for (let index = from; index < from + count; index += 1) {
      await runOne({ seed, index }, turns, tally)
      if (index % perTurn === 0) await new Promise(setImmediate)
    }
  })
  return tally
}

/** Runs one of them, and answers its steps; rejects as `checkRaces` does. */
export function runOnce(seed: number, index: number): Promise<readonly string[]> {
  return withTurns((turns) => runOne({ seed, index }, turns, createRaceTally()))
}

async function runOne(race: Race, turns: Turns, tally: RaceTally): Promise<readonly string[]> {
  try {
    return await runRace(race, turns, tally)
  } catch (error) {
    const again = `npm run model -- --races --seed ${race.seed} --index ${race.index}`
    throw new Error(`${messageOf(error)}\nsee it again: ${again}`, { cause: error })
  }
}

/** Calls `work` while no promise waits for the event loop by itself. */
async function withTurns<T>(work: (turns: Turns) => Promise<T>): Promise<T> {
  const nobody: Gates['pass'] = () => Promise.reject(new Error('no interleaving runs'))
  const turns: Turns = { pass: nobody }
  const replaced = replaceTurns(() => turns.pass('a turn passes', 'the event loop'))
  const { stackTraceLimit } = Error
  // Refusals are errors, and nobody reads where they come from: it is much of what an interleaving costs.
  Error.stackTraceLimit = 0
  try {
    return await work(turns)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    replaced[Symbol.dispose]()
  }
}

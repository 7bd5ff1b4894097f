// The long form of the model, by hand: `npm run model -- --minutes 10`, and any one of its runs again:
// `npm run model -- --seed 1 --path 12`. With `--races` interleavings instead, of which one is
// `npm run model -- --races --seed 1 --index 12`.
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/errors.ts'

const { values } = parseArgs({
  options: {
    /** How long, at least; without it once. */
    minutes: { type: 'string', default: '0' },
    /** The first; the others follow it. */
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    /** Sequences of one seed. */
    sequences: { type: 'string', default: '40' },
    path: { type: 'string' },
    /** Shows what fails as it was drawn, and makes it no shorter. */
    whole: { type: 'boolean', default: false },
    races: { type: 'boolean', default: false },
    /** Interleavings of one seed. */
    interleavings: { type: 'string', default: '100000' },
    /** The one interleaving to run, whose steps are shown. */
    index: { type: 'string' },
  },
})
const { path, whole, index } = values
const untilMs = Date.now() + Number(values.minutes) * 60_000
const firstSeed = Number(values.seed)
// Each loads what it needs: interleavings go through little of the gateway, and begin at once.
try {
  await (values.races ? runRaces() : runSequences())
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}

async function runSequences(): Promise<void> {
  const { checkSequences } = await import('./check-sequences.ts')
  const { createTally, describeTally, mergeTally } = await import('./tally.ts')
  const total = createTally()
  const sequences = Number(values.sequences)
  await eachSeed(async (seed) =>
    mergeTally(total, await checkSequences({ seed, sequences, path, shrinks: !whole })),
  )
  say(describeTally(total))
}

async function runRaces(): Promise<void> {
  const { checkRaces, runOnce } = await import('./races/check-races.ts')
  const { describeRaceTally } = await import('./races/race-tally.ts')
  if (index !== undefined) {
    for (const step of await runOnce(firstSeed, Number(index))) say(`  ${step}`)
    return
  }
  const count = Number(values.interleavings)
  await eachSeed(async (seed) => say(describeRaceTally(await checkRaces({ seed, count }))))
}

async function eachSeed(run: (seed: number) => Promise<void>): Promise<void> {
  let seed = firstSeed
  do {
    say(`seed ${seed}`)
    await run(seed)
    seed += 1
  } while (Date.now() < untilMs)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

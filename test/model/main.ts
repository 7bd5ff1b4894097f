// The long form of the model, by hand.
import { messageOf } from '../../src/errors.ts'
import { parseOptions, usage, type Options } from './options.ts'

const options = readOptions()
if (options === 'help') say(usage)
// Each loads what it needs: interleavings go through little of the gateway, and begin at once.
else if (options !== undefined) {
  try {
    await (options.races ? runRaces(options) : runSequences(options))
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = 1
  }
}

function readOptions(): Options | 'help' | undefined {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`model: error: ${messageOf(error)}\n`)
    process.exitCode = 2
    return undefined
  }
}

async function runSequences({ sequences, path, whole, ...seeds }: Options): Promise<void> {
  const { checkSequences } = await import('./check-sequences.ts')
  const { createTally, describeTally, mergeTally } = await import('./tally.ts')
  const total = createTally()
  await eachSeed(seeds, async (seed) =>
    mergeTally(total, await checkSequences({ seed, sequences, path, shrinks: !whole })),
  )
  say(describeTally(total))
}

async function runRaces({ interleavings: count, index, ...seeds }: Options): Promise<void> {
  const { checkRaces, runOnce } = await import('./races/check-races.ts')
  const { describeRaceTally } = await import('./races/race-tally.ts')
  if (index !== undefined) {
    for (const step of await runOnce(seeds.seed, index)) say(`  ${step}`)
    say('what was to hold did hold')
    return
  }
  await eachSeed(seeds, async (seed) => say(describeRaceTally(await checkRaces({ seed, count }))))
}

async function eachSeed(
  { seed: first, minutes }: Pick<Options, 'seed' | 'minutes'>,
  run: (seed: number) => Promise<void>,
): Promise<void> {
  const untilMs = Date.now() + minutes * 60_000
  let seed = first
  do {
    say(`seed ${seed}`)
    await run(seed)
    seed += 1
  } while (Date.now() < untilMs)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

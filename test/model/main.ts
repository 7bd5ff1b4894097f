// The long form of the model, by hand: `npm run model -- --minutes 10`, and any one of its runs again:
// `npm run model -- --seed 1 --path 12`.
import { parseArgs } from 'node:util'
import { checkSequences } from './check-sequences.ts'
import { createTally, describeTally, mergeTally } from './tally.ts'

const { values } = parseArgs({
  options: {
    /** How long, at least; without it once. */
    minutes: { type: 'string', default: '0' },
    /** Sequences of one seed. */
    sequences: { type: 'string', default: '40' },
    /** The first; the others follow it. */
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
    /** Shows what fails as it was drawn, and makes it no shorter. */
    whole: { type: 'boolean', default: false },
  },
})
const { path, whole } = values
const sequences = Number(values.sequences)
const untilMs = Date.now() + Number(values.minutes) * 60_000
const total = createTally()
let seed = Number(values.seed)
do {
  say(`seed ${seed}`)
  mergeTally(total, await checkSequences({ seed, sequences, path, shrinks: !whole }))
  seed += 1
} while (Date.now() < untilMs)
say(describeTally(total))

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

import fc from 'fast-check'
import { weighted } from './changes.ts'
import { runSequence, type Step } from './sequence.ts'
import { createTally, type Tally } from './tally.ts'

/** How many sequences, and which. */
export interface Sequences {
  readonly seed: number
  readonly sequences: number
  /** As fast-check names one of them; without it all are run. */
  readonly path?: string | undefined
  /** Whether one that fails is made shorter, for which it is run again and again. */
  readonly shrinks: boolean
}

const maxSteps = 80
/** In which a sequence that fails is made shorter, in milliseconds. */
const shrinkingMs = 300_000

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...weighted),
  seed: fc.nat(2 ** 31 - 1),
})
const sequence = fc.record({
  seed: fc.nat(2 ** 31 - 1),
  steps: fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' }),
})

/** Runs them; rejects with the first that fails, and the command that runs it again. */
export async function checkSequences(options: Sequences): Promise<Tally> {
  const tally = createTally()
  const { seed, sequences, path, shrinks } = options
  const property = fc.asyncProperty(fc.noBias(sequence), (drawn) => runSequence(drawn, tally))
  const first = await fc.check(property, {
    seed,
    numRuns: sequences,
    endOnFailure: true,
    ...(path !== undefined && { path }),
  })
  if (!first.failed) return tally
  const shorter = shrinks ? await makeShorter(first) : first
  const found = shorter.counterexample === null ? first : shorter
  const [drawn] = found.counterexample ?? []
  const kinds = drawn?.steps.map(({ kind, seed: own }) => `  ${kind} (${own})`).join('\n')
  const again = `npm run model -- --seed ${found.seed} --path ${found.counterexamplePath}`
  throw new Error(
    `${String(found.errorInstance)}\nof these steps:\n${kinds}\nsee it again, and made shorter: ${again}`,
    { cause: found.errorInstance },
  )

  /** The limit is of this alone: however long it takes, a run in which nothing fails is no failure. */
  function makeShorter({ seed: failed, counterexamplePath }: typeof first): Promise<typeof first> {
    return fc.check(property, {
      seed: failed,
      ...(counterexamplePath !== null && { path: counterexamplePath }),
      interruptAfterTimeLimit: shrinkingMs,
      markInterruptAsFailure: true,
    })
  }
}

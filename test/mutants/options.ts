import { parseArgs } from 'node:util'

export interface Options {
  /** Files and folders of the scope; none for all. */
  readonly names: readonly string[]
  /** Only what has changed since `base`. */
  readonly changed: boolean
  readonly base: string | undefined
  /** Only what was never recorded, or has changed since. */
  readonly stale: boolean
  /** After which no further mutant is tested; 0 for no bound. */
  readonly minutes: number
  readonly jobs: number
  /** Writes what came of it into the report. */
  readonly record: boolean
}

export const usage = `usage: npm run mutants -- [FILE|FOLDER …] [options]
       npm run mutants -- --changed [BASE] [options]

Changes the sources that decide about access, one place at a time, and sees whether a test fails. Exit code 1 when
fewer than 90 % of the changes are noticed. What is not named is all of the scope, which takes hours.

  --changed      only the files that differ from BASE: from the commit in which this branch left origin/main,
                 or on that itself from the last commit
  --stale        only the files that were not run yet, or have changed since, by test/mutants/record.json
  --minutes N    tests no more after so long, and says what was left out (no bound)
  --jobs N       processes at once (2)
  --record       keeps what came of it in test/mutants/record.json, for docs/mutants.md (npm run docs)

  npm run mutants -- src/access/decide.ts
  npm run mutants -- --changed --minutes 2`

/** Reads the command line. Throws an `Error` with one sentence when it cannot. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: flag, changed: flag, stale: flag, minutes: text, jobs: text, record: flag },
  })
  if (values.help) return 'help'
  const { changed, stale, record } = values
  if (changed && positionals.length > 1)
    throw new Error('"--changed" takes one commit to compare with')
  return {
    names: changed ? [] : positionals.map((name) => name.replace(/\/$/, '')),
    changed,
    base: changed ? positionals[0] : undefined,
    stale,
    minutes: numberOf('--minutes', values.minutes ?? '0'),
    jobs: Math.max(1, Math.floor(numberOf('--jobs', values.jobs ?? '2'))),
    record,
  }
}

function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new Error(`"${option}" is "${text}", expected a number such as 2`)
}

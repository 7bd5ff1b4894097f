/**
 * `npm run guards`: takes away each guard against an attack, in the process that loads it alone, and sees whether the test that
 * tries the attack fails then. The figures as JSON on standard output, progress on standard error.
 */
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/errors.ts'
import { attacks } from './attacks.ts'
import { checkGuard } from './check-guard.ts'
import type { Attack, Guard } from './guard.ts'
import { createGuardRuns, type GuardResult } from './run-guard.ts'

const usage = `usage: npm run guards -- [options]

Takes away one guard after the other and runs the test that tries the attack: it has to fail, and to pass with the guard.
Exit code 1 when one does not, or when the source of a guard is not found exactly once.

  --only TEXT   those whose attack, source or test has this text in it
  --jobs N      how many at once (1)
  --list        says which there are, and runs none

  npm run guards -- --only replay
  npm run guards -- --only identity/pending-flow.ts`

interface Options {
  readonly only: string
  readonly jobs: number
  readonly isList: boolean
}

type Chosen = Guard & { readonly attack: string }

const options = readOptions()
if (options === 'help') process.stdout.write(`${usage}\n`)
else if (options !== undefined) await run(options)

async function run({ only, jobs, isList }: Options): Promise<void> {
  const chosen = attacks.flatMap(guardsOf).filter((guard) => saysOf(guard).includes(only))
  if (chosen.length === 0) return fail(`--only: nothing has "${only}" in it`)
  if (isList) return print(chosen.map(describe))
  const startedMs = performance.now()
  const runGuard = createGuardRuns(chosen)
  const results = new Map<Chosen, GuardResult>()
  const waiting = chosen.values()
  const work = async (): Promise<void> => {
    for (const guard of waiting) results.set(guard, await judge(guard, runGuard))
  }
  await Promise.all(Array.from({ length: jobs }, work))
  const count = (wanted: GuardResult['outcome']): number =>
    [...results.values()].filter(({ outcome }) => outcome === wanted).length
  const failed = count('missed') + count('broken')
  print({
    guards: chosen.length,
    held: count('held'),
    missed: count('missed'),
    broken: count('broken'),
    skipped: count('skipped'),
    seconds: Math.round((performance.now() - startedMs) / 1000),
    results: chosen.map((guard) => ({ ...describe(guard), ...results.get(guard) })),
  })
  const isWhole = process.env['CI'] !== 'true' || count('skipped') === 0
  if (failed > 0 || !isWhole) process.exitCode = 1
}

async function judge(
  guard: Chosen,
  runGuard: ReturnType<typeof createGuardRuns>,
): Promise<GuardResult> {
  const [problem] = checkGuard(guard)
  const result: GuardResult =
    problem === undefined ? await runGuard(guard) : { outcome: 'broken', said: problem }
  say(`${result.outcome}: ${guard.attack}: ${guard.tries} (${guard.file})`)
  if (result.outcome !== 'held') say(`  ${result.said}`)
  return result
}

function guardsOf({ name, guards }: Attack): readonly Chosen[] {
  return guards.map((guard) => ({ ...guard, attack: name }))
}

function describe({ attack, tries, file, test }: Chosen) {
  return { attack, tries, guard: `src/${file}`, test: `${test.file} ${test.title}` }
}

function saysOf(guard: Chosen): string {
  return Object.values(describe(guard)).join('\n')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

function fail(why: string): void {
  say(`guards: error: ${why}`)
  process.exitCode = 2
}

function readOptions(): Options | 'help' | undefined {
  try {
    const flag = { type: 'boolean', default: false } as const
    const text = { type: 'string' } as const
    const { values } = parseArgs({ options: { help: flag, list: flag, only: text, jobs: text } })
    if (values.help) return 'help'
    const jobs = Number(values.jobs ?? 1)
    if (!Number.isInteger(jobs) || jobs < 1)
      throw new Error(`--jobs: "${values.jobs}" is not a whole number above 0`)
    return { only: values.only ?? '', jobs, isList: values.list }
  } catch (error) {
    fail(messageOf(error))
    return undefined
  }
}

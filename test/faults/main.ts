/**
 * `npm run faults`: does everything of `all.ts` to a gateway while transfers run through it, and holds each direction of each
 * transfer to its terms. What came out as JSON on standard output, progress on standard error; the exit code is 1 where
 * something did not hold. What was not tried is said, with why.
 */
import { cpus, release, totalmem } from 'node:os'
import { messageOf } from '../../src/errors.ts'
import { createRandom } from '../crash/random.ts'
import { inScope } from '../e2e/scope.ts'
import { allFaults } from './all.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { writePage } from './page.ts'
import { tryFaults } from './run.ts'
import type { Fault } from './fault.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const args = process.argv.slice(2)
if (args.includes('--help')) {
  say(usage)
  process.exit()
}
const options = readOptions()
if (options.isList) {
  for (const { name, done, holds } of options.only)
    process.stdout.write(`${name}: ${done}: ${holds}\n`)
  process.exit()
}
const startedMs = performance.now()
const date = new Date().toISOString().slice(0, 10)
const faults = await tryFaults(inOrder(options.only, options.seed), {
  isShort: options.isShort,
  inScope: (run) => inScope(run, say),
  say,
})
const seconds = Math.round((performance.now() - startedMs) / 1000)
const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node.js ${process.versions.node}`
const wrong = faults.filter((came) => came.wrong.length > 0).length
const notTried = faults.filter((came) => came.notTried !== undefined).length
process.stdout.write(
  `${JSON.stringify({ date, machine, seconds, tried: faults.length - notTried, notTried, wrong, faults }, null, 2)}\n`,
)
if (options.writesPage) await writePage(allFaults, faults)
if (wrong > 0) process.exitCode = 1

function inOrder(all: readonly Fault[], seed: number | undefined): readonly Fault[] {
  if (seed === undefined) return all
  const random = createRandom(seed)
  return all
    .map((fault) => ({ fault, place: random.share() }))
    .sort((a, b) => a.place - b.place)
    .map(({ fault }) => fault)
}

function readOptions(): Options {
  try {
    return parseOptions(args, allFaults)
  } catch (error) {
    say(`faults: error: ${messageOf(error)}`)
    return process.exit(2)
  }
}

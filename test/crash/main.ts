/**
 * `npm run crash -- --times 200 --seed 7`: kills a gateway with SIGKILL that often while people sign in and things are changed,
 * and holds what it is after each start to everything that was acknowledged. The figures as JSON on standard output, progress
 * on standard error. The same seed makes the same choices; what they hit depends on the machine as well.
 */
import { parseArgs } from 'node:util'
import { inScope } from '../e2e/scope.ts'
import { crashAgainAndAgain } from './rounds.ts'

const { values } = parseArgs({
  options: { times: { type: 'string', default: '200' }, seed: { type: 'string' } },
})
const times = Number(values.times)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const say = (line: string): void => void process.stderr.write(`${line}\n`)
if (!Number.isInteger(times) || times < 1 || !Number.isInteger(seed)) {
  say('crash: error: "--times" and "--seed" take whole numbers')
  process.exit(2)
}
const startedMs = performance.now()
try {
  await inScope(async (scope) => {
    const figures = await crashAgainAndAgain(scope, { times, seed, say })
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    process.stdout.write(`${JSON.stringify({ seed, seconds, ...figures }, null, 2)}\n`)
  }, say)
} catch (error) {
  say(`crash: error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.exitCode = 1
}

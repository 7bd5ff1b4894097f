/**
 * `npm run crash -- --times 200 --seed 7`: kills a gateway with SIGKILL that often while people sign in and things are changed,
 * and holds what it is after each start to everything that was acknowledged. The figures as JSON on standard output, progress
 * on standard error. The same seed makes the same choices; what they hit depends on the machine as well.
 */
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/errors.ts'
import { inScope } from '../e2e/scope.ts'
import { crashAgainAndAgain } from './rounds.ts'

const usage = `usage: npm run crash -- [options]

  --times N  kills (200)
  --seed S   what is chosen: when it is killed, and what is done (the clock's)

  npm run crash -- --times 20 --seed 7`

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const options = readOptions()
if (options === 'help') {
  say(usage)
  process.exit()
}
const { times, seed } = options
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

function readOptions(): { readonly times: number; readonly seed: number } | 'help' {
  try {
    const text = { type: 'string' } as const
    const { values } = parseArgs({
      options: { help: { type: 'boolean' }, times: text, seed: text },
    })
    if (values.help === true) return 'help'
    const read = {
      times: Number(values.times ?? 200),
      seed: Number(values.seed ?? Date.now() % 1_000_000),
    }
    if (Number.isInteger(read.times) && read.times > 0 && Number.isInteger(read.seed)) return read
    throw new Error('"--times" and "--seed" take whole numbers, and "--times" one above 0')
  } catch (error) {
    say(`crash: error: ${messageOf(error)}`)
    return process.exit(2)
  }
}

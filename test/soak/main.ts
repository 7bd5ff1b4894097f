/**
 * `npm run soak -- --minutes 60`: holds 2,000 idle and 50 busy tunnels of every kind open at a gateway of its own, while others
 * come and go, sessions are refreshed, the configuration is reloaded and the log is read; and tests whether what the gateway's
 * process holds grows. JSON on standard output, samples on standard error. Exit code 1 when something grows or a tunnel is lost.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'
import { inScope, type Scope } from '../e2e/scope.ts'
import { parseOptions, usage, type Options } from './options.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const options = readOptions()
if (options === 'help') say(usage)
else if (options !== undefined) {
  // Programs are started from the build where there is one, as anybody runs them.
  const built = join(import.meta.dirname, '..', '..', 'dist', 'postern.js')
  if (existsSync(built)) process.env['POSTERN_BUILT'] ??= built
  try {
    await inScope((scope) => run(scope, options), say)
  } catch (error) {
    say(`soak: error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    process.exitCode = 1
  }
}

function readOptions(): Options | 'help' | undefined {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    say(`soak: error: ${messageOf(error)}`)
    process.exitCode = 2
    return undefined
  }
}

async function run(scope: Scope, options: Options): Promise<void> {
  await (options.edges ? runEdges(scope, options) : runSoak(scope, options))
}

async function runSoak(scope: Scope, { minutes, ...options }: Options): Promise<void> {
  const { soak } = await import('./soak.ts')
  const result = await soak(scope, { ...options, seconds: minutes * 60, say })
  print({ minutes, ...options, ...result })
  const growing = Object.entries(result.figures).filter(([, { isFlat }]) => !isFlat)
  for (const [name, { growth, allowed, p }] of growing)
    say(`soak: ${name} grows: by ${growth}, where ${allowed} are allowed (p ${p})`)
  if (growing.length > 0) process.exitCode = 1
}

async function runEdges(scope: Scope, { minutes }: Options): Promise<void> {
  const { beQuietBehindEdges } = await import('./edges.ts')
  const tunnels = await beQuietBehindEdges(scope, { minutes, say })
  print({ minutes, tunnels })
  if (tunnels.some(({ isAsExpected }) => !isAsExpected)) process.exitCode = 1
}

function print(result: object): void {
  const said = { date: new Date().toISOString(), node: process.version, ...result }
  process.stdout.write(`${JSON.stringify(said, null, 2)}\n`)
}

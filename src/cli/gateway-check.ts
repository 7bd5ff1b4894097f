import { ConfigError, formatProblem, type Problem } from '../errors.ts'
import { loadConfig } from '../gateway/config/load.ts'
import { exitCodes } from './exit-codes.ts'
import { defaultConfigPath, type CheckOptions } from './gateway-options.ts'

/** Checks a configuration and says what is wrong with it; resolves to the exit code. */
export async function checkCommand({
  config = defaultConfigPath,
  json = false,
}: CheckOptions): Promise<number> {
  try {
    const loaded = await loadConfig({ path: config, env: process.env })
    if (json) printJson([], loaded.warnings)
    else {
      for (const warning of loaded.warnings)
        process.stderr.write(`warning: ${formatProblem(warning)}\n`)
      if (loaded.environment.length > 0) {
        process.stderr.write(`taken from the environment: ${loaded.environment.join(', ')}\n`)
      }
      process.stderr.write(`"${config}" is valid: ${count(loaded.config.routes.length, 'route')}\n`)
    }
    return exitCodes.ok
  } catch (error) {
    if (!json || !(error instanceof ConfigError)) throw error
    printJson(error.problems, [])
    return exitCodes.usage
  }
}

function printJson(problems: readonly Problem[], warnings: readonly Problem[]): void {
  const result = { valid: problems.length === 0, problems, warnings }
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}

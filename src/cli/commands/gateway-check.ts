import { ConfigError, formatProblem, type Problem } from '../../errors.ts'
import { loadConfig } from '../../config/load.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printJson } from '../speech/print.ts'
import { defaultConfigPath, type CheckOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/** Checks a configuration and says what is wrong with it; resolves to the exit code. */
export async function checkCommand({
  config = defaultConfigPath,
  json = false,
}: CheckOptions): Promise<number> {
  try {
    const loaded = await loadConfig({ path: config, env: environment })
    if (json) report([], loaded.warnings)
    else {
      for (const warning of loaded.warnings) noteText(`warning: ${formatProblem(warning)}\n`)
      if (loaded.environment.length > 0) {
        note(`taken from the environment: ${loaded.environment.join(', ')}`)
      }
      note(`"${config}" is valid: ${count(loaded.config.routes.length, 'route')}`)
    }
    return exitCodes.ok
  } catch (error) {
    if (!json || !(error instanceof ConfigError)) throw error
    report(error.problems, [])
    return exitCodes.usage
  }
}

function report(problems: readonly Problem[], warnings: readonly Problem[]): void {
  printJson({ valid: problems.length === 0, problems, warnings })
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}

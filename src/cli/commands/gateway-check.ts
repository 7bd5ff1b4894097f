import { resolve } from 'node:path'
import { formatAuthority } from '../../address.ts'
import { ConfigError, SystemError, formatProblem, type Problem } from '../../errors.ts'
import { loadConfig } from '../../config/load.ts'
import type { NewRoute } from '../../routes/route.ts'
import type { UpstreamWay } from '../../routes/upstream-way.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printJson } from '../speech/print.ts'
import { defaultConfigPath, type CheckOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/** Checks a configuration and says what is wrong with it; resolves to the exit code. */
export async function checkCommand({ json = false, ...named }: CheckOptions): Promise<number> {
  const config = fileOf(named)
  try {
    const loaded = await loadConfig({ path: config, env: environment })
    if (json) report([], loaded.warnings)
    else {
      for (const warning of loaded.warnings) noteText(`warning: ${formatProblem(warning)}\n`)
      if (loaded.environment.length > 0) {
        note(`taken from the environment: ${loaded.environment.join(', ')}`)
      }
      note(`"${config}" is valid: ${countBoth(loaded.config.routes)}`)
      for (const route of loaded.config.routes.filter(({ isApplication }) => isApplication)) {
        note(cleanLine(`  ${explain(route)}`))
      }
    }
    return exitCodes.ok
  } catch (error) {
    if (!json || !(error instanceof ConfigError)) throw error
    report(error.problems, [])
    return exitCodes.usage
  }
}

/** Whichever of two files was checked, the other one would be taken for right. */
function fileOf({ config, file }: Pick<CheckOptions, 'config' | 'file'>): string {
  if (config !== undefined && file !== undefined && resolve(config) !== resolve(file)) {
    const message = `"${file}" and "-c ${config}" name two files: one is checked at a time`
    throw new SystemError('invalid-option', message, { hint: 'leave one of them out' })
  }
  return file ?? config ?? defaultConfigPath
}

function report(problems: readonly Problem[], warnings: readonly Problem[]): void {
  printJson({ valid: problems.length === 0, problems, warnings })
}

function countBoth(routes: readonly NewRoute[]): string {
  const applications = routes.filter(({ isApplication }) => isApplication).length
  const others = count(routes.length - applications, 'route')
  return applications === 0 ? others : `${others}, ${count(applications, 'application')}`
}

/** What an operator cannot see in the entry itself: where it leads, and whether anybody signs in for it. */
function explain({ from, way, policy }: NewRoute): string {
  const host = from.replace(/^[^/]*\/\//, '').replace(/:\d+$/, '')
  const who = policy.needsProvider ? 'people sign in' : 'nobody is asked to sign in'
  return `application "${host}" leads to ${whereOf(way)}; ${who}`
}

function whereOf(way: UpstreamWay): string {
  if (way.kind !== 'connector') return way.to.map((to) => formatAuthority(to)).join(', ')
  const { tunnel, service } = way
  if (tunnel === undefined) return 'whichever tunnel registers its name'
  const what = service === undefined ? 'what its connectors serve there' : formatAuthority(service)
  return `tunnel "${tunnel}", ${what}`
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}

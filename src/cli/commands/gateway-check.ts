import { resolve } from 'node:path'
import { formatAuthority } from '../../address.ts'
import { ConfigError, SystemError, formatProblem } from '../../errors.ts'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import type { NewRoute } from '../../routes/route.ts'
import type { UpstreamWay } from '../../routes/upstream-way.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printJson } from '../speech/print.ts'
import { defaultConfigPath, type CheckOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/** Checks a configuration and says what is wrong with it; resolves to the exit code. */
export async function checkCommand({
  json = false,
  online = false,
  ...files
}: CheckOptions): Promise<number> {
  const path = fileOf(files)
  const loaded = await loadConfig({ path, env: environment }).catch((error: unknown) => {
    if (!json || !(error instanceof ConfigError)) throw error
    printJson({ valid: false, problems: error.problems, warnings: [] })
    return undefined
  })
  if (loaded === undefined) return exitCodes.usage
  const { config, warnings } = loaded
  if (!json) sayLoaded(path, loaded)
  if (!online) {
    if (json) printJson({ valid: true, problems: [], warnings })
    return exitCodes.ok
  }
  const { tryOnline, exitCodeOfChecks } = await import('./gateway-check-online.ts')
  const checks = await tryOnline(config, { isForPeople: !json })
  if (typeof checks === 'number') return checks
  const exitCode = exitCodeOfChecks(checks)
  const tried = { ok: exitCode === exitCodes.ok, checks }
  if (json) printJson({ valid: true, problems: [], warnings, online: tried })
  return exitCode
}

function sayLoaded(path: string, { config, warnings, environment: variables }: LoadedConfig): void {
  for (const warning of warnings) noteText(`warning: ${formatProblem(warning)}\n`)
  if (variables.length > 0) note(`taken from the environment: ${variables.join(', ')}`)
  note(`"${path}" is valid: ${countBoth(config.routes)}`)
  for (const route of config.routes.filter(({ isApplication }) => isApplication))
    note(cleanLine(`  ${explain(route)}`))
}

/** Whichever of two files was checked, the other one would be taken for right. */
function fileOf({ config, file }: Pick<CheckOptions, 'config' | 'file'>): string {
  if (config !== undefined && file !== undefined && resolve(config) !== resolve(file)) {
    const message = `"${file}" and "-c ${config}" name two files: one is checked at a time`
    throw new SystemError('invalid-option', message, { hint: 'leave one of them out' })
  }
  return file ?? config ?? defaultConfigPath
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

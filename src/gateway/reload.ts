import { resolve } from 'node:path'
import type { GatewayConfig } from '../config/config.ts'
import { filesBeside, loadConfig, type LoadedConfig, type LoadOptions } from '../config/load.ts'
import { recordChange, type Actor } from '../control/change.ts'
import type { Reload } from '../control/protocol.ts'
import {
  AppError,
  ConfigError,
  formatProblem,
  messageOf,
  SystemError,
  type Problem,
} from '../errors.ts'
import { silentLogger, type Logger } from '../log.ts'
import type { Gateway } from './start.ts'
import type { KnownFiles } from '../watch-files.ts'

/** Where a configuration is read from. */
type ConfigSource = Pick<LoadOptions, 'path' | 'env'>

/** What a reload came to. */
export interface Reloaded {
  /** What holds from now on. */
  readonly config: GatewayConfig
  /** The files to watch. */
  readonly files: KnownFiles
  /** Keys that hold only after a restart. */
  readonly needRestart: readonly string[]
  /** Why the old configuration stays; undefined when it does not. */
  readonly error: AppError | undefined
  /** The same as one line for each problem. */
  readonly problems: readonly string[]
}

/** The same for whoever has asked; throws why the old configuration stays. */
export function reloadOf({ config, needRestart, error }: Reloaded): Reload {
  if (error !== undefined) throw error
  return { routes: config.routes.length, need_restart: needRestart }
}

export interface ReloadCircumstances {
  /** The first who asked for it. */
  readonly by: Actor
  readonly running: GatewayConfig
  readonly ending: AbortSignal
}

/**
 * One reload; answers what holds then, and the files to watch from now on. Where the old configuration
 * stays, these are the files of the failed attempt: a change to one of them is a reason to try again.
 */
export async function reloadOnce(
  gateway: Gateway,
  { path, env }: ConfigSource,
  { by, running, ending }: ReloadCircumstances,
): Promise<Reloaded> {
  const { audit, logger, metrics } = gateway
  const files = filesBeside(path)
  const unchanged = { config: running, needRestart: [], problems: [] }
  try {
    const loaded = await unlessAborted(loadConfig({ path, env, files, running }), ending)
    if (loaded === undefined) return { ...unchanged, files: files.seen, error: gatewayLeaving() }
    const { config } = loaded
    const needRestart = await gateway.reload(config)
    reportLoading(logger, loaded)
    metrics.configLoaded('ok', Date.now())
    const event = 'configuration reloaded'
    const details = { file: resolve(path), routes: config.routes.length }
    // Its line does not wait for the entry: it is the one that tells of the gateway's own life.
    recordChange({ audit, logger: silentLogger }, by, event, details)
    logger.info(event, details)
    if (needRestart.length > 0) logger.warn('some changes need a restart', { keys: needRestart })
    return { config, files: files.seen, needRestart, error: undefined, problems: [] }
  } catch (error) {
    metrics.configLoaded('failed', Date.now())
    const problems = error instanceof ConfigError ? error.problems.map(oneLine) : [messageOf(error)]
    logger.error('configuration not reloaded, the old one stays', { problems })
    return { ...unchanged, files: files.seen, error: reloadFailed(error), problems }
  }
}

function reloadFailed(error: unknown): AppError {
  if (error instanceof AppError) return error
  const message = `the configuration was not reloaded: ${messageOf(error)}`
  return new SystemError('reload-failed', message, { cause: error })
}

function gatewayLeaving(): SystemError {
  const message = 'this gateway stops or restarts, and reads no configuration any more'
  return new SystemError('gateway-leaving', message)
}

/** Undefined as soon as `signal` is aborted: a gateway that closes does not wait for a long reading. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(undefined)
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** Says what was noticed while a configuration was read. */
export function reportLoading(logger: Logger, { warnings, environment }: LoadedConfig): void {
  if (environment.length > 0)
    logger.info('settings taken from the environment', { variables: environment })
  for (const warning of warnings)
    logger.warn('configuration warning', { problem: oneLine(warning) })
}

function oneLine(problem: Problem): string {
  return formatProblem(problem).replaceAll('\n  ', '; ')
}

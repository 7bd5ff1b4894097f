import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { ConfigError, formatProblem, messageOf, type Problem } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Closable } from '../shutdown.ts'
import type { LineSink } from '../telemetry/log.ts'
import type { GatewayConfig } from '../config/config.ts'
import { filesBeside, loadConfig, type LoadedConfig } from '../config/load.ts'
import type { CreatePages } from './parts.ts'
import { startGateway, type Gateway } from './start.ts'
import { watchFiles, type KnownFiles } from './watch-files.ts'

export interface RunOptions {
  /** The configuration file; messages name it as it is given here. */
  readonly path: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where log lines go; default: standard output. */
  readonly logSink?: LineSink
  /** Makes the pages at the gateway's own address; plain ones without it. */
  readonly pages?: CreatePages
}

/** A gateway that follows its configuration file. */
export interface RunningGateway extends Closable {
  readonly address: AddressInfo
  readonly metricsAddress: AddressInfo | undefined
  /** As `Gateway.failed`. */
  readonly failed: Promise<Error>
  /** Reads the file again, as SIGHUP asks for; a bad one keeps the old configuration and says why. */
  reload(): Promise<void>
}

/**
 * Loads a configuration, starts a gateway with it, and takes over every later change of its files.
 *
 * @throws ConfigError with every problem; SystemError when it cannot start
 */
export async function runGateway(options: RunOptions): Promise<RunningGateway> {
  const loaded = await loadConfig(options)
  const gateway = await startGateway(loaded.config, options)
  report(gateway.logger, loaded)
  gateway.metrics.configLoaded('ok', Date.now())
  gateway.logger.info('listening', listening(gateway, loaded))

  const ending = new AbortController()
  let running = loaded.config
  let underWay = Promise.resolve()
  let waiting: Promise<void> | undefined
  // A reload that waits reads the files only when the one before it has ended, so all who ask until then
  // share it.
  const reload = (): Promise<void> =>
    (waiting ??= underWay.then(() => {
      waiting = undefined
      return (underWay = reloadOnce(gateway, options, running, ending.signal).then((reloaded) => {
        running = reloaded.config
        watch.follow(reloaded.files)
      }))
    }))
  const watch = watchFiles(() => void reload())
  watch.follow(loaded.files)
  return {
    address: gateway.address,
    metricsAddress: gateway.metricsAddress,
    failed: gateway.failed,
    reload,
    async close(graceMs) {
      watch[Symbol.dispose]()
      ending.abort()
      await (waiting ?? underWay)
      await gateway.close(graceMs)
    },
  }
}

/**
 * One reload; answers what holds then, and the files to watch from now on. Where the old configuration
 * stays, these are the files of the failed attempt: a change to one of them is a reason to try again.
 */
async function reloadOnce(
  gateway: Gateway,
  options: RunOptions,
  running: GatewayConfig,
  ending: AbortSignal,
): Promise<{ readonly config: GatewayConfig; readonly files: KnownFiles }> {
  const { audit, logger, metrics } = gateway
  const files = filesBeside(options.path)
  let config = running
  try {
    const loaded = await unlessAborted(loadConfig({ ...options, files, running }), ending)
    if (loaded === undefined) return { config, files: files.seen }
    const needRestart = await gateway.reload(loaded.config)
    config = loaded.config
    report(logger, loaded)
    metrics.configLoaded('ok', Date.now())
    const event = 'configuration reloaded'
    const details = { file: resolve(options.path), routes: loaded.config.routes.length }
    audit.record({ kind: 'admin', event, details }, () => undefined)
    logger.info(event, details)
    if (needRestart.length > 0) logger.warn('some changes need a restart', { keys: needRestart })
  } catch (error) {
    metrics.configLoaded('failed', Date.now())
    const problems = error instanceof ConfigError ? error.problems.map(oneLine) : [messageOf(error)]
    logger.error('configuration not reloaded, the old one stays', { problems })
  }
  return { config, files: files.seen }
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

function report(logger: Logger, { warnings, environment }: LoadedConfig): void {
  if (environment.length > 0)
    logger.info('settings taken from the environment', { variables: environment })
  for (const warning of warnings)
    logger.warn('configuration warning', { problem: oneLine(warning) })
}

function oneLine(problem: Problem): string {
  return formatProblem(problem).replaceAll('\n  ', '; ')
}

function listening(gateway: Gateway, { config }: LoadedConfig): Record<string, unknown> {
  const { address, metricsAddress } = gateway
  return {
    address: `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    ...(metricsAddress === undefined ? {} : { 'metrics-port': metricsAddress.port }),
    routes: config.routes.length,
    'state-directory': config.stateDirectory,
  }
}

import type { AddressInfo } from 'node:net'
import type { Closable } from '../shutdown.ts'
import type { HumanLines } from '../telemetry/human-line.ts'
import type { LineSink } from '../telemetry/log.ts'
import { localActor, type Actor } from '../control/change.ts'
import type { Operations } from '../control/operations.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { CreatePages } from './parts.ts'
import { reloadOf, reloadOnce, reportLoading, type Reloaded } from './reload.ts'
import { startGateway, type Gateway } from './start.ts'
import { watchFiles } from '../watch-files.ts'

export interface RunOptions {
  /** The configuration file; messages name it as it is given here. */
  readonly path: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where log lines go; default: standard output. */
  readonly logSink?: LineSink
  /** Its lines are for a person at a terminal; default: JSON. */
  readonly humanLog?: HumanLines | undefined
  /** The file was read again; what came of it is in the log as well. */
  readonly onReloaded?: (reloaded: Reloaded) => void
  /** Makes the pages at the gateway's own address; plain ones without it. */
  readonly pages?: CreatePages
}

/** A gateway that follows its configuration file. */
export interface RunningGateway extends Closable {
  readonly address: AddressInfo
  readonly metricsAddress: AddressInfo | undefined
  /** As `Gateway.failed`. */
  readonly failed: Promise<Error>
  readonly operations: Operations
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
  const ending = new AbortController()
  const following = Promise.withResolvers<void>()
  let running = loaded.config
  // Whoever asks for a reload before the files are watched waits for that.
  let underWay: Promise<unknown> = following.promise
  let waiting: Promise<Reloaded> | undefined
  let reloadProblems: readonly string[] = []
  // A reload that waits reads the files only when the one before it has ended, so all who ask until then
  // share it.
  const reload = (by: Actor): Promise<Reloaded> =>
    (waiting ??= underWay.then(() => {
      waiting = undefined
      const once = reloadOnce(gateway, options, { by, running, ending: ending.signal })
      const followed = once.then((reloaded) => {
        running = reloaded.config
        reloadProblems = reloaded.problems
        watch.follow(reloaded.files)
        options.onReloaded?.(reloaded)
        return reloaded
      })
      underWay = followed
      return followed
    }))
  const gateway = await startGateway(loaded.config, {
    ...options,
    reload: async (by) => reloadOf(await reload(by)),
    reloadProblems: () => reloadProblems,
  })
  reportLoading(gateway.logger, loaded)
  gateway.metrics.configLoaded('ok', Date.now())
  gateway.logger.info('listening', listening(gateway, loaded))
  const watch = watchFiles(() => void reload(localActor))
  watch.follow(loaded.files)
  following.resolve()
  return {
    address: gateway.address,
    metricsAddress: gateway.metricsAddress,
    failed: gateway.failed,
    operations: gateway.operations,
    reload: async () => void (await reload(localActor)),
    async close(graceMs) {
      watch[Symbol.dispose]()
      ending.abort()
      await (waiting ?? underWay)
      await gateway.close(graceMs)
    },
  }
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

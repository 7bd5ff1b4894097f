import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { AppError, ConfigError, formatProblem } from '../errors.ts'
import type { Logger } from '../log.ts'
import { createDialer } from '../reach/dialer.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import type { ProxyVariables } from '../reach/proxy.ts'
import { loadTrust } from '../reach/trust.ts'
import type { Closable } from '../shutdown.ts'
import { serveMetrics, type MetricsServer, type StatusPages } from '../telemetry/metrics-server.ts'
import { watchFiles } from '../watch-files.ts'
import { createConnectorMetrics } from './connector-metrics.ts'
import {
  loadConnectorConfig,
  type ConnectorConfig,
  type LoadConfigOptions,
  type LoadedConfig,
} from './config/load-config.ts'
import { keepGrantKeys } from './config/keep-grant-keys.ts'
import { startConnector, type Connector, type ConnectorOptions } from './start-connector.ts'

export interface RunConnectorOptions
  extends
    LoadConfigOptions,
    Pick<ConnectorOptions, 'log' | 'streamLog' | 'clock' | 'lookup' | 'threads' | 'onReadiness'> {
  readonly proxies: ProxyVariables
}

/** A connector that follows its configuration. */
export interface RunningConnector extends Closable, Pick<Connector, 'registered' | 'failed'> {
  /** The one that holds now. */
  readonly gracePeriodMs: number
  readonly metricsAddress: AddressInfo | undefined
  /** Reads the configuration again; one that cannot be used changes nothing, and is said. */
  reload(): Promise<void>
  /** As `Connector.close`; the pages about the connector are answered until it has ended. */
  close(graceMs: number): Promise<void>
}

/**
 * Loads a configuration, begins to connect, and takes over every later change of its files.
 *
 * @throws ConfigError or SystemError when it cannot start; never for a gateway that is away
 */
export async function runConnector(
  loaded: LoadedConfig,
  options: RunConnectorOptions,
): Promise<RunningConnector> {
  const { log } = options
  let { config } = loaded
  /** The one in use, whatever the files say by now: another tunnel's is not taken over. */
  let { credential } = config
  tell(loaded, log)
  const metrics = createConnectorMetrics()
  const connector = await startConnector({
    ...options,
    credential,
    dialer: await dialerOf(config, options),
    offer: config,
    metrics,
    async keepKeys(keys) {
      const { credentialsFile } = config
      if (credentialsFile === undefined) return
      const was = credential
      const kept = await keepGrantKeys(credentialsFile, was, keys)
      // Another one was taken over meanwhile.
      if (credential !== was) return
      credential = kept
      config = { ...config, credential }
    },
  })
  let isEnding = false
  const server = await serve(config, {
    pages: pagesOf(connector),
    metrics,
    connector,
  })

  async function reloadOnce(isAsked: boolean): Promise<void> {
    try {
      const next = await loadConnectorConfig(options)
      watch.follow(next.files)
      // What the connector has written itself is no news.
      if (isEnding || (!isAsked && isDeepStrictEqual(next.config, config))) return
      tell(next, log)
      await takeOver(next.config)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      sayRefused(error, log)
    }
  }

  async function takeOver(next: ConnectorConfig): Promise<void> {
    const [was, is] = [credential, next.credential]
    if (was.tunnelId !== is.tunnelId || was.gateway !== is.gateway || was.ca !== is.ca) {
      log.warn('another tunnel, gateway or authority is taken at the next start')
    } else {
      await connector.replaceCredential(is)
      credential = is
    }
    connector.replace(next)
    config = next
    log.info(`Updated to new configuration: ${describe(next)}`)
  }

  let underWay: Promise<void> = Promise.resolve()
  const reload = (isAsked: boolean): Promise<void> =>
    (underWay = underWay.then(() => reloadOnce(isAsked)))
  const watch = watchFiles(() => void reload(false))
  watch.follow(loaded.files)

  return {
    get gracePeriodMs() {
      return config.gracePeriodMs
    },
    metricsAddress: server?.address,
    registered: connector.registered,
    failed: connector.failed,
    reload: () => reload(true),
    async close(graceMs) {
      isEnding = true
      watch[Symbol.dispose]()
      await connector.close(graceMs)
      await server?.close(0)
    },
  }
}

/** Everything at once, each with its place. */
function tell({ problems, warnings }: LoadedConfig, log: Logger): void {
  for (const { hint, ...problem } of problems)
    log.warn(`not served: ${formatProblem(problem)}`, { hint })
  for (const { hint, ...warning } of warnings) log.warn(formatProblem(warning), { hint })
}

function sayRefused(error: AppError, log: Logger): void {
  const say = (why: string, hint: string | undefined): void =>
    log.error(`the configuration was not taken over: ${why}`, { hint })
  if (!(error instanceof ConfigError)) return say(error.message, error.hint)
  for (const { hint, ...problem } of error.problems) say(formatProblem(problem), hint)
}

function describe({ rules }: ConnectorConfig): string {
  return `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`
}

/** Where whoever answers is not believed. A company's box is not mended by trusting it: it ends TLS. */
export const strangerHint =
  'something on the way may answer in its place (a captive portal, a box that looks into TLS): connectors need a way that leaves TLS alone; an authority of your own is given with "--cacert FILE"'

/** What makes the connections of a connector: whom its credential trusts, and through which proxy. */
export async function dialerOf(
  { credential, caFile }: ConnectorConfig,
  { proxies, log }: Pick<RunConnectorOptions, 'proxies' | 'log'>,
): Promise<ReturnType<typeof createDialer>> {
  const trust = await loadTrust({ caFile })
  const { ca } = credential
  return createDialer({
    gateway: parseGatewayUrl(credential.gateway),
    trust: ca === undefined ? trust : { ...trust, extraCa: [...trust.extraCa, ca] },
    proxies,
    log,
    unreachableHint: '"postern tunnel doctor" tries the way step by step',
    strangerHint,
  })
}

interface Served {
  readonly pages: StatusPages
  readonly metrics: ReturnType<typeof createConnectorMetrics>
  readonly connector: Connector
}

/** A connector without its address would be one that nobody can look at: it does not start. */
async function serve(
  { metrics: address }: ConnectorConfig,
  { pages, metrics, connector }: Served,
): Promise<MetricsServer | undefined> {
  if (address === undefined) return undefined
  try {
    return await serveMetrics(metrics, address, pages)
  } catch (error) {
    await connector.close(0)
    throw error
  }
}

/** What orchestrators ask; `/ready` is cloudflared's (reference 4.1). */
function pagesOf(connector: Connector): StatusPages {
  return {
    '/live': () => ({ status: 200, contentType: 'text/plain; charset=utf-8', body: 'OK\n' }),
    '/ready'() {
      const { ready: readyConnections, connectorId } = connector
      const status = readyConnections > 0 ? 200 : 503
      const body = `${JSON.stringify({ status, readyConnections, connectorId })}\n`
      return { status, contentType: 'application/json', body }
    },
  }
}

import { once } from 'node:events'
import type { ConfigValues } from '../connector/config/config-keys.ts'
import { loadConnectorConfig } from '../connector/config/load-config.ts'
import { runConnector, type RunningConnector } from '../connector/run-connector.ts'
import { localActor } from '../control/change.ts'
import { SystemError } from '../errors.ts'
import type { RunningGateway } from '../gateway/run.ts'
import type { Logger } from '../log.ts'
import { encodeTunnelToken } from '../tunnel/tunnel-credential.ts'
import { sampleTunnel } from './applications.ts'
import { fileNames } from './config-file.ts'
import type { Folder } from './folder.ts'

export interface SampleConnectorOptions {
  readonly gateway: Pick<RunningGateway, 'operations'>
  readonly gatewayUrl: string
  /** PEM. */
  readonly caCertificate: string
  readonly folder: Folder
  /** Of the service, on 127.0.0.1: the connector alone is told where it is. */
  readonly servicePort: number
  readonly log: Logger
}

/**
 * Has the gateway make a named tunnel, and runs its connector, as `postern tunnel run --token-file FILE --url URL`
 * does, but for the environment. It may not be registered yet.
 */
export async function startSampleConnector(
  options: SampleConnectorOptions,
): Promise<RunningConnector> {
  const { folder, servicePort, log } = options
  const tokenFile = await folder.write(fileNames.tunnelToken, await makeToken(options))
  const values = { 'token-file': tokenFile, url: `tcp://127.0.0.1:${servicePort}` }
  const given = [{ values, nameOf: (key: keyof ConfigValues) => `--${key}` }]
  const load = { path: undefined, given, directories: [] }
  return runConnector(await loadConnectorConfig(load), { ...load, proxies: {}, log })
}

async function makeToken({ gateway, ...options }: SampleConnectorOptions): Promise<string> {
  const made = await gateway.operations.createNamedTunnel(localActor, sampleTunnel)
  return encodeTunnelToken({
    accountTag: made.account_tag,
    tunnelId: made.id,
    secret: Buffer.from(made.secret, 'base64'),
    gateway: options.gatewayUrl,
    grantKeys: made.grant_keys,
    ca: options.caCertificate,
  })
}

/** @limit none: wait for the quickstart's connector, on this very machine: it ends, and says where the log is */
const registrationTimeoutMs = 30_000

/**
 * Resolves once people get through it; rejects with what `failed` says, and when `signal` is aborted. A connector
 * itself tries for ever.
 *
 * @throws SystemError `not-registered`
 */
export async function untilRegistered(
  { registered, failed }: Pick<RunningConnector, 'registered' | 'failed'>,
  signal: AbortSignal,
  timeoutMs: number = registrationTimeoutMs,
): Promise<void> {
  signal.throwIfAborted()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const failure = await Promise.race([registered, failed, once(limit, 'abort')])
  signal.throwIfAborted()
  if (failure instanceof Error) throw failure
  if (limit.aborted) throw notRegistered(timeoutMs)
}

function notRegistered(timeoutMs: number): SystemError {
  const seconds = timeoutMs / 1000
  const text = `the connector was not registered at the gateway within ${seconds} seconds`
  return new SystemError('not-registered', text)
}

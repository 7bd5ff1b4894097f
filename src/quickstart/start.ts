import { closeSync, openSync } from 'node:fs'
import { loadPages } from '../console/pages.ts'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { ConfigError, formatProblem, SystemError } from '../errors.ts'
import type { Reloaded } from '../gateway/reload.ts'
import { runGateway } from '../gateway/run.ts'
import { openLineOutput } from '../line-output.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { createLog } from '../telemetry/log.ts'
import type { LineSink } from '../telemetry/log.ts'
import { joinedHost, publishedNames } from './applications.ts'
import { fileNames, formatConfigFile } from './config-file.ts'
import { startSampleConnector, untilRegistered } from './connector.ts'
import type { Folder } from './folder.ts'
import type { QuickstartOptions } from './options.ts'
import { people } from './people.ts'
import { choosePort, portError } from './ports.ts'
import { sampleRoutes } from './routes.ts'
import type { SampleRoute } from './routes.ts'
import { startEcho } from './services/echo.ts'
import type { Received } from './services/echo.ts'
import type { LoopbackService } from './services/loopback.ts'
import { hasPglite, launchPglite } from './services/pglite.ts'
import { startSamplePostgres } from './services/postgres.ts'
import { startSampleSsh } from './services/ssh.ts'
import { findPostgres, launchSystemPostgres } from './services/system-postgres.ts'

/** What is up, for the proof and for the commands that are printed. */
export interface Quickstart extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly gatewayUrl: string
  readonly caFile: string
  /** PEM. */
  readonly caCertificate: string
  readonly signInUrl: string
  readonly routes: readonly SampleRoute[]
  /** As it stands in `known_hosts`. */
  readonly sshHostKey: string
  /** What the echo service has seen of each connection that ended its sending, oldest first. */
  readonly echoed: readonly Received[]
  /** The same of the one that only the connector reaches. */
  readonly echoedBehind: readonly Received[]
  /** Of the echo service, on 127.0.0.1. */
  readonly echoPort: number
  /** Resolves when the gateway cannot go on, with the reason. */
  readonly failed: Promise<Error>
}

export interface StartOptions extends Pick<QuickstartOptions, 'port' | 'to' | 'searchPath'> {
  readonly folder: Folder
  /** A step is done. */
  readonly onStep: (text: string) => void
  /** Something happened later, such as the database's start. */
  readonly onEvent: (text: string) => void
  readonly signal: AbortSignal
}

/** Time for the last bytes when everything ends, in milliseconds. */
const graceMs = 200
/** Connections of the echo that are remembered. */
const maxEchoed = 16

/**
 * Starts everything, in an order in which nothing refers to what is not there yet.
 *
 * @throws SystemError when a port or the folder cannot be used
 */
export async function startQuickstart(options: StartOptions): Promise<Quickstart> {
  const { folder, onStep, onEvent, signal } = options
  // Loading the program takes a second or more.
  signal.throwIfAborted()
  // Whatever fails below, what was started before it ends again, last first.
  await using started = new AsyncDisposableStack()
  const keep = <Service extends { close(graceMs: number): Promise<void> }>(it: Service): Service =>
    started.adopt(it, () => it.close(graceMs))
  const port = await choosePort(options.port)

  const caCertificate = await writeCertificates(folder)
  onStep('certificate authority, and a certificate for localhost')
  signal.throwIfAborted()

  const provider = keep(await startDevIdp({ people }))
  onStep(`sign-in service with ${people.length} people at ${provider.issuer.origin}`)

  const echo = keep(await startWatchedEcho())
  const behind = keep(await startWatchedEcho())
  const ssh = keep(await startSampleSsh())
  const postgres = await startDatabase(options)
  if (postgres !== undefined) keep(postgres)
  onStep(
    postgres === undefined
      ? 'echo and SSH servers; no PostgreSQL, since none is at hand'
      : 'echo and SSH servers; a PostgreSQL that starts when it is first used',
  )
  signal.throwIfAborted()

  const ports = { echo: echo.port, ssh: ssh.port, postgres: postgres?.port }
  const routes = sampleRoutes(ports, options.to)
  const configText = formatConfigFile({ port, provider, routes })
  const config = await folder.write(fileNames.config, configText)
  const log = started.use(openLog(folder.join(fileNames.log)))
  const gateway = keep(await startGateway(config, port, log, tellReload(onEvent)))
  const gatewayUrl = `https://localhost:${port}`
  onStep(`gateway at ${gatewayUrl} with ${routes.length} routes`)
  signal.throwIfAborted()

  const connector = keep(
    await startSampleConnector({
      gateway,
      gatewayUrl,
      caCertificate,
      folder,
      servicePort: behind.port,
      log: createLog({ sink: log }).service('connector'),
    }),
  )
  // In this order: one that loses its database may well turn the connector away for that.
  const failed = Promise.race([gateway.failed, connector.failed])
  await untilRegistered({ registered: connector.registered, failed }, signal)
  // Whoever tries what ends a connector goes on with the rest.
  void connector.failed.then(({ message }) =>
    onEvent(`the connector of ${joinedHost} has ended: ${message}`),
  )
  onStep('connector that has joined it, and alone knows where a second echo is')

  const running = started.move()
  return {
    gatewayUrl,
    caFile: folder.join(fileNames.caCertificate),
    caCertificate,
    signInUrl: provider.issuer.origin,
    routes,
    sshHostKey: ssh.hostKey,
    echoed: echo.received,
    echoedBehind: behind.received,
    echoPort: echo.port,
    failed: gateway.failed,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

/** The one that came with a checkout, or this machine's own. */
async function startDatabase({ searchPath, onEvent }: StartOptions) {
  const own = hasPglite() ? undefined : findPostgres(searchPath)
  if (own === undefined && !hasPglite()) return undefined
  const launch = own === undefined ? launchPglite : () => launchSystemPostgres(own)
  return startSamplePostgres({ launch, onProgress: onEvent })
}

interface WatchedEcho extends LoopbackService {
  /** Of each connection that ended its sending, oldest first. */
  readonly received: readonly Received[]
}

async function startWatchedEcho(): Promise<WatchedEcho> {
  const received: Received[] = []
  const onReceived = (one: Received): void =>
    void (received.push(one) > maxEchoed && received.shift())
  return { ...(await startEcho({ onReceived })), received }
}

/** Answers the authority's certificate. Its key is never written. */
async function writeCertificates(folder: Folder): Promise<string> {
  const authority = await createCertificateAuthority({ name: 'Postern quickstart CA' })
  const { cert, key } = await authority.issue(['localhost', '127.0.0.1', '::1', ...publishedNames])
  await folder.write(fileNames.caCertificate, authority.cert)
  await folder.write(fileNames.certificate, cert)
  await folder.write(fileNames.certificateKey, key)
  return authority.cert
}

/** As `postern gateway -c FILE` does, but for the environment: it belongs to a real gateway. */
async function startGateway(
  path: string,
  port: number,
  log: LineSink,
  onReloaded: (reloaded: Reloaded) => void,
) {
  try {
    return await runGateway({ path, env: {}, logSink: log, pages: await loadPages(), onReloaded })
  } catch (error) {
    const isTaken = error instanceof SystemError && error.code === 'address-in-use'
    throw isTaken ? portError(port, error.cause) : error
  }
}

/** Whoever edits the file looks here, and not in the log, for what is wrong with it. */
function tellReload(onEvent: (text: string) => void): (reloaded: Reloaded) => void {
  return ({ config, error }) => {
    if (error === undefined) {
      onEvent(`${fileNames.config} was read again: ${config.routes.length} routes`)
      return
    }
    onEvent(`${fileNames.config} has faults, and what it said before still holds:`)
    const faults =
      error instanceof ConfigError ? error.problems.map(formatProblem) : [error.message]
    for (const fault of faults) for (const line of fault.split('\n')) onEvent(`  ${line}`)
  }
}

function openLog(path: string): LineSink & AsyncDisposable {
  const file = openSync(path, 'w', 0o600)
  const output = openLineOutput(file)
  return Object.assign(output, {
    async [Symbol.asyncDispose]() {
      await output.settled(graceMs)
      closeSync(file)
    },
  })
}

import { join } from 'node:path'
import { endingMs } from '../../autostart/connector-unit.ts'
import {
  loadConnectorConfig,
  type GivenSettings,
  type LoadConfigOptions,
  type LoadedConfig,
} from '../../connector/config/load-config.ts'
import { parseHostname } from '../../connector/ingress/hostname.ts'
import { parseService } from '../../connector/ingress/service.ts'
import { runConnector, type RunningConnector } from '../../connector/run-connector.ts'
import { SystemError } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import type { LogLevel } from '../../log.ts'
import { collectWhenIdle } from '../../net/idle-collection.ts'
import { tuneMemory } from '../../net/runtime.ts'
import { exitProcess } from '../../standard-output.ts'
import { encodeCredentialsFile } from '../../tunnel/tunnel-credential.ts'
import { environment, provideThreads } from '../process/environment.ts'
import { exitCodeOfSignal, exitCodes } from '../process/exit-codes.ts'
import { onEndSignal } from '../process/signals.ts'
import { variablesWithoutEffect } from '../speech/cloudflared-words.ts'
import { countFailures } from '../speech/count-failures.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { fetchCredential, publishName, type EndedBySignal } from './credential-of-gateway.ts'
import { defaultConfig } from './default-config.ts'
import { proxiesOf, warnAboutProxy } from './proxies.ts'
import { credentialDirectoriesOf } from './publisher-options.ts'
import { givenSettings, settingOf, type RunOptions } from './run-options.ts'
import { createServiceManager, type ServiceManager } from './service-manager.ts'

const component = { human: 'connector', json: 'connector' }

/** `setInterval` takes no longer one. */
const longestIntervalMs = 2 ** 31 - 1

/**
 * Runs a connector until it is asked to end; resolves to the exit code.
 *
 * @throws whatever makes it useless to go on: nothing fatal ends with 0
 */
export async function runTunnel(
  nameOrId: string | undefined,
  options: RunOptions,
): Promise<number> {
  provideThreads()
  let ended: EndedBySignal | undefined
  const load = {
    ...loadOptions(nameOrId, options),
    async askForCredential(name: string) {
      const found = await fetchCredential(name, options, voiceOf(options, 'info'))
      if (!('exitCode' in found)) return found
      ended = found
      throw new Error('asked to end')
    },
  }
  try {
    return await runLoaded(load, await loadConnectorConfig(load), options)
  } catch (error) {
    if (ended !== undefined) return ended.exitCode
    throw error
  }
}

/**
 * Runs the one line of the quick start: makes the tunnel and its name where they are not there, and runs its
 * connector. With a credential given, the name is asked for with that alone.
 */
export async function runQuickTunnel(options: RunOptions): Promise<number> {
  provideThreads()
  const given = givenSettings(options, undefined, environment)
  const hostname = settingOf(given, 'hostname')
  const hasCredential = given.some(({ values }) =>
    credentialKeys.some((key) => key in values && values[key] !== undefined),
  )
  if (hostname === undefined || hasCredential) return runTunnel(undefined, options)
  // Before anything is made: what cannot be run is not published.
  const pattern = checkHostname(hostname)
  requireUrl(given)
  const voice = voiceOf(options, 'info')
  const published = await publishName({ hostname: pattern, tunnel: options.name }, options, voice)
  if ('exitCode' in published) return published.exitCode
  const found = loadOptions(published.tunnelId, options)
  // Before what a file says, whose credential may be another tunnel's.
  const values = { 'credentials-contents': encodeCredentialsFile(published) }
  const load = { ...found, given: [{ values, nameOf: () => 'the gateway' }, ...found.given] }
  return runLoaded(load, await loadConnectorConfig(load), options)
}

const credentialKeys = ['token', 'token-file', 'credentials-file', 'credentials-contents'] as const

async function runLoaded(
  load: LoadConfigOptions,
  loaded: LoadedConfig,
  options: RunOptions,
): Promise<number> {
  tuneMemory()
  collectWhenIdle()
  const voice = voiceOf(options, loaded.config.logLevel)
  warnAboutToken(options, voice)
  warnAboutProxy(options, voice)
  for (const { variable, hint } of variablesWithoutEffect(environment))
    voice.warn(`the variable "${variable}" has no effect here`, { variable, hint })
  const failures = countFailures(voice)
  const streamLog = { debug: voice.debug, warn: failures.warn }
  const proxies = proxiesOf(options)
  const manager = createServiceManager(environment, voice)
  manager.connected(false)
  const connector = await runConnector(loaded, {
    ...load,
    proxies,
    log: voice,
    streamLog,
    threads: provideThreads(),
    onReadiness: manager.connected,
  })
  // While every connection waits for its next attempt, nothing else keeps the process up.
  const upkeep = setInterval(() => undefined, longestIntervalMs)
  try {
    return await untilEnded(connector, { voice, manager })
  } finally {
    failures.flush()
    clearInterval(upkeep)
  }
}

function voiceOf({ logFormat = 'human' }: RunOptions, level: LogLevel): Voice {
  return processVoice({ format: logFormat, level, component })
}

/** @throws SystemError `invalid-hostname` */
function checkHostname(text: string): string {
  const hostname = parseHostname(text)
  if (typeof hostname === 'string' && !hostname.startsWith('*')) return hostname
  throw new SystemError('invalid-hostname', `"${text}" is not a host name to publish`, {
    hint: 'write a whole name such as tcp.site.com',
  })
}

function requireUrl(given: readonly GivenSettings[]): void {
  const url = settingOf(given, 'url')
  const service = url === undefined ? undefined : parseService(url)
  if (service !== undefined && !('fault' in service)) return
  const what = service === undefined ? 'no service is named' : `--url: ${service.fault}`
  throw new SystemError('no-service', what, {
    hint: service?.hint ?? 'give one with "--url tcp://localhost:PORT"',
  })
}

async function untilEnded(
  connector: RunningConnector,
  { voice, manager }: { readonly voice: Voice; readonly manager: ServiceManager },
): Promise<number> {
  const reload = (): void => void connector.reload()
  using _ = onHangUp(reload)
  const failure = await new Promise<Error | undefined>((resolve) => {
    let isStopping = false
    const watch = onEndSignal(
      (signal) => {
        // Whoever asks twice does not want to wait.
        if (isStopping) void exitProcess(exitCodeOfSignal(signal))
        isStopping = true
        voice.info(`Initiating graceful shutdown due to ${signal}: no new streams are taken`)
        const graceMs = connector.gracePeriodMs
        manager.stopping(graceMs + endingMs)
        void connector.close(graceMs).then(() => resolve(undefined))
      },
      ['SIGINT', 'SIGTERM'],
    )
    void connector.failed.then(async (error) => {
      watch[Symbol.dispose]()
      await connector.close(0)
      resolve(error)
    })
  })
  if (failure !== undefined) throw failure
  return exitCodes.ok
}

function onHangUp(listener: () => void): Disposable {
  process.on('SIGHUP', listener)
  return { [Symbol.dispose]: () => void process.off('SIGHUP', listener) }
}

/** What a run is loaded by, and loaded by again. */
export function loadOptions(nameOrId: string | undefined, options: RunOptions): LoadConfigOptions {
  const home = homeDirectory()
  const directory = home === undefined ? undefined : join(home, '.postern')
  return {
    path: options.config ?? defaultConfig(directory),
    given: givenSettings(options, nameOrId, environment),
    directories: credentialDirectoriesOf(options),
  }
}

function warnAboutToken({ token }: RunOptions, voice: Voice): void {
  if (token === undefined) return
  voice.warn('every user of this machine can read "--token" while this runs', {
    hint: 'write it to a file that only you can read, and give "--token-file FILE"',
  })
}

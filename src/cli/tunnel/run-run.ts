import { join } from 'node:path'
import { loadConnectorConfig, type LoadConfigOptions } from '../../connector/config/load-config.ts'
import { runConnector, type RunningConnector } from '../../connector/run-connector.ts'
import { homeDirectory } from '../../home-directory.ts'
import { tuneMemory } from '../../net/runtime.ts'
import { exitProcess } from '../../standard-output.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { exitCodeOfSignal, exitCodes } from '../process/exit-codes.ts'
import { onEndSignal } from '../process/signals.ts'
import { countFailures } from '../speech/count-failures.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { defaultConfig } from './default-config.ts'
import { notifyReady } from './notify-ready.ts'
import { givenSettings, type RunOptions } from './run-options.ts'

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
  tuneMemory()
  const load = loadOptions(nameOrId, options)
  const loaded = await loadConnectorConfig(load)
  const format = options.logFormat ?? 'human'
  const voice = processVoice({ format, level: loaded.config.logLevel, component })
  warnAboutToken(options, voice)
  const failures = countFailures(voice)
  const streamLog = { debug: voice.debug, warn: failures.warn }
  const { proxies } = clientEnvironment()
  // The given proxy for everything: what the environment exempts is exempt from its own.
  const chosen = options.proxy === undefined ? proxies : { https_proxy: options.proxy }
  const connector = await runConnector(loaded, {
    ...load,
    proxies: chosen,
    log: voice,
    streamLog,
  })
  // While every connection waits for its next attempt, nothing else keeps the process up.
  const upkeep = setInterval(() => undefined, longestIntervalMs)
  void connector.registered.then(() => notifyReady(environment, voice))
  try {
    return await untilEnded(connector, voice)
  } finally {
    failures.flush()
    clearInterval(upkeep)
  }
}

async function untilEnded(connector: RunningConnector, voice: Voice): Promise<number> {
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
        void connector.close(connector.gracePeriodMs).then(() => resolve(undefined))
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
    directory,
  }
}

function warnAboutToken({ token }: RunOptions, voice: Voice): void {
  if (token === undefined) return
  voice.warn('every user of this machine can read "--token" while this runs', {
    hint: 'write it to a file that only you can read, and give "--token-file FILE"',
  })
}

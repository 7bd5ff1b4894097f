import { collectWhenIdle } from '../../net/idle-collection.ts'
import { tuneMemory } from '../../net/runtime.ts'
import { loadPages } from '../../console/pages.ts'
import { runGateway } from '../../gateway/run.ts'
import type { HumanLines } from '../../telemetry/human-line.ts'
import { exitProcess, isTerminal } from '../../standard-output.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { defaultConfigPath, type RunGatewayOptions } from './gateway-options.ts'
import { environment, ignoreUnverified } from '../process/environment.ts'

/**
 * Runs a gateway until it is asked to end; resolves to the exit code.
 *
 * @throws whatever made it unable to go on, once it is closed
 */
export async function runGatewayCommand(options: RunGatewayOptions): Promise<number> {
  tuneMemory()
  collectWhenIdle()
  const path = options.config ?? defaultConfigPath
  const pages = await loadPages()
  ignoreUnverified()
  const humanLog = humanLines(options)
  const gateway = await runGateway({ path, env: environment, pages, humanLog })
  const reload = (): void => void gateway.reload()
  process.on('SIGHUP', reload)
  const failure = await new Promise<Error | void>((resolve) => {
    let isStopping = false
    const stop = (): void => {
      // Whoever asks twice does not want to wait.
      if (isStopping) void exitProcess(exitCodes.internal)
      isStopping = true
      void gateway.close(options.gracePeriod).then(resolve)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    void gateway.failed.then(async (error) => {
      await gateway.close(0)
      resolve(error)
    })
  })
  process.off('SIGHUP', reload)
  if (failure !== undefined) throw failure
  // Node would wait for look-ups of names that were begun for tunnels which are over.
  return exitProcess(exitCodes.ok)
}

/** What reads standard output decides: a person at a terminal, or whatever collects lines of JSON. */
function humanLines({ logFormat }: RunGatewayOptions): HumanLines | undefined {
  const isRead = isTerminal(1)
  if ((logFormat ?? (isRead ? 'human' : 'json')) === 'json') return undefined
  return { useColour: isRead && !environment['NO_COLOR'] }
}

import { setFlagsFromString } from 'node:v8'
import { loadPortal } from '../../console/portal.ts'
import { runGateway } from '../../gateway/run.ts'
import { exitProcess } from '../../standard-output.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { defaultConfigPath, type RunGatewayOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/**
 * Runs a gateway until it is asked to end; resolves to the exit code.
 *
 * @throws whatever made it unable to go on, once it is closed
 */
export async function runGatewayCommand(options: RunGatewayOptions): Promise<number> {
  tuneMemory()
  const path = options.config ?? defaultConfigPath
  const pages = await loadPortal()
  const gateway = await runGateway({ path, env: environment, pages })
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

/**
 * A relay makes and drops buffers all the time. V8 counts these with the heap and answers each few
 * megabytes of them with a full collection, the longer the larger the program is: in the benchmark,
 * 66 of them where a bare relay had 25. With these flags the buffers of a busy gateway may grow to a
 * few times those of an idle one before that; its peak memory stayed the same (263 and 268 MB).
 *
 * Both are V8's own and may go: on a release that does not know them nothing changes.
 */
const flags = [
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=4',
]

/** The release whose V8 these flags were measured with. */
const knownMajor = 26

/** Tunes the collector for a process that copies bytes; to be called before it has work. */
function tuneMemory(): void {
  if (Number(process.versions.node.split('.')[0]) < knownMajor) return
  for (const flag of flags) setFlagsFromString(flag)
}

import { tuneMemory } from './gateway-memory.ts'
import { loadPortal } from '../../console/portal.ts'
import { runGateway } from '../../gateway/run.ts'
import { exitProcess } from '../../standard-output.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { defaultConfigPath, type RunGatewayOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/** Runs a gateway until it is asked to end; resolves to the exit code. */
export async function runGatewayCommand(options: RunGatewayOptions): Promise<number> {
  tuneMemory()
  const path = options.config ?? defaultConfigPath
  const pages = await loadPortal()
  const gateway = await runGateway({ path, env: environment, pages })
  const reload = (): void => void gateway.reload()
  process.on('SIGHUP', reload)
  await new Promise<void>((resolve) => {
    let isStopping = false
    const stop = (): void => {
      // Whoever asks twice does not want to wait.
      if (isStopping) void exitProcess(exitCodes.internal)
      isStopping = true
      void gateway.close(options.gracePeriod).then(resolve)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
  process.off('SIGHUP', reload)
  // Node would wait for look-ups of names that were begun for tunnels which are over.
  return exitProcess(exitCodes.ok)
}

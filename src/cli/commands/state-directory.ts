import { loadConfig } from '../../config/load.ts'
import { defaultStateDirectory } from '../../config/readers/state-directory.ts'
import type { StateOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/** Where the gateway that a command is about keeps its state, and with it the socket it answers on. */
export async function findStateDirectory({
  stateDirectory,
  config,
}: StateOptions): Promise<string> {
  if (stateDirectory !== undefined) return stateDirectory
  if (config === undefined) return defaultStateDirectory(environment)
  return (await loadConfig({ path: config, env: environment })).config.stateDirectory
}

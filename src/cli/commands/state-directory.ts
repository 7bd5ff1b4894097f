import { existsSync } from 'node:fs'
import { loadStateDirectory } from '../../config/load-state-directory.ts'
import { defaultStateDirectory } from '../../config/readers/state-directory.ts'
import { defaultConfigPath, type StateOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/**
 * Where the gateway that a command is about keeps its state, and with it the socket it answers on: as its configuration
 * says, `postern.yaml` here where no other is named, or else where a gateway has it that says nothing.
 */
export async function findStateDirectory({
  stateDirectory,
  config = existsSync(defaultConfigPath) ? defaultConfigPath : undefined,
}: StateOptions): Promise<string> {
  if (stateDirectory !== undefined) return stateDirectory
  if (config === undefined) return defaultStateDirectory(environment)
  return loadStateDirectory({ path: config, env: environment })
}

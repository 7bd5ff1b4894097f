import { lstat, stat } from 'node:fs/promises'
import { SystemError, systemCode } from '../../errors.ts'
import { loadStateDirectory } from '../../config/load-state-directory.ts'
import { defaultStateDirectory } from '../../config/readers/state-directory.ts'
import { defaultConfigPath, type StateOptions } from './gateway-options.ts'
import { environment } from '../process/environment.ts'

/**
 * Where the gateway that a command is about keeps its state, and with it the socket it answers on: as its configuration
 * says, `postern.yaml` here where no other is named, or else where a gateway has it that says nothing.
 *
 * @throws SystemError `file-not-ours`
 */
export async function findStateDirectory({
  stateDirectory,
  config,
}: StateOptions): Promise<string> {
  if (stateDirectory !== undefined) return stateDirectory
  const path = config ?? (await findOwnConfig())
  if (path === undefined) return defaultStateDirectory(environment)
  return loadStateDirectory({ path, env: environment })
}

/**
 * The file that nobody named: in a folder where others may write it could be theirs, and lead to a socket of theirs, which
 * says that somebody is cut off.
 */
async function findOwnConfig(): Promise<string | undefined> {
  try {
    // A link is somebody's as well, and says where relative paths of the file begin.
    const owners = [await lstat(defaultConfigPath), await stat(defaultConfigPath)]
    if (owners.every(({ uid }) => isTrusted(uid))) return defaultConfigPath
  } catch (error) {
    // What else is wrong with it is said by whoever reads it.
    return systemCode(error) === 'ENOENT' ? undefined : defaultConfigPath
  }
  throw new SystemError('file-not-ours', `"${defaultConfigPath}" here belongs to another user`, {
    hint: 'name it by -c if it is meant, or the state directory by --state-directory',
  })
}

/** Whoever asks, root, and whoever has become root by `sudo`. */
function isTrusted(owner: number): boolean {
  const own = process.getuid?.()
  if (own === undefined || owner === own || owner === 0) return true
  return own === 0 && String(owner) === environment['SUDO_UID']
}

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { stateFiles } from '../../store/state-directory.ts'
import type { StateOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

/**
 * Where a gateway keeps its audit log: of a directory that is not there nothing would be read, and a job that keeps a copy
 * of nothing must not end well.
 *
 * @throws SystemError `audit-unreadable`
 */
export async function findAuditDirectory(options: StateOptions): Promise<string> {
  const directory = join(await findStateDirectory(options), stateFiles.audit)
  try {
    await stat(directory)
  } catch (error) {
    throw unreadableAudit(directory, error)
  }
  return directory
}

export function unreadableAudit(path: string, error: unknown): SystemError {
  const isMissing = systemCode(error) === 'ENOENT'
  const message = isMissing
    ? `there is no audit log at "${path}"`
    : `cannot read "${path}": ${messageOf(error)}`
  const hint = isMissing
    ? 'name the configuration of its gateway by -c, or the state directory by --state-directory'
    : "run this as the gateway's own user"
  return new SystemError('audit-unreadable', message, { hint, cause: error })
}

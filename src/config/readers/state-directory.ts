import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { SystemError } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import type { Environment } from '../source/settings.ts'
import type { Source } from '../source/source.ts'

/**
 * Where state lives: the key, else systemd's folder (the first of several), else the XDG one, which
 * counts only when absolute.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function readStateDirectory({ settings, env, path }: Source): string {
  const written = settings.values.state_directory
  if (written === undefined) return defaultStateDirectory(env)
  return resolve(dirname(resolve(path)), written)
}

/**
 * Where the state lies when nothing says otherwise.
 *
 * @throws SystemError `state-directory-unusable` for a user without a home
 */
export function defaultStateDirectory(env: Environment): string {
  const [systemd = ''] = (env['STATE_DIRECTORY'] ?? '').split(':')
  if (isAbsolute(systemd)) return systemd
  const xdg = env['XDG_STATE_HOME'] ?? ''
  if (isAbsolute(xdg)) return join(xdg, 'postern', 'gateway')
  const home = homeDirectory(() => env['HOME'] || homedir())
  if (home === undefined) {
    const what = 'there is no place for the state: this user has no home directory'
    throw new SystemError('state-directory-unusable', what, {
      hint: 'name a directory with "state_directory", or on the command line with "--state-directory"',
    })
  }
  return join(home, '.local', 'state', 'postern', 'gateway')
}

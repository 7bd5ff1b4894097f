import { devNull } from 'node:os'
import { join } from 'node:path'
import { homeDirectory } from '../../home-directory.ts'

/** The part of the environment that says where a user's caches are. */
export type CacheEnvironment = Readonly<Record<string, string | undefined>>

/**
 * The directory of this user's Postern caches: `$XDG_CACHE_HOME/postern`, else the platform's own
 * place. For somebody without a home it is one that cannot be made: nothing is kept there, and that says so.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function cacheDirectory(
  env: CacheEnvironment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homeDirectory() ?? devNull,
): string {
  // An empty or relative value counts as unset (basedir-spec).
  if (env['XDG_CACHE_HOME']?.startsWith('/')) return join(env['XDG_CACHE_HOME'], 'postern')
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'postern')
  if (platform !== 'win32') return join(home, '.cache', 'postern')
  return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'postern')
}

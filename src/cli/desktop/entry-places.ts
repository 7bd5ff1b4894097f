import { join } from 'node:path'
import type { ShortcutPlaces } from '../../desktop/shortcuts/save-shortcut.ts'
import { SystemError } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import { environment, systemRoot, type Environment } from '../process/environment.ts'

/** Where a person's own desktop looks for programs and shortcuts. */
export interface EntryPlaces extends Omit<ShortcutPlaces, 'program'> {
  /** `%APPDATA%`. */
  readonly appData: string
  /** What a daemon is told that a session manager starts, so that it has the files of the one that a shell starts. */
  readonly variables: Readonly<Record<string, string>>
}

/** They say where this program keeps its files. */
const handedOn = ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME']

/**
 * Reads where they are, by the environment.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 * @throws SystemError `home-missing`
 */
export function entryPlaces(
  env: Environment = environment,
  platform: NodeJS.Platform = process.platform,
  home: string | undefined = homeDirectory(),
): EntryPlaces {
  if (home === undefined) {
    throw new SystemError('home-missing', 'this user has no home', {
      hint: 'set HOME to a directory of your own',
    })
  }
  // An empty or relative value counts as unset (basedir-spec).
  const given = handedOn.flatMap((name) => {
    const value = env[name]
    return value?.startsWith('/') === true ? [[name, value] as const] : []
  })
  const variables = Object.fromEntries(given)
  return {
    platform,
    home,
    configHome: variables['XDG_CONFIG_HOME'] ?? join(home, '.config'),
    dataHome: variables['XDG_DATA_HOME'] ?? join(home, '.local', 'share'),
    appData: env['APPDATA'] ?? join(home, 'AppData', 'Roaming'),
    systemRoot: systemRoot(env),
    variables,
  }
}

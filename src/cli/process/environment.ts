import { devNull } from 'node:os'
import { join } from 'node:path'
import type { ProxyVariables } from '../../reach/proxy.ts'
import { homeDirectory } from '../../home-directory.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process. Nothing else in `cli/` looks at it, and nothing in `client/` at all. */
export const environment: Environment = process.env

/** What the environment says to a command that reaches a gateway: `client/` itself reads none of it. */
export interface ClientEnvironment {
  readonly proxies: ProxyVariables
  readonly cacheDirectory: string
}

/** Reads the variables that say how a gateway is reached and where caches are. */
export function clientEnvironment(env: Environment = environment): ClientEnvironment {
  const named = Object.entries(env).filter(([name]) => /^(?:https?|all|no)_proxy$/i.test(name))
  return { proxies: Object.fromEntries(named), cacheDirectory: cacheDirectory(env) }
}

/**
 * The directory of this user's Postern caches: `$XDG_CACHE_HOME/postern`, else the platform's own
 * place. For somebody without a home it is a path below the null device: nothing can be kept there, and
 * whoever tries says so.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function cacheDirectory(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homeDirectory() ?? devNull,
): string {
  // An empty or relative value counts as unset (basedir-spec).
  if (env['XDG_CACHE_HOME']?.startsWith('/')) return join(env['XDG_CACHE_HOME'], 'postern')
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'postern')
  if (platform !== 'win32') return join(home, '.cache', 'postern')
  return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'postern')
}

/** libuv looks names up with half of them; a thread that does nothing costs a few KiB. */
const threads = 32

/**
 * Sees to it that there are threads for look-ups of names, files and signatures, and says how many there are; a
 * number that is given holds. To be called before any of that: libuv makes them at the first need.
 *
 * @see https://nodejs.org/api/cli.html#uv_threadpool_sizesize
 */
export function provideThreads(): number {
  return Number((process.env['UV_THREADPOOL_SIZE'] ||= `${threads}`)) || 1
}

/**
 * Forgets NODE_TLS_REJECT_UNAUTHORIZED, by which `fetch` of Node.js and Bun takes any certificate: a gateway asks its
 * provider with that. Whatever else speaks TLS says itself what it verifies.
 */
export function ignoreUnverified(): void {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
}

/**
 * Where this user's settings of Postern are: `$XDG_CONFIG_HOME/postern`, else the platform's own place.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function configDirectory(
  env: Environment = environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homeDirectory() ?? devNull,
): string {
  if (env['XDG_CONFIG_HOME']?.startsWith('/')) return join(env['XDG_CONFIG_HOME'], 'postern')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'postern')
  if (platform !== 'win32') return join(home, '.config', 'postern')
  return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'postern')
}

/** Where the desktop daemon of this user keeps what it needs from one start to the next, and its socket. */
export function desktopDirectory(
  env: Environment = environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homeDirectory() ?? devNull,
): string {
  const xdg = env['XDG_STATE_HOME']
  if (xdg?.startsWith('/')) return join(xdg, 'postern', 'desktop')
  if (platform === 'darwin') {
    return join(home, 'Library', 'Application Support', 'postern', 'desktop')
  }
  if (platform !== 'win32') return join(home, '.local', 'state', 'postern', 'desktop')
  return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'postern', 'desktop')
}

/** Where Windows has its own programs: `%SystemRoot%`. */
export function systemRoot(env: Environment = environment): string {
  return env['SystemRoot'] ?? String.raw`C:\Windows`
}

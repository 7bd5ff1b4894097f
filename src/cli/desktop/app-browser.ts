import { accessSync, constants } from 'node:fs'
import { posix, win32 } from 'node:path'
import { environment, type Environment } from '../process/environment.ts'

const linuxNames = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'microsoft-edge',
  'microsoft-edge-stable',
  'brave-browser',
]
const macNames = ['Google Chrome', 'Microsoft Edge', 'Chromium', 'Brave Browser']
const windowsNames = [
  String.raw`Google\Chrome\Application\chrome.exe`,
  String.raw`Microsoft\Edge\Application\msedge.exe`,
  String.raw`BraveSoftware\Brave-Browser\Application\brave.exe`,
]

/** A browser of this machine that opens a window without tabs by `--app=ADDRESS`; undefined where none is found. */
export function findAppBrowser(
  env: Environment = environment,
  platform: NodeJS.Platform = process.platform,
  isProgram: (path: string) => boolean = isExecutable,
): string | undefined {
  return candidates(env, platform).find(isProgram)
}

function candidates(env: Environment, platform: NodeJS.Platform): string[] {
  if (platform === 'win32') {
    const roots = [env['ProgramFiles'], env['ProgramFiles(x86)'], env['LOCALAPPDATA']]
    return join(roots, windowsNames, win32.join)
  }
  if (platform === 'darwin') {
    const roots = ['/Applications', env['HOME'] && posix.join(env['HOME'], 'Applications')]
    return join(roots, macNames, (root, name) =>
      posix.join(root, `${name}.app`, 'Contents', 'MacOS', name),
    )
  }
  // An empty part of PATH would be the current directory.
  return join((env['PATH'] ?? '').split(':'), linuxNames, posix.join)
}

function join(
  roots: readonly (string | undefined)[],
  names: readonly string[],
  path: (root: string, name: string) => string,
): string[] {
  const given = roots.filter((root) => root !== undefined && root !== '')
  return names.flatMap((name) => given.map((root) => path(root ?? '', name)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

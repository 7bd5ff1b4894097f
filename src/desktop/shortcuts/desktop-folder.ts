import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { posix, win32 } from 'node:path'
import { promisify } from 'node:util'
import { desktopFolderOf } from '../../autostart/user-dirs.ts'

/** Where a person's desktop is looked for. */
export interface DesktopHome {
  readonly platform: NodeJS.Platform
  readonly home: string
  /** `$XDG_CONFIG_HOME`, or what stands for it. */
  readonly configHome: string
}

/** @limit none: a program of Windows; without an answer by then the desktop is where it usually is */
const registryMs = 5_000
const run = promisify(execFile)

/** The folder that a person's desktop shows; undefined where there is none, or where it is the home itself. */
export async function desktopFolder(of: DesktopHome): Promise<string | undefined> {
  const folder = of.platform === 'win32' ? await windowsDesktop(of) : await unixDesktop(of)
  const found = await stat(folder).catch(() => undefined)
  return found?.isDirectory() === true && folder !== of.home ? folder : undefined
}

async function unixDesktop({ platform, home, configHome }: DesktopHome): Promise<string> {
  const usual = posix.join(home, 'Desktop')
  if (platform === 'darwin') return usual
  const text = await readFile(posix.join(configHome, 'user-dirs.dirs'), 'utf8').catch(() => '')
  return desktopFolderOf(text, home) ?? usual
}

/** OneDrive moves it, and says so in the registry. */
async function windowsDesktop({ home }: DesktopHome): Promise<string> {
  const key = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders`
  const usual = win32.join(home, 'Desktop')
  try {
    const options = { timeout: registryMs, windowsHide: true }
    const { stdout } = await run('reg', ['query', key, '/v', 'Desktop'], options)
    return desktopInRegistry(stdout, home) ?? usual
  } catch {
    return usual
  }
}

/** What `reg query` prints of the desktop; undefined where it names a variable that is not the profile's. */
export function desktopInRegistry(printed: string, home: string): string | undefined {
  const value = /^\s*Desktop\s+REG_(?:EXPAND_)?SZ\s+(.*?)\s*$/m.exec(printed)?.[1]
  const path = value?.replace(/^%USERPROFILE%/i, () => home)
  return path === undefined || path.includes('%') || !win32.isAbsolute(path) ? undefined : path
}

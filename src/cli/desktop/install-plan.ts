import { posix, win32 } from 'node:path'
import { appBundle } from '../../autostart/app-bundle.ts'
import { daemonUnit, type DaemonStart } from '../../autostart/daemon-unit.ts'
import { desktopEntry } from '../../autostart/desktop-entry.ts'
import { agentLabel, launchAgent } from '../../autostart/launch-agent.ts'
import { iconName, markSvg } from '../../autostart/mark.ts'
import {
  commandScript,
  maxRunValueLength,
  windowlessCommand,
} from '../../autostart/windows-command.ts'
import { SystemError } from '../../errors.ts'
import type { EntryPlaces } from './entry-places.ts'

/** A file that an installation has. */
export interface PlannedFile {
  readonly path: string
  readonly text: string
  /** Permissions. */
  readonly mode: number
}

/** How the daemon starts with the session. */
export type SessionStart =
  | { readonly kind: 'systemd'; readonly unit: string; readonly unitPath: string }
  | { readonly kind: 'launchd'; readonly label: string; readonly path: string }
  | { readonly kind: 'windows'; readonly line: string }

/** What an installation is. */
export interface InstallPlan {
  readonly files: readonly PlannedFile[]
  /** Folders that are nothing but ours, from the inner ones out. */
  readonly folders: readonly string[]
  readonly start?: SessionStart
}

export interface PlanOptions {
  /** This program, as something else begins it. */
  readonly program: readonly string[]
  /** Whether the daemon is to start with the session. */
  readonly autostart: boolean
}

/** What systemd calls the daemon. */
const unitName = 'postern-desktop.service'
const comment = 'Connections to the services that your company lets you use'

/**
 * What `postern desktop install` writes for this user, by the platform: the menu entry with its icon, and what starts
 * the daemon with the session.
 *
 * @throws SystemError `entry-impossible` for a path that some of the files cannot have
 */
export function planInstall(places: EntryPlaces, options: PlanOptions): InstallPlan {
  try {
    if (places.platform === 'darwin') return planMac(places, options)
    if (places.platform === 'win32') return planWindows(places, options)
    return planLinux(places, options)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const message = `a path of this program or of your home has ${error.message}`
    throw new SystemError('entry-impossible', message, { cause: error })
  }
}

function planLinux(places: EntryPlaces, { program, autostart }: PlanOptions): InstallPlan {
  const { configHome, dataHome } = places
  const menu: PlannedFile[] = [
    {
      path: posix.join(dataHome, 'icons/hicolor/scalable/apps', `${iconName}.svg`),
      text: markSvg(),
      mode: 0o644,
    },
    {
      path: posix.join(dataHome, 'applications', 'postern-desktop.desktop'),
      text: desktopEntry({
        name: 'Postern',
        comment,
        command: [...program, 'desktop'],
        icon: iconName,
        categories: ['Network'],
        keywords: ['tunnel', 'database', 'ssh', 'remote'],
      }),
      mode: 0o644,
    },
  ]
  if (!autostart) return { files: menu, folders: [] }
  const unitPath = posix.join(configHome, 'systemd/user', unitName)
  const unit = { path: unitPath, text: daemonUnit(daemonStart(places, program)), mode: 0o644 }
  return {
    files: [...menu, unit],
    folders: [],
    start: { kind: 'systemd', unit: unitName, unitPath },
  }
}

function planMac(places: EntryPlaces, { program, autostart }: PlanOptions): InstallPlan {
  const app = posix.join(places.home, 'Applications', 'Postern.app')
  const bundle = appBundle('Postern', 'desktop', [...program, 'desktop'])
  const files = Object.entries(bundle).map(([path, { text, isProgram }]) => ({
    path: posix.join(app, path),
    text,
    mode: isProgram ? 0o755 : 0o644,
  }))
  const folders = ['Contents/MacOS', 'Contents', ''].map((it) => posix.join(app, it))
  if (!autostart) return { files, folders }
  const path = posix.join(places.home, 'Library/LaunchAgents', `${agentLabel}.plist`)
  const log = posix.join(places.home, 'Library/Logs', 'postern-desktop.log')
  const agent = { path, text: launchAgent(daemonStart(places, program), log), mode: 0o644 }
  return {
    files: [...files, agent],
    folders,
    start: { kind: 'launchd', label: agentLabel, path },
  }
}

function planWindows(places: EntryPlaces, { program, autostart }: PlanOptions): InstallPlan {
  const menu = String.raw`Microsoft\Windows\Start Menu\Programs\Postern.cmd`
  const text = commandScript(places.systemRoot, [...program, 'desktop'])
  const files = [{ path: win32.join(places.appData, menu), text, mode: 0o644 }]
  if (!autostart) return { files, folders: [] }
  const { args } = daemonStart(places, program)
  const line = windowlessCommand(places.systemRoot, [...program, ...args])
  return { files, folders: [], start: { kind: 'windows', line } }
}

/**
 * Checks that the system takes what is to start.
 *
 * @throws SystemError `entry-impossible`
 */
export function requireStartable(start: SessionStart | undefined): void {
  if (start?.kind !== 'windows' || start.line.length <= maxRunValueLength) return
  const message = `the command line that would start with Windows is longer than ${maxRunValueLength} characters`
  throw new SystemError('entry-impossible', message, {
    hint: 'install postern in a folder with a shorter path, or leave that out with "--no-autostart"',
  })
}

/** The file by which the system knows of it. */
export function fileOfStart(start: SessionStart | undefined): string | undefined {
  if (start?.kind === 'systemd') return start.unitPath
  return start?.kind === 'launchd' ? start.path : undefined
}

function daemonStart({ variables }: EntryPlaces, program: readonly string[]): DaemonStart {
  return { program, args: ['up', '--foreground'], variables }
}

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { posix, win32 } from 'node:path'
import { promisify } from 'node:util'
import { appBundle, bundleProgram } from '../../autostart/app-bundle.ts'
import { desktopEntry } from '../../autostart/desktop-entry.ts'
import { iconName, markSvg } from '../../autostart/mark.ts'
import { shortcutName } from '../../autostart/shortcut-name.ts'
import { commandScript } from '../../autostart/windows-command.ts'
import { SystemError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import { desktopFolder, type DesktopHome } from './desktop-folder.ts'
import { ownerOf, putOwnFile } from './own-file.ts'

/** Something to start by a click. */
export interface Shortcut {
  /** Letters, digits and `-`: a shortcut with the same one is replaced. */
  readonly id: string
  /** As a person called it, whatever that is. */
  readonly name: string
  /** What the program is told. */
  readonly args: readonly string[]
}

/** Where shortcuts are put, and what they start. */
export interface ShortcutPlaces extends DesktopHome {
  /** This program, as something else begins it. */
  readonly program: readonly string[]
  /** `$XDG_DATA_HOME`, or what stands for it. */
  readonly dataHome: string
  /** `%SystemRoot%`. */
  readonly systemRoot: string
}

/**
 * Names that are tried, `NAME`, `NAME (2)` and so on, until one is free or was for the same.
 *
 * @limit shortcuts of one name on a desktop: no further one is saved
 */
const maxSameNames = 50
/** @limit none: a program of the desktop; without it the person is asked once whether to start a shortcut */
const trustMs = 2_000
const run = promisify(execFile)

/**
 * Saves a shortcut on the desktop, and answers its path; where there is no desktop, on Linux, among the applications.
 * Nothing of somebody else is replaced.
 *
 * @throws SystemError `file-not-ours`, `file-not-written`, `no-desktop` or `entry-impossible`
 */
export async function saveShortcut(shortcut: Shortcut, places: ShortcutPlaces): Promise<string> {
  const folder = await desktopFolder(places)
  try {
    if (places.platform === 'darwin') return saveForMac(shortcut, places, folder ?? noDesktop())
    if (places.platform === 'win32') return saveForWindows(shortcut, places, folder ?? noDesktop())
    return await saveForLinux(shortcut, places, folder)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const message = `a path of this program has ${error.message}`
    throw new SystemError('entry-impossible', message, { cause: error })
  }
}

function noDesktop(): never {
  throw new SystemError('no-desktop', 'this user has no desktop folder', {
    hint: 'make a folder "Desktop" in your home',
  })
}

async function saveForLinux(
  { id, name, args }: Shortcut,
  { program, dataHome }: ShortcutPlaces,
  folder: string | undefined,
): Promise<string> {
  const icon = posix.join(dataHome, 'icons/hicolor/scalable/apps', `${iconName}.svg`)
  if (ownerOf(icon) !== 'somebody') putOwnFile(icon, markSvg(), 0o644)
  const text = desktopEntry({
    name: printable(name) || id,
    comment: 'Connect with Postern',
    command: [...program, ...args],
    icon: iconName,
    id,
  })
  if (folder === undefined) {
    const path = posix.join(dataHome, 'applications', `postern-shortcut-${id}.desktop`)
    putOwnFile(path, text, 0o755, id)
    return path
  }
  const path = firstFree(name, id, (file) => posix.join(folder, `${file}.desktop`))
  // What may not be executed is shown as a text by some desktops.
  putOwnFile(path, text, 0o755, id)
  await trust(path, text)
  return path
}

function saveForMac(
  { id, name, args }: Shortcut,
  { program }: ShortcutPlaces,
  folder: string,
): string {
  const bundle = appBundle(printable(name) || id, id, [...program, ...args])
  const app = firstFree(
    name,
    id,
    (file) => posix.join(folder, `${file}.app`),
    (path) => posix.join(path, bundleProgram),
  )
  // The program first: it says whose the bundle is, if this is interrupted.
  for (const path of [bundleProgram, ...Object.keys(bundle).filter((it) => it !== bundleProgram)]) {
    const { text, isProgram } = bundle[path] ?? { text: '', isProgram: false }
    putOwnFile(posix.join(app, path), text, isProgram ? 0o755 : 0o644)
  }
  return app
}

function saveForWindows(
  { id, name, args }: Shortcut,
  { program, systemRoot }: ShortcutPlaces,
  folder: string,
): string {
  const path = firstFree(name, id, (file) => win32.join(folder, `${file}.cmd`))
  putOwnFile(path, commandScript(systemRoot, [...program, ...args], id), 0o755, id)
  return path
}

/** The first path that is nobody's, or was written for the same; `markOf` names the file that says so. */
function firstFree(
  name: string,
  id: string,
  pathOf: (file: string) => string,
  markOf: (path: string) => string = (path) => path,
): string {
  const file = shortcutName(name, id)
  for (let count = 1; count <= maxSameNames; count++) {
    const path = pathOf(count === 1 ? file : `${file} (${count})`)
    // A folder without the file that says whose it is, is somebody's.
    const owner = ownerOf(markOf(path), id)
    if (owner === 'us' || (owner === 'nobody' && ownerOf(path) === 'nobody')) return path
  }
  throw new SystemError('file-not-ours', `there are ${maxSameNames} shortcuts named "${file}"`, {
    hint: 'remove some of them, or give the connection another name',
  })
}

/** GNOME and Xfce ask before they start what nobody has called trusted: the person has just saved it. */
async function trust(path: string, text: string): Promise<void> {
  const sum = createHash('sha256').update(text).digest('hex')
  const marks = [
    ['metadata::trusted', 'true'],
    ['metadata::xfce-exe-checksum', sum],
  ]
  await Promise.allSettled(
    marks.map((mark) => run('gio', ['set', '-t', 'string', path, ...mark], { timeout: trustMs })),
  )
}

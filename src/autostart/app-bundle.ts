import { formatPropertyList } from './property-list.ts'
import { markOf } from './written-by.ts'

/** An application of macOS that is nothing but texts, by their paths within `NAME.app`. */
export type AppBundle = Readonly<Record<string, AppFile>>

export interface AppFile {
  readonly text: string
  readonly isProgram: boolean
}

/** Where the program of a bundle is, which says whose it is. */
export const bundleProgram = 'Contents/MacOS/start'

/**
 * An application that runs a command, without a window or a place in the Dock of its own: a `.command` file would open
 * Terminal. Without `LSArchitecturePriority` the Finder takes a script for a program of an Intel processor, and asks
 * for Rosetta.
 *
 * @param id whose it is, for `isOwnText`: letters, digits and `-`
 * @throws RangeError for a name with a control character
 */
export function appBundle(name: string, id: string, command: readonly string[]): AppBundle {
  const info = formatPropertyList({
    CFBundleName: name,
    CFBundleDisplayName: name,
    CFBundleIdentifier: `postern.${id}`,
    CFBundleExecutable: 'start',
    CFBundlePackageType: 'APPL',
    CFBundleInfoDictionaryVersion: '6.0',
    CFBundleVersion: '1',
    CFBundleShortVersionString: '1.0',
    LSUIElement: true,
    LSArchitecturePriority: ['arm64', 'x86_64'],
  })
  const script = `#!/bin/sh\n# ${markOf(id)}\nexec ${command.map(quoteForShell).join(' ')}\n`
  return {
    'Contents/Info.plist': { text: info, isProgram: false },
    [bundleProgram]: { text: script, isProgram: true },
  }
}

/** One word for sh: nothing means anything between single quotes (POSIX, Shell Command Language 2.2.2). */
export function quoteForShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

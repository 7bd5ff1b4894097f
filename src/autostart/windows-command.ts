import { markOf } from './written-by.ts'

/**
 * One argument of a Windows command line, as the C runtime and Node take it apart: quotes around it, a quote in it
 * escaped, and the backslashes before a quote doubled.
 *
 * @see https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
 */
export function quoteWindowsArgument(text: string): string {
  if (/^[\w+:./\\-]+$/.test(text)) return text
  return `"${text.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/\\+$/, '$&$&')}"`
}

/**
 * A command line that runs a console program without a window. Windows gives such a program a console before it runs
 * its first line, and Windows 11 shows that as a terminal; what `conhost.exe --headless` makes has no window. Scripts
 * of VBScript would do the same, which Windows is about to lose, and a hidden PowerShell shows its window first.
 *
 * @param systemRoot such as `C:\Windows`
 */
export function windowlessCommand(systemRoot: string, command: readonly string[]): string {
  const host = String.raw`${systemRoot}\System32\conhost.exe`
  return [host, '--headless', ...command].map(quoteWindowsArgument).join(' ')
}

/** Where a user's programs are named that start with the session, and by which name ours is there. */
export const runKey = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Run`
export const runValueName = 'Postern'

/**
 * Longest command line that Windows takes from there, in UTF-16 units.
 *
 * @limit the command line that starts with a Windows session, in characters: it is not written
 * @see https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys
 */
export const maxRunValueLength = 260

/**
 * The text of a `.cmd` file that runs a command without keeping a window. It is read as UTF-8; `%` is doubled, since
 * a script would take what is between two as a variable. Lines end as `cmd.exe` wants them, or it loses its labels.
 *
 * @param id whose it is, for `isOwnText`: letters, digits and `-`
 */
export function commandScript(systemRoot: string, command: readonly string[], id?: string): string {
  const line = windowlessCommand(systemRoot, command).replaceAll('%', '%%')
  return [
    '@echo off',
    `rem ${markOf(id)}`,
    'chcp 65001 >nul',
    // The first word in quotes would be the title.
    `start "" /b ${line}`,
    '',
  ].join('\r\n')
}

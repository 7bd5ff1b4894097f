import { throughShell } from './through-shell.ts'
import { markOf } from './written-by.ts'

/** A desktop entry: the application in a menu, something that starts with the session, or a shortcut. */
export interface DesktopEntry {
  readonly name: string
  readonly comment: string
  /** The program and its arguments, absolute paths. */
  readonly command: readonly string[]
  /** A name of the icon theme, or an absolute path. */
  readonly icon: string
  readonly categories?: readonly string[]
  readonly keywords?: readonly string[]
  /** Whose it is, for `isOwnText`: letters, digits and `-`. */
  readonly id?: string
}

/**
 * The text of a `.desktop` file.
 *
 * @see https://specifications.freedesktop.org/desktop-entry-spec/1.5/
 * @throws RangeError for a text with a character that such a file cannot have
 */
export function desktopEntry(entry: DesktopEntry): string {
  const { name, comment, command, icon, categories = [], keywords = [], id } = entry
  const keys = {
    Type: 'Application',
    // Nothing here is newer, and older checkers know no newer one.
    Version: '1.1',
    Name: escapeValue(name),
    Comment: escapeValue(comment),
    Icon: escapeValue(icon),
    TryExec: escapeValue(command[0] ?? ''),
    Exec: formatExec(command),
    Terminal: 'false',
    StartupNotify: 'false',
    ...(categories.length === 0 ? {} : { Categories: list(categories) }),
    ...(keywords.length === 0 ? {} : { Keywords: list(keywords) }),
  }
  const rows = Object.entries(keys).map(([key, value]) => `${key}=${value}\n`)
  return `# ${markOf(id)}\n[Desktop Entry]\n${rows.join('')}`
}

function list(values: readonly string[]): string {
  return values.map((value) => `${escapeValue(value).replaceAll(';', '\\;')};`).join('')
}

/** Characters that mean something to whoever reads `Exec`, outside of quotes. */
const reserved = /[\s"'\\><~|&;$*?#()`]/

/**
 * `Exec`: first arguments in quotes, in which four characters are escaped, then `%` doubled, then the whole escaped as
 * every other text of such a file, so that one backslash becomes four. A program whose path has a `=`, which `Exec`
 * cannot name, is run by a shell.
 */
function formatExec(command: readonly string[]): string {
  const [program = ''] = command
  const whole = program.includes('=') ? throughShell(command) : command
  const quoted = whole.map((argument) =>
    argument !== '' && !reserved.test(argument)
      ? argument
      : `"${argument.replaceAll(/["`$\\]/g, String.raw`\$&`)}"`,
  )
  return escapeValue(quoted.join(' ').replaceAll('%', '%%'))
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
}

/** A text as a value: a blank at its beginning would be lost. */
function escapeValue(text: string): string {
  const escaped = text.replaceAll(/[\\\n\t\r]/g, (found) => escapes[found] ?? found)
  if (/[\p{Cc}\p{Cs}]/u.test(escaped)) {
    throw new RangeError('a character that a desktop entry cannot have')
  }
  return escaped.replace(/^ /, String.raw`\s`)
}

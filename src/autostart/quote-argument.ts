/**
 * One argument of an ExecStart line: `%` and `$` mean something to systemd everywhere, white space and quotes
 * outside of quotes. Control characters are written as C does.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html#Quoting
 */
export function quoteArgument(text: string): string {
  return quoteProgram(text.replaceAll('$', '$$$$'))
}

/** The program that an ExecStart line begins with: no variables are looked for in its path. */
export function quoteProgram(path: string): string {
  const escaped = path.replaceAll('%', '%%')
  if (/^[\w@%+=:,./$-]+$/.test(escaped)) return escaped
  // oxlint-disable-next-line no-control-regex
  const inQuotes = escaped.replaceAll(/[\\"\0-\x1f]/g, (found) => {
    if (found === '\\' || found === '"') return `\\${found}`
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${inQuotes}"`
}

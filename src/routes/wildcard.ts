/**
 * Whether a text matches a pattern in which each `*` stands for one or more characters of any kind,
 * dots included (reference 3.2.3). Everything else stands for itself.
 *
 * The parts between the stars are searched for from left to right, each as early as it can be: an
 * earlier place never leaves less for the rest, so that nothing has to be tried twice and a pattern
 * cannot make the search explode, as a regular expression could.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [prefix = '', ...parts] = pattern.split(/\*+/)
  const suffix = parts.pop()
  if (suffix === undefined) return pattern === text
  if (!text.startsWith(prefix)) return false
  let at = prefix.length
  for (const part of parts) {
    const found = text.indexOf(part, at + 1)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length > at + suffix.length && text.endsWith(suffix)
}

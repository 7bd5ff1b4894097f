/** A word as a POSIX shell reads it back, quoted only where it has to be. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command line of these words. */
export function commandLine(...words: readonly string[]): string {
  return words.map(quote).join(' ')
}

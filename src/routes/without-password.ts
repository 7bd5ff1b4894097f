/**
 * An address as it may be shown: that of a database is often written with a password, which no log is to have; behind
 * `connector://NAME/` as well.
 */
export function withoutPassword(url: string): string {
  return url.replace(/(?<=:\/\/(?:[^/]*\/)?)([^/@:]*):.*@/s, '$1:…@')
}

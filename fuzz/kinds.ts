/** The kinds that occur, in one word: how an input went, of which there must be few. */
export function kindsIn(parts: readonly { readonly kind: string }[]): string {
  return [...new Set(parts.map(({ kind }) => kind))].sort().join(' ')
}

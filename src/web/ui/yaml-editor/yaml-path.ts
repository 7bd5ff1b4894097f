/** Where in a text of YAML somebody writes. */
export interface YamlPlace {
  /** The keys around the cursor from the outside in, without the numbers of list entries. */
  readonly path: readonly string[]
  /** Whether a key is being written, and not a value behind one. */
  readonly isKey: boolean
  /** Where what is being written begins, in characters from the text's beginning. */
  readonly from: number
}

interface Enclosing {
  readonly indent: number
  readonly key: string
}

/**
 * Finds the keys around a position by indentation: a text that is being written is seldom whole enough for a
 * parser. Block style only, which is what the editor completes.
 */
export function yamlPlaceAt(text: string, position: number): YamlPlace {
  const before = text.slice(0, position).split('\n')
  const current = before.pop() ?? ''
  const { indent: column, rest } = entryOf(current)
  const [, key, written = ''] = /^([\w./-]+):\s+(.*)$/.exec(rest) ?? []
  const path = enclosing(before, column).map((outer) => outer.key)
  if (key !== undefined)
    return { path: [...path, key], isKey: false, from: position - written.length }
  return { path, isKey: true, from: position - rest.length }
}

/** The keys of lines before, each less indented than the one after it. */
function enclosing(lines: readonly string[], column: number): readonly Enclosing[] {
  const found: Enclosing[] = []
  let limit = column
  for (const line of lines.toReversed()) {
    const { indent, rest } = entryOf(line)
    const [, key] = /^([\w./-]+):\s*$/.exec(rest.replace(/\s#.*$/, '')) ?? []
    if (rest === '' || rest.startsWith('#')) continue
    if (key !== undefined && indent < limit) found.unshift({ indent, key })
    limit = Math.min(limit, indent)
  }
  return found
}

/** How far the content of a line is indented, the dashes of lists included, and what it is. */
function entryOf(line: string): { readonly indent: number; readonly rest: string } {
  const [dashes = ''] = /^\s*(?:-\s+)*(?:-$)?/.exec(line) ?? []
  return { indent: dashes.length, rest: line.slice(dashes.length) }
}
